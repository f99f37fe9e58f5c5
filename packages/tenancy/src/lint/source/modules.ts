import type { Token } from "./scan.ts";
import { isSign, isWord } from "./texts.ts";

/** One place where a file names another module. */
export interface ModuleUse {
  module: string;
  at: number;
  /** Types only: nothing of it is there when the program runs. */
  typesOnly: boolean;
  /** What the module calls the things that are there when the program runs; `default` and `*` for the whole, nothing where that cannot be told. */
  taken: readonly string[];
  /** What the file calls them. */
  names: readonly string[];
  /** `export … from`. */
  passedOn: boolean;
}

/** Imports, re-exports, `import()` and `require()` of a stream; in one that says `createRequire`, whatever function is called with one text. */
export function modulesOf(stream: readonly Token[]): ModuleUse[] {
  const makesRequire = stream.some((token) => isWord(token, "createRequire"));
  return stream.flatMap(({ kind, text, at }, index): ModuleUse[] => {
    const next = stream[index + 1];
    const whole = (module: Token | undefined) =>
      module?.kind === "text" ? [{ module: module.text, at, typesOnly: false, taken: [], names: [], passedOn: false }] : [];
    const isCall = kind === "word" ? !isSign(stream[index - 1], ".") : isSign(stream[index], ")");
    if (makesRequire && isCall && isSign(next, "(") && isSign(stream[index + 3], ")")) return whole(stream[index + 2]);
    if (kind !== "word" || isSign(stream[index - 1], ".")) return [];
    if ((text === "import" || text === "require") && isSign(next, "(")) return whole(stream[index + 2]);
    if (text === "import" && next?.kind === "text") return whole(next);
    if (text !== "import" && text !== "export") return [];
    const clause = clauseAfter(stream, index + 1);
    return clause ? [{ ...clause, at, names: text === "import" ? clause.names : [], passedOn: text === "export" }] : [];
  });
}

/** `a, { b as c, type D } from "module"`. */
function clauseAfter(stream: readonly Token[], start: number) {
  let end = start;
  while (isClausePart(stream[end]) && !(isWord(stream[end], "from") && stream[end + 1]?.kind === "text")) end++;
  const module = stream[end + 1];
  if (!isWord(stream[end], "from") || module?.kind !== "text") return undefined;
  const parts = stream.slice(start, end);
  const typesOnly = isWord(parts[0], "type") && parts.length > 1 && !isSign(parts[1], ",");
  const all = specifiers(parts);
  const there = typesOnly ? [] : all.filter(({ type }) => !type);
  return {
    module: module.text,
    typesOnly: typesOnly || (all.length > 0 && there.length === 0),
    taken: there.map(({ taken }) => taken),
    names: there.map(({ name }) => name),
  };
}

const isClausePart = (token: Token | undefined) => token?.kind === "word" || (token?.kind === "sign" && "{},*".includes(token.text));

function specifiers(parts: readonly Token[]): { taken: string; name: string; type: boolean }[] {
  const found: { taken: string; name: string; type: boolean }[] = [];
  let words: string[] = [];
  let inBraces = false;
  const end = () => {
    const [first = "", second] = words;
    const type = first === "type" && second !== undefined && second !== "as";
    const taken = (type ? second : first) ?? "";
    if (words.length > 0) found.push({ taken: inBraces ? taken : taken === "*" ? "*" : "default", name: words.at(-1) ?? "", type });
    words = [];
  };
  for (const { kind, text } of parts) {
    if (kind === "word" || text === "*") words.push(text);
    else {
      end();
      inBraces = text === "{" || (inBraces && text !== "}");
    }
  }
  end();
  return found;
}
