import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parseAst } from "vitest/node";

// docs/requirements.md says how a row is written; here stands what makes it wrong.
const ROOT = resolve(import.meta.dirname, "..");
const PAGE = readFileSync(join(ROOT, "docs/requirements.md"), "utf8");
const SCRIPTS = Object.keys((JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object }).scripts);
/** Where the proofs are made that the demo prints. */
const PROOF_SOURCES = ["apps/eleva/demo", "apps/eleva/src/move", "packages/rehome/src/verify"];
const STATES = ["holds", "partly", "open"];

interface Row {
  id: string;
  asks: string;
  state: string;
  missing: string;
  references: string[];
}

test("docs/requirements.md has R1 to R113 once each, and every test, script and proof it names is there", () => {
  const rows = rowsOf(PAGE);
  expect(rows.map((row) => row.id)).toEqual(Array.from({ length: 113 }, (_, index) => `R${index + 1}`));
  expect(rows.flatMap((row) => problemsOf(row).map((problem) => `${row.id}: ${problem}`))).toEqual([]);
});

test.each<[problem: string, row: string]>([
  ["state maybe is none of holds, partly, open", "| R1 | asks | maybe | `npm test` | |"],
  ["says nothing of what it asks", "| R1 | | open | | |"],
  ["holds and names neither test nor command", "| R1 | asks | holds | by hand | |"],
  ["partly and names neither test nor command", "| R1 | asks | partly | | the rest |"],
  ["holds and says that something is missing", "| R1 | asks | holds | `npm test` | the rest |"],
  ["partly and does not say what is missing", "| R1 | asks | partly | `npm test` | |"],
  ["there is no file tools/gone.test.ts", "| R1 | asks | open | `tools/gone.test.ts › a test` | |"],
  [
    "tools/layers.test.ts has no test packages meet at the bar",
    "| R1 | asks | holds | `tools/layers.test.ts › packages meet at the bar` | |",
  ],
  ["tools/layers.test.ts: name a test of it", "| R1 | asks | holds | `tools/layers.test.ts` | |"],
  ["package.json has no script fly", "| R1 | asks | holds | `npm run fly` | |"],
  ["the demo prints no proof luck", "| R1 | asks | holds | `npm run demo -- --exit › rows, luck` | |"],
  ["only the demo prints proofs", "| R1 | asks | holds | `npm run check › rows` | |"],
  ["`make` is neither a test nor an npm command", "| R1 | asks | holds | `make` | |"],
])("a row with a mistake is found: %s", (problem, line) => {
  expect(rowsOf(line).flatMap(problemsOf)).toEqual([problem]);
});

test("a test is found by its name, its block, a filled placeholder or its beginning, and not by less", () => {
  const titles = titlesOf(`
    describe("a block", () => {
      test("plain", () => {});
      it.each([["first", 1]])("%s of %i", () => {});
      test.skip("asleep", () => {});
      test.skipIf(process.env.X)("not everywhere", () => {});
    });
    describe.each(["x"])("many %s", () => test(\`in \${1}\`, () => {}));
    test.todo("later");
    // test("in a comment", () => {});
    const text = 'test("in a string", () => {})';`);
  const there = [
    ["plain"],
    ["a block", "plain"],
    ["a block"],
    ["%s of %i"],
    ["first of 1"],
    ["pl…"],
    ["not everywhere"],
    ["many x"],
    ["many %s", "in …"],
  ];
  expect(there.filter((path) => !names(titles, path))).toEqual([]);
  const gone = [
    ["plai"],
    ["many x", "plain"],
    ["second of 1"],
    ["first of 2"],
    ["asleep"],
    ["later"],
    ["in a comment"],
    ["in a string"],
    ["…"],
  ];
  expect(gone.filter((path) => names(titles, path))).toEqual([]);
});

test("the proofs of the demo are read from its sources", () => {
  expect(proofs()).toEqual(expect.arrayContaining(["plan", "users", "rows", "references", "records", "answers", "isolation", "rerun"]));
});

/** Table rows that begin with an R-number. References are what stands in backticks in the fourth column. */
function rowsOf(page: string): Row[] {
  return page
    .split("\n")
    .filter((line) => /^\| *R\d+ *\|/.test(line))
    .map((line) => {
      const [id = "", asks = "", state = "", shownBy = "", missing = ""] = line
        .split(/(?<!\\)\|/)
        .slice(1)
        .map((cell) => cell.trim());
      return {
        id,
        asks,
        state,
        missing,
        references: [...shownBy.matchAll(/`([^`]+)`/g)].map((match) => (match[1] ?? "").replaceAll("\\|", "|")),
      };
    });
}

function problemsOf({ asks, state, missing, references }: Row): string[] {
  const problems: string[] = [];
  if (asks === "") problems.push("says nothing of what it asks");
  if (!STATES.includes(state)) problems.push(`state ${state} is none of ${STATES.join(", ")}`);
  if ((state === "holds" || state === "partly") && references.length === 0) problems.push(`${state} and names neither test nor command`);
  if (state === "holds" && missing !== "") problems.push("holds and says that something is missing");
  if (state === "partly" && missing === "") problems.push("partly and does not say what is missing");
  return [...problems, ...references.flatMap(referenceProblems)];
}

function referenceProblems(reference: string): string[] {
  const [place = "", ...names] = reference.split(" › ");
  if (place.startsWith("npm ")) return commandProblems(place, names);
  if (place.endsWith(".test.ts")) return testProblems(place, names);
  return [`\`${reference}\` is neither a test nor an npm command`];
}

function commandProblems(command: string, names: readonly string[]): string[] {
  const script = /^npm run ([\w:-]+)/.exec(command)?.[1] ?? /^npm (test)\b/.exec(command)?.[1] ?? "";
  if (!SCRIPTS.includes(script)) return [`package.json has no script ${script}`];
  if (names.length === 0) return [];
  if (script !== "demo") return ["only the demo prints proofs"];
  const known = proofs();
  const wanted = names.flatMap((list) => list.split(", "));
  return wanted.filter((name) => !known.includes(name)).map((name) => `the demo prints no proof ${name}`);
}

function testProblems(file: string, path: readonly string[]): string[] {
  if (!existsSync(join(ROOT, file))) return [`there is no file ${file}`];
  if (path.length === 0) return [`${file}: name a test of it`];
  return names(titlesIn(file), path) ? [] : [`${file} has no test ${path.join(" › ")}`];
}

interface Titles {
  /** Titles from the outermost block to the test, one for each block and each test that is not skipped. */
  paths: string[][];
  /** Every literal and key of the file: what a placeholder of a title may be filled with. */
  literals: Set<string>;
}

/** True when a test or block ends with this path of titles. */
function names({ paths, literals }: Titles, wanted: readonly string[]): boolean {
  return paths.some((path) => {
    const tail = path.slice(-wanted.length);
    return tail.length === wanted.length && tail.every((title, index) => titleFits(title, wanted[index] ?? "", literals));
  });
}

function titleFits(title: string, wanted: string, literals: ReadonlySet<string>): boolean {
  if (title === wanted) return true;
  if (wanted.endsWith("…")) return wanted.length > 1 && title.startsWith(wanted.slice(0, -1));
  const pieces = title.split(/%[sdijo]/);
  if (pieces.length === 1) return false;
  const filled = new RegExp(`^${pieces.map((piece) => piece.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("(.+?)")}$`, "s").exec(wanted);
  return filled?.slice(1).every((piece) => literals.has(piece)) ?? false;
}

const titlesByFile = new Map<string, Titles>();

function titlesIn(file: string): Titles {
  const titles = titlesByFile.get(file) ?? titlesOf(readFileSync(join(ROOT, file), "utf8"));
  titlesByFile.set(file, titles);
  return titles;
}

type Node = Record<string, unknown> & { type: string };

function titlesOf(source: string): Titles {
  const found: Titles = { paths: [], literals: new Set() };
  visit(parseAst(source, { lang: "ts" }) as unknown, [], found);
  return found;
}

function visit(value: unknown, blocks: readonly string[], found: Titles): void {
  if (Array.isArray(value)) for (const item of value) visit(item, blocks, found);
  if (!isNode(value)) return;
  if (value.type === "Literal") found.literals.add(String(value["value"]));
  if (value.type === "Property" && isNode(value["key"])) found.literals.add(String(value["key"]["name"] ?? value["key"]["value"]));
  const block = value.type === "CallExpression" ? calledBlock(value) : undefined;
  if (block?.skipped) return;
  if (block) found.paths.push([...blocks, block.title]);
  for (const child of Object.values(value)) visit(child, block ? [...blocks, block.title] : blocks, found);
}

/** `test("title", …)`, `describe.each(cases)("title", …)` and their like; the call that only takes the cases has no title. */
function calledBlock(call: Node): { title: string; skipped: boolean } | undefined {
  const words: string[] = [];
  let callee = call["callee"];
  let curried = false;
  while (isNode(callee) && callee.type !== "Identifier") {
    if (callee.type === "CallExpression") curried = true;
    else if (callee.type === "MemberExpression") words.push(String((callee["property"] as Node)["name"]));
    callee = callee[callee.type === "CallExpression" ? "callee" : callee.type === "TSInstantiationExpression" ? "expression" : "object"];
  }
  if (!isNode(callee) || !["test", "it", "describe"].includes(String(callee["name"]))) return undefined;
  if (!curried && words.some((word) => /^(each|for|skipIf|runIf|extend)$/.test(word))) return undefined;
  const title = (call["arguments"] as Node[])[0];
  const text = title?.type === "Literal" ? title["value"] : title?.type === "TemplateLiteral" ? templateText(title) : undefined;
  if (typeof text !== "string") return undefined;
  return { title: text, skipped: words.includes("skip") || words.includes("todo") };
}

const templateText = (template: Node): string =>
  (template["quasis"] as { value: { cooked: string } }[]).map(({ value }) => value.cooked).join("%s");

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && typeof (value as Node).type === "string";

/** Names of the proofs: what the sources hand to `judge` under `name`. */
function proofs(): string[] {
  const files = PROOF_SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
      .map((name) => readFileSync(join(ROOT, folder, name), "utf8")),
  );
  return files.flatMap((text) => [...text.matchAll(/\bjudge\(\{\s*name: "([^"]+)"/g)].map((match) => match[1] ?? ""));
}
