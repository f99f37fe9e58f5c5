import { KEYWORD_BEFORE_VALUE, mayBeRegex } from "./regex-or-division.ts";

/** A piece of code; comments and regular expressions' insides are none. */
export interface Token {
  /** text: a string or template as it reads, {@link HOLE} where an expression stands in it. sign: one character. */
  kind: "text" | "word" | "sign";
  text: string;
  /** Where it begins in the source. */
  at: number;
}

/** Stands for what is only known when the program runs. */
export const HOLE = "\0";

/**
 * Cuts JavaScript or TypeScript into pieces, well enough to look into its literals and calls; it checks nothing. What stands in a template's
 * `${…}` is a stream of its own.
 *
 * Text between JSX tags is read as code: a quote in it that closes nowhere is a sign like any other.
 */
export function scan(source: string): Token[][] {
  const streams: Token[][] = [];
  /** Backticks that close nowhere. */
  const unclosed = new Set<number>();
  let at = 0;

  /** Reads on to the end, or to the brace that closes a template's hole. True when that brace came. */
  const readCode = (inHole: boolean): boolean => {
    const stream: Token[] = [];
    streams.push(stream);
    const push = (kind: Token["kind"], length: number, text = source.slice(at, at + length)) => {
      stream.push({ kind, text, at });
      at += length;
    };
    let depth = 0;
    while (at < source.length) {
      const skipped = matchAt(SPACE_OR_COMMENT);
      if (skipped) {
        at += skipped.length;
        continue;
      }
      const sign = source[at] ?? "";
      if (inHole && sign === "}" && depth === 0) {
        at++;
        return true;
      }
      const string = isApostrophe(stream.at(-1)) ? undefined : matchAt(STRING);
      const regex = sign === "/" && mayBeRegex(stream, source, at) ? matchAt(REGEX) : undefined;
      const word = matchAt(WORD);
      if (string) push("text", string.length, cooked(string.slice(1, -1)));
      else if (regex) push("word", regex.length, REGEX_WORD);
      else if (word) push("word", word.length);
      else if (sign !== "`" || !readTemplate(stream)) push("sign", 1);
      if (sign === "{") depth++;
      if (sign === "}") depth--;
    }
    return false;
  };

  /** False, and as if nothing had been read, when it closes nowhere. */
  const readTemplate = (stream: Token[]): boolean => {
    const start = at;
    const before = streams.length;
    let text = "";
    if (!unclosed.has(start)) {
      at++;
      for (;;) {
        const plain = matchAt(TEMPLATE_TEXT) ?? "";
        text += cooked(plain);
        at += plain.length;
        if (source[at] === "`") {
          at++;
          stream.push({ kind: "text", text, at: start });
          return true;
        }
        if (!source.startsWith("${", at)) break;
        at += 2;
        text += HOLE;
        if (!readCode(true)) break;
      }
    }
    unclosed.add(start);
    streams.length = before;
    at = start;
    return false;
  };

  const matchAt = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };

  /** A quote that follows a word at once is an apostrophe in JSX text: isn't. */
  const isApostrophe = (last: Token | undefined) =>
    last?.kind === "word" && last.at + last.text.length === at && !KEYWORD_BEFORE_VALUE.test(last.text);

  readCode(false);
  return streams;
}

const SPACE_OR_COMMENT = /\s+|\/\/.*|\/\*[\s\S]*?(?:\*\/|$(?![\s\S]))|^#!.*/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))+/y;
const REGEX = /\/(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const WORD = /#?[\p{L}\p{N}$_][\p{L}\p{N}\p{M}$_]*/uy;
const REGEX_WORD = "/…/";

const PLAIN: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f", v: "\v", "0": " ", "\n": "" };

/** As the text reads when the program runs, but for NUL. */
function cooked(raw: string): string {
  return raw.replace(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|u\{([\da-fA-F]{1,6})\}|([\s\S]))/g, (_, ...parts: (string | undefined)[]) => {
    const [two, four, braced, other = ""] = parts;
    const code = two ?? four ?? braced;
    if (code === undefined) return PLAIN[other] ?? other;
    const number = Number.parseInt(code, 16);
    return number === 0 || number > 0x10ffff ? " " : String.fromCodePoint(number);
  });
}
