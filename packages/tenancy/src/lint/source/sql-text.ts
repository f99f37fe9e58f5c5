import { HOLE } from "./scan.ts";

/**
 * SQL as the rules read it: comments are spaces, names stand without their quotes and in one word, what stands in strings and between dollars is
 * read the same way, because it may be run. What closes nowhere is left as it is.
 */
export function readableSql(text: string): string {
  let read = "";
  for (let at = 0; at < text.length; ) {
    PART.lastIndex = at;
    const part = PART.exec(text);
    const end = text.startsWith("/*", at) ? commentEnd(text, at) : part && at + part[0].length;
    read += end ? (part ? readable(part) : " ") : text[at];
    at = end || at + 1;
  }
  return read;
}

const PART = new RegExp(
  [
    "--[^\\n]*",
    `(?<![\\w$])u&(?:"(?<unicodeName>(?:[^"]|"")*)"|'(?<unicodeString>(?:[^']|'')*)')(?:\\s*uescape\\s*'(?<mark>[^'])')?`,
    `"(?<name>(?:[^"]|"")*)"`,
    "(?<![\\w$])e'(?<escapeString>(?:[^'\\\\]|\\\\[\\s\\S]|'')*)'",
    "'(?<string>(?:[^']|'')*)'",
    "(?<![\\w$])\\$(?<tag>(?:[a-z_]\\w*)?)\\$(?<body>[\\s\\S]*?)\\$\\k<tag>\\$",
  ].join("|"),
  "iy",
);

function readable({ groups = {} }: RegExpExecArray): string {
  const { unicodeName, unicodeString, mark = "\\", name, escapeString, body } = groups;
  const string = groups["string"] ?? escapeString ?? (unicodeString === undefined ? undefined : decoded(unicodeString, mark));
  if (string !== undefined) return `'${readableSql(string.replaceAll("''", "'"))}'`;
  if (body !== undefined) return `$${readableSql(body)}$`;
  const identifier = unicodeName === undefined ? name : decoded(unicodeName, mark);
  if (identifier === undefined) return " ";
  // With a parenthesis it is a statement that a shell or JSON puts in quotes, rather than a name.
  return identifier.includes("(") ? identifier : identifier.replace(NOT_OF_A_WORD, "_");
}

const NOT_OF_A_WORD = new RegExp(`[^\\w.%$${HOLE}-]`, "g");

/** What `U&` means: four hexadecimal digits after the mark, or six after it and a plus. */
function decoded(text: string, mark: string): string {
  const digits = new RegExp(`${mark.replace(/\W/, "\\$&")}(?:([\\da-f]{4})|\\+([\\da-f]{6}))`, "gi");
  return text.replace(digits, (whole, four?: string, six?: string) => {
    const code = Number.parseInt(four ?? six ?? "", 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** Behind the comment that begins here, those in it included; undefined when it closes nowhere. */
function commentEnd(text: string, start: number): number | undefined {
  const mark = /\/\*|\*\//g;
  mark.lastIndex = start;
  let depth = 0;
  for (let found = mark.exec(text); found; found = mark.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return undefined;
}
