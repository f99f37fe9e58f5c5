// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are sources to look into
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parseAst } from "vitest/node";
import { sourceFiles } from "./files.ts";
import { modulesOf } from "./modules.ts";
import { HOLE, scan } from "./scan.ts";
import { textsOf } from "./texts.ts";

const texts = (source: string) =>
  scan(source)
    .flatMap(textsOf)
    .map(({ text }) => text.replaceAll(HOLE, "…"));

test.each<[name: string, source: string, texts: string[]]>([
  ["strings of both quotes", `f('a', "b")`, ["a", "b"]],
  ["no comment", `// "a"\n/* 'b' \`c\` */ "d" // "e"\n/* "f"`, ["d"]],
  ["no comment that begins in a string", `"// a" + x; "/* b"; "c"`, ["// a…", "/* b", "c"]],
  [
    "escapes as they read",
    String.raw`"\x73et\u005fcon\u{66}ig \'\"\\ \
next"`,
    [`set_config '"\\ next`],
  ],
  ["templates, with what stands in them", "`a ${x ? `b ${'c'}` : { d: 'e' }} f`", ["b …", "e", "c", "a … f"]],
  ["a tagged template", "sql`select ${id}`", ["select …"]],
  ["sums", `"a" + "b" + ('c' + \`d\`)`, ["abcd"]],
  ["sums with what is only known later", `"set " + f(a, "in", [1 + 2]) + " role"`, ["set … role", "in"]],
  ["two arguments apart", `f("a", "b" + c, d + "e")`, ["a", "b…", "e"]],
  ["no regular expression", `/"a/.test("b"); x = a / "c" / "d"; return /[/"]/`, ["b", "c", "d"]],
  [
    "no regular expression after a condition, nor on a line of its own",
    "if (a) /`/.test('b'); while (f(x)) /'/.exec(`c`); for (const y of z) /\"/.test('d');\nif (a) {}\n/`/.test('e')",
    ["b", "c", "d", "e"],
  ],
  [
    "a division after a value in parentheses, a step, a mark or a property",
    "(a) / f('b') / x.if(c) / 'd' / 2; n++ / g('e') / 1; m! / 'f' / 1; o.of / 'g' / 1",
    [..."bdefg"],
  ],
  ["a tag of JSX that ends on a line of its own", `<A b={c}\n/>; f("d /");`, ["d /"]],
  ["a division is none", `a / b; "x"; c / d`, ["x"]],
  ["text of JSX, apostrophes and closing tags in it", `<p title="a">Don't {f("b")} isn't</p><i>{g("c")}</i>`, ["a", "b", "c"]],
  ["a quote that closes nowhere", `<p>the '90s</p>;\nf("a")`, ["a"]],
  ["a backtick that closes nowhere", "f('a'); ` ${g('b')} 'c'", ["a", "b", "c"]],
])("%s", (_, source, expected) => {
  expect(texts(source).sort()).toEqual(expected.sort());
});

test("many backticks that close nowhere take no long time", () => {
  const start = performance.now();
  scan("`${".repeat(300));
  expect(performance.now() - start).toBeLessThan(1000);
});

test("in all sources here, the texts are those that a parser finds", () => {
  const root = fileURLToPath(new URL("../../../../..", import.meta.url));
  const files = ["packages/tenancy", "packages/rehome/src", "apps"].flatMap((folder) => sourceFiles(root, `${root}/${folder}`));
  expect(files.length).toBeGreaterThan(200);
  for (const file of files.filter((name) => name.endsWith(".ts"))) {
    const source = readFileSync(`${root}/${file}`, "utf8");
    const found = scan(source)
      .flat()
      .filter(({ kind }) => kind === "text")
      .map(({ at, text }) => [at, text]);
    expect([file, sorted(found)]).toEqual([file, sorted(literalsOf(parseAst(source, { lang: "ts" })))]);
  }
});

const sorted = (found: readonly (readonly unknown[])[]) => [...found].sort(([a], [b]) => Number(a) - Number(b));

/** Position and text of each string and template of a parsed file. */
function literalsOf(node: unknown): (readonly [number, string])[] {
  if (Array.isArray(node)) return node.flatMap(literalsOf);
  if (typeof node !== "object" || node === null) return [];
  const { type, value, start, quasis } = node as Record<string, unknown>;
  const own: [number, string][] =
    type === "Literal" && typeof value === "string"
      ? [[start as number, value.replaceAll("\0", " ")]]
      : type === "TemplateLiteral" || type === "TSTemplateLiteralType"
        ? [[start as number, (quasis as { value: { cooked: string } }[]).map((part) => part.value.cooked.replaceAll("\0", " ")).join(HOLE)]]
        : [];
  return [...own, ...Object.values(node).flatMap(literalsOf)];
}

test.each<[source: string, module: string, typesOnly: boolean, taken: string[], names: string[]]>([
  [`import pg from "pg"`, "pg", false, ["default"], ["pg"]],
  [`import * as pg from "pg"`, "pg", false, ["*"], ["pg"]],
  [`import pg, { Pool as P, type Client } from "pg"`, "pg", false, ["default", "Pool"], ["pg", "P"]],
  [`import type pg from "pg"`, "pg", true, [], []],
  [`import { type Pool, type Client as C } from "pg"`, "pg", true, [], []],
  [`import type, { from } from "pg"`, "pg", false, ["default", "from"], ["type", "from"]],
  [`import "pg"`, "pg", false, [], []],
  [`await import("pg")`, "pg", false, [], []],
  ["const p = require(`pg`)", "pg", false, [], []],
  [`export { Pool as Q } from "pg"`, "pg", false, ["Pool"], []],
  [`export * from "pg"`, "pg", false, ["*"], []],
  [`export type { Pool } from "pg"`, "pg", true, [], []],
])("modules: %s", (source, module, typesOnly, taken, names) => {
  const passedOn = source.startsWith("export");
  expect(scan(source).flatMap(modulesOf)).toEqual([{ module, typesOnly, taken, names, passedOn, at: expect.any(Number) }]);
});

test.each([`export const from = "pg"`, `x.require("pg")`, `import.meta.url; "pg"`, `// import pg from "pg"`])("no module: %s", (source) => {
  expect(scan(source).flatMap(modulesOf)).toEqual([]);
});
