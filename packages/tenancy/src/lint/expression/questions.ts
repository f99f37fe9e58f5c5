import { isNode, type Node, type Value } from "./parse.ts";

/** A call in an expression, or a subselect, with where it stands. */
export interface Place {
  node: Node;
  /** How many subselects stand around it; a column of the policy's own row has this many levels up. */
  depth: number;
  /** Whether it is computed again for every row: of the policy's table, or of a table some subselect around it reads. */
  perRow: boolean;
}

/** Numbers of SubLinkType in Postgres's nodes/primnodes.h. */
export const SUBLINK = { exists: "0", all: "1", any: "2", expression: "4", array: "6" } as const;

/** Every node below `root`, itself included, with its place. */
export function places(root: Value): Place[] {
  const found: Place[] = [];
  walk(root, 0, true);
  return found;

  function walk(value: Value | undefined, depth: number, perRow: boolean): void {
    if (Array.isArray(value)) for (const item of value) walk(item, depth, perRow);
    if (!isNode(value)) return;
    found.push({ node: value, depth, perRow });
    if (value.type !== "SUBLINK") {
      for (const child of value.fields.values()) walk(child, depth, perRow);
    } else {
      walk(value.fields.get("testexpr"), depth, perRow);
      // A subselect that reads no table and looks at nothing around it is computed once; one that reads a table computes for each row of that.
      const query = value.fields.get("subselect");
      walk(query, depth + 1, isNode(query) && (readsTable(query) || looksOutside(query)));
    }
  }
}

/** Whether a query's FROM names anything. */
export function readsTable(query: Node): boolean {
  const join = query.fields.get("jointree");
  const from = isNode(join) ? join.fields.get("fromlist") : null;
  return Array.isArray(from) && from.length > 0;
}

/** Oids of the tables a subselect reads. */
export function tablesOf(query: Value | undefined): number[] {
  return places(query ?? null)
    .filter(({ node }) => node.type === "RANGETBLENTRY" || node.type === "RTE")
    .map(({ node }) => Number(node.fields.get("relid") ?? 0))
    .filter((oid) => oid > 0);
}

/** Whether a subselect looks at a column from outside of itself, so that it is computed again for each row there. */
export function looksOutside(query: Node): boolean {
  return places(query).some(({ node, depth }) => node.type === "VAR" && levelsUp(node) > depth);
}

/** Column numbers of the policy's own row that stand anywhere below; `from` is the depth of `root` itself. */
export function rowColumns(root: Value | undefined, from = 0): number[] {
  return places(root ?? null)
    .filter(({ node, depth }) => node.type === "VAR" && levelsUp(node) === depth + from)
    .map(({ node }) => Number(node.fields.get("varattno")));
}

export const hasAnyColumn = (root: Value | undefined): boolean => places(root ?? null).some(({ node }) => node.type === "VAR");

/** Oids of the functions called anywhere below. */
export function functionsOf(root: Value | undefined): number[] {
  return places(root ?? null).flatMap(({ node }) => (node.type === "FUNCEXPR" ? [Number(node.fields.get("funcid"))] : []));
}

/**
 * Whether an expression holds for every row: a constant true, true through OR, a comparison of a constant or column with itself, or NOT NULL of
 * a column that cannot be null.
 */
export function alwaysTrue(value: Value | undefined, notNull: ReadonlySet<number>): boolean {
  if (!isNode(value)) return false;
  const args = argsOf(value);
  if (value.type === "CONST") return isTrue(value);
  if (value.type === "BOOLEXPR") {
    const operator = value.fields.get("boolop");
    if (operator === "or") return args.some((arg) => alwaysTrue(arg, notNull));
    if (operator === "and") return args.every((arg) => alwaysTrue(arg, notNull));
    return false;
  }
  if (value.type === "NULLTEST" && value.fields.get("nulltesttype") === "1") {
    const arg = value.fields.get("arg");
    return isNode(arg) && arg.type === "VAR" && notNull.has(Number(arg.fields.get("varattno")));
  }
  if (value.type !== "OPEXPR" || args.length !== 2) return false;
  const [left, right] = args;
  return (isConstant(left) || isColumn(left)) && JSON.stringify(flat(left)) === JSON.stringify(flat(right));
}

export function argsOf(node: Node): Value[] {
  const args = node.fields.get("args");
  return Array.isArray(args) ? args : [];
}

/** A column under casts that change nothing. */
export function asColumn(value: Value | undefined): Node | undefined {
  if (!isNode(value)) return undefined;
  if (value.type === "VAR") return value;
  return value.type === "RELABELTYPE" ? asColumn(value.fields.get("arg")) : undefined;
}

const levelsUp = (column: Node): number => Number(column.fields.get("varlevelsup") ?? 0);
const isConstant = (value: Value | undefined): boolean => isNode(value) && value.type === "CONST";
const isColumn = (value: Value | undefined): boolean => asColumn(value) !== undefined;
// A boolean's bytes: length, bracket, value.
const isTrue = (node: Node): boolean => {
  const bytes = node.fields.get("constvalue");
  return node.fields.get("consttype") === "16" && Array.isArray(bytes) && bytes[2] === "1";
};
const flat = (value: Value | undefined): unknown =>
  isNode(value)
    ? [value.type, [...value.fields].filter(([name]) => name !== "location").map(([name, inner]) => [name, flat(inner)])]
    : Array.isArray(value)
      ? value.map(flat)
      : value;
