import { expect, test } from "vitest";
import { isNode, parseTree, type Value } from "./parse.ts";
import { alwaysTrue, functionsOf, places, rowColumns } from "./questions.ts";

const column = (number: number, levelsUp = 0) => `{VAR :varno 1 :varattno ${number} :vartype 25 :varlevelsup ${levelsUp} :location -1}`;
const call = (oid: number, args = "<>") => `{FUNCEXPR :funcid ${oid} :args ${args} :location 7}`;
const subselect = (inside: string, from = "<>") =>
  `{SUBLINK :subLinkType 4 :testexpr <> :subselect {QUERY :jointree {FROMEXPR :fromlist ${from} :quals <>} :targetList ({TARGETENTRY :expr ${inside}})}}`;
const equals = (...args: string[]) => `{OPEXPR :opno 98 :args (${args.join(" ")})}`;
const TRUE = "{CONST :consttype 16 :constisnull false :constvalue 1 [ 1 0 0 0 0 0 0 0 ]}";
const FALSE = "{CONST :consttype 16 :constisnull false :constvalue 1 [ 0 0 0 0 0 0 0 0 ]}";

const callIn = (tree: Value) => places(tree).find(({ node }) => node.type === "FUNCEXPR");

test("a tree is read with its lists, empty values, bytes and names with odd characters", () => {
  const tree = parseTree(`{A :list (i 1 2) :none <> :bytes 4 [ 16 0 ] :name a\\ \\{b :inner ({B :x 1} <>)}`);

  expect(isNode(tree) && Object.fromEntries(tree.fields)).toEqual({
    list: ["i", "1", "2"],
    none: null,
    bytes: ["4", "[", "16", "0", "]"],
    name: "a\\ \\{b",
    inner: [{ type: "B", fields: new Map([["x", "1"]]) }, null],
  });
});

test.each(["{A :x 1", "(1 2", "{A} {B}", ")", ""])("what is no tree is refused: %s", (text) => {
  expect(() => parseTree(text)).toThrow();
});

test("a call is once a row when bare, once a statement in a subselect, and once a row of a subselect's table", () => {
  expect(callIn(parseTree(equals(column(2), call(16400))))?.perRow).toBe(true);
  expect(callIn(parseTree(equals(column(2), subselect(call(16400)))))?.perRow).toBe(false);
  expect(callIn(parseTree(equals(column(2), subselect(call(16400), "({RANGETBLREF :rtindex 1})"))))?.perRow).toBe(true);
  expect(callIn(parseTree(subselect(call(16400, `(${column(2, 1)})`))))?.perRow).toBe(true);
});

test("columns of the row are told from those of a subselect's table", () => {
  expect(rowColumns(parseTree(equals(column(2), subselect(equals(column(3), column(4, 1))))))).toEqual([2, 4]);
  expect(functionsOf(parseTree(equals(call(1), subselect(call(2)))))).toEqual([1, 2]);
});

test.each([
  ["true", TRUE, true],
  ["false", FALSE, false],
  ["a or true", `{BOOLEXPR :boolop or :args (${equals(column(1), column(2))} ${TRUE})}`, true],
  ["a and true", `{BOOLEXPR :boolop and :args (${equals(column(1), column(2))} ${TRUE})}`, false],
  ["not true", `{BOOLEXPR :boolop not :args (${TRUE})}`, false],
  ["a = a", equals(column(1), column(1)), true],
  ["a = b", equals(column(1), column(2)), false],
  ["1 = 1", equals(TRUE, TRUE), true],
  ["1 = 2", equals(TRUE, FALSE), false],
  ["a is not null, where it cannot be", `{NULLTEST :arg ${column(1)} :nulltesttype 1}`, true],
  ["a is not null, where it can be", `{NULLTEST :arg ${column(2)} :nulltesttype 1}`, false],
  ["a is null", `{NULLTEST :arg ${column(1)} :nulltesttype 0}`, false],
])("always true: %s", (_, text, expected) => {
  expect(alwaysTrue(parseTree(text), new Set([1]))).toBe(expected);
});
