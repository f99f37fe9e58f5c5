import { HOLE, type Token } from "./scan.ts";

/** A literal, with those that are added to it. */
export interface Text {
  text: string;
  at: number;
}

/** The texts of a stream, `"set_" + "config"` as one; what is added and is no literal is a {@link HOLE}. */
export function textsOf(stream: readonly Token[]): Text[] {
  const joined = new Set<number>();
  return stream.flatMap((token, start) => {
    if (token.kind !== "text" || joined.has(start)) return [];
    let text = token.text;
    for (let plus = plusAfter(stream, start + 1); plus !== undefined; ) {
      const first = skip(stream, plus + 1, "(");
      const added = stream[first];
      if (added?.kind === "text") {
        joined.add(first);
        text += added.text;
        plus = plusAfter(stream, first + 1);
      } else {
        text += HOLE;
        plus = plusAfter(stream, operandEnd(stream, plus + 1));
      }
    }
    return [{ text, at: token.at }];
  });
}

function plusAfter(stream: readonly Token[], index: number): number | undefined {
  const at = skip(stream, index, ")");
  return isSign(stream[at], "+") && !isSign(stream[at + 1], "=") ? at : undefined;
}

function skip(stream: readonly Token[], index: number, sign: string): number {
  while (isSign(stream[index], sign)) index++;
  return index;
}

/** Where the operand that begins here is over: before the next `+`, or what ends the whole sum. */
function operandEnd(stream: readonly Token[], index: number): number {
  let depth = 0;
  for (; index < stream.length; index++) {
    const token = stream[index];
    if (token?.kind !== "sign") continue;
    if (depth === 0 && "+,;:?)]}".includes(token.text)) return index;
    if ("([{".includes(token.text)) depth++;
    if (")]}".includes(token.text)) depth--;
  }
  return index;
}

export const isSign = (token: Token | undefined, text: string): boolean => token?.kind === "sign" && token.text === text;
export const isWord = (token: Token | undefined, text: string): boolean => token?.kind === "word" && token.text === text;
