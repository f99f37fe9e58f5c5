import { open } from "node:fs/promises";

const HEAD_BYTES = 65_536;

/** What stands at the head of a file that is to be Clerk's CSV. */
export interface ExportHead {
  /** Lines of comment before the header, as in the sample of Clerk's migration tool. */
  commentLines: number;
  /** Why this cannot be the Dashboard's CSV; undefined when it may be. */
  refusal?: { what: string; next: string; line: number };
}

const AS_IT_WAS = "Name the file as the Dashboard gave it; spreadsheet programs change separators, digits and dates.";

/** By the first bytes, as `file(1)` knows them. */
const MAGIC: readonly (readonly [bytes: string, what: string, next: string])[] = [
  ["1f8b", "it is compressed (gzip)", "Unpack it (gunzip) and name the file that was inside."],
  [
    "504b0304",
    "it is a ZIP archive, or a spreadsheet",
    "Unpack it (unzip) and name the CSV that was inside; of a spreadsheet the CSV as the Dashboard gave it.",
  ],
  ["fffe", "it is UTF-16", "Convert it (iconv -f UTF-16 -t UTF-8) and name the new file; better, the file as the Dashboard gave it."],
  ["feff", "it is UTF-16", "Convert it (iconv -f UTF-16 -t UTF-8) and name the new file; better, the file as the Dashboard gave it."],
  [hexOf("age-encryption.org/"), "it is encrypted (age)", "Decrypt it (age --decrypt) and name the file that was inside."],
  [hexOf("-----BEGIN PGP"), "it is encrypted (PGP)", "Decrypt it (gpg --decrypt) and name the file that was inside."],
  [hexOf("%PDF"), "it is a PDF", AS_IT_WAS],
];

/**
 * Looks at the head of a file before it is read as CSV, so that a file of another kind is refused for what it is.
 *
 * @throws what the file system throws
 */
export async function readHead(path: string): Promise<ExportHead> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return judgeHead(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

function judgeHead(bytes: Buffer): ExportHead {
  const magic = MAGIC.find(([hex]) => bytes.subarray(0, hex.length / 2).toString("hex") === hex);
  if (magic) return refused(1, magic[1], magic[2]);
  // Without a mark in front: every second byte of plain letters is zero.
  if (bytes.length >= 8 && (isEverySecondZero(bytes, 0) || isEverySecondZero(bytes, 1)))
    return refused(1, "it is UTF-16", "Convert it (iconv -f UTF-16 -t UTF-8) and name the new file.");
  const text = bytes.toString("utf8").replace(/^\ufeff/, "");
  if (/^\s*[[{]/.test(text))
    return refused(1, "it is JSON", "Name the Dashboard's CSV: JSON exports have no password digests and no TOTP secrets.");
  if (/^\s*</.test(text)) return refused(1, "it is HTML or XML", "Download the export again, signed in to the Clerk Dashboard.");
  if (!text.includes("\n") && /\r./.test(text)) return refused(1, "its lines end with carriage returns only", AS_IT_WAS);
  const lines = text.split(/\r?\n/);
  const commentLines = lines.findIndex((line) => !line.startsWith("#"));
  const header = lines[commentLines] ?? "";
  const line = commentLines + 1;
  if (/^"?sep=/i.test(header)) return refused(line, "a spreadsheet program wrote it (sep=)", AS_IT_WAS);
  for (const [separator, name] of [
    [";", "semicolons"],
    ["\t", "tabs"],
    ["|", "vertical bars"],
  ] as const) {
    if (!header.includes(",") && header.includes(separator))
      return refused(line, `its columns are separated by ${name}, not by commas`, AS_IT_WAS);
  }
  return { commentLines };
}

const refused = (line: number, what: string, next: string): ExportHead => ({ commentLines: 0, refusal: { what, next, line } });

function isEverySecondZero(bytes: Buffer, first: number): boolean {
  for (let at = 0; at < Math.min(bytes.length, 64) - 1; at += 2) if (bytes[at + first] !== 0 || bytes[at + 1 - first] === 0) return false;
  return true;
}

function hexOf(text: string): string {
  return Buffer.from(text).toString("hex");
}
