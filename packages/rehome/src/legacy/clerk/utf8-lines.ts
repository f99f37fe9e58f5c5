import { isUtf8 } from "node:buffer";
import { createReadStream } from "node:fs";

/** A line that is not UTF-8; counted from 1. */
export class BadUtf8 extends Error {
  readonly line: number;

  constructor(line: number) {
    super(`Line ${line} is not UTF-8.`);
    this.line = line;
  }
}

const NEWLINE = 0x0a;

/**
 * The bytes of a file in chunks of whole lines, each checked to be UTF-8.
 *
 * @returns also whether the last line ended with a line break, known once all was read
 * @throws BadUtf8, and what the file system throws
 */
export async function* readUtf8Lines(path: string, seen: { endsWithNewline: boolean }): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  let line = 1;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    const whole = bytes.subarray(0, end);
    rest = bytes.subarray(end);
    seen.endsWithNewline = rest.length === 0;
    if (whole.length === 0) continue;
    line = checkUtf8(whole, line);
    yield whole;
  }
  if (rest.length === 0) return;
  checkUtf8(rest, line);
  yield rest;
}

function checkUtf8(bytes: Buffer, firstLine: number): number {
  let line = firstLine;
  const good = isUtf8(bytes);
  for (let start = 0, end = bytes.indexOf(NEWLINE); ; start = end + 1, end = bytes.indexOf(NEWLINE, start)) {
    const one = end === -1 ? bytes.subarray(start) : bytes.subarray(start, end);
    if (!good && !isUtf8(one)) throw new BadUtf8(line);
    if (end === -1) return line;
    line += 1;
  }
}
