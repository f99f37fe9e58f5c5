import { randomUUID } from "node:crypto";
import { escapeIdentifier, escapeLiteral } from "pg";
import type { Existence } from "./conflicts.ts";
import { grantedColumns, keyIsReadable, mayRead, type Target } from "./probe.ts";
import type { Outcome } from "./session.ts";
import type { Column, Row, Table } from "./types.ts";
import { relation } from "./world.ts";

/** A column whose values, held by hidden rows only, are compared; of a table or a view. */
export interface Compared {
  table: string;
  from: string;
  column: Pick<Column, "name" | "type" | "labels">;
  /** A value that a hidden row has, and one that it has not; `only` says that no row has the second and no visible one the first. */
  value?: unknown;
  other?: unknown;
  only: boolean;
  /** Conditions that name one hidden row, where its key may be read. */
  keys: readonly string[];
  /** The oracle closes the column: then it must not answer. */
  closed: boolean;
}

/** As whoever asks may have it planned: row by row, where each condition is asked in its turn; and by an index of the column, if there is one. */
const PLANS = [
  off("enable_indexscan", "enable_indexonlyscan", "enable_bitmapscan"),
  off("enable_seqscan", "enable_bitmapscan", "enable_sort"),
];

function off(...settings: readonly string[]): string {
  return `select ${settings.map((name) => `pg_catalog.set_config('${name}', 'off', true)`).join(", ")}; `;
}

/** Which words stand for what shows, from the most to the least. */
export const ANSWERS = {
  order: "EXPLAIN ANALYZE answers ordering comparisons with hidden values: whoever runs SQL as this role reads them by binary search",
  equal: "EXPLAIN ANALYZE answers equality with hidden values: a guess can be confirmed",
  null: "EXPLAIN ANALYZE tells whether hidden rows have a value, and no more of this type or of these rows",
} as const;

/**
 * Whether a comparison of a column is asked of rows that the policies hide. Postgres runs what is leakproof before a policy, and EXPLAIN ANALYZE (like
 * the counters of one's own transaction, or the time) tells whether the policy was asked at all, or how many rows an index gave it. Two statements
 * that differ in the value alone: one that a hidden row has, and one that none has.
 */
export function comparisons(target: Target): Existence[] {
  const { world, table, persona, first } = target;
  if (!first || persona.kind === "job" || persona.kind === "internal" || target.allGranted) return [];
  const readable = grantedColumns(target, "read");
  if (readable.length === 0) return [];
  const rows = world.rows[table.name] ?? [];
  const hidden = rows.filter((row) => !mayRead(target, row));
  const from = relation(world.schema, table.name);
  return table.columns.flatMap((column) => {
    const found = chosen(column, rows, hidden, (row) => mayRead(target, row));
    if (!found) return [];
    const keys = keyIsReadable(target) ? namings(table, found.row) : [];
    return pairs({ table: table.name, from, column, ...found, keys, closed: !readable.includes(column.name) });
  });
}

/** A hidden row with a value of the column that no visible row has, if there is one; else any hidden row, at best with a value. */
export function chosen(
  column: Compared["column"],
  rows: readonly Row[],
  hidden: readonly Row[],
  sees: (row: Row) => boolean,
): { row: Row; value?: unknown; other?: unknown; only: boolean } | undefined {
  const valued = hidden.filter((row) => ["string", "number", "boolean"].includes(typeof row[column.name]));
  const shown = new Set(rows.filter(sees).map((row) => row[column.name]));
  const row = valued.find((one) => !shown.has(one[column.name])) ?? valued[0] ?? hidden[0];
  if (!row) return undefined;
  const value = row[column.name];
  const taken = new Set(rows.map((one) => one[column.name]));
  const other = valued.includes(row) ? anotherValue(column, value, taken) : undefined;
  return other === undefined ? { row, only: false } : { row, value, other, only: !shown.has(value) && !taken.has(other) };
}

function anotherValue({ type, labels }: Compared["column"], value: unknown, taken: ReadonlySet<unknown>): unknown {
  if (type === "boolean") return !value;
  if (labels.length > 0) return labels.find((label) => !taken.has(label)) ?? labels.find((label) => label !== value);
  if (type === "uuid") return randomUUID();
  if (/^(smallint|integer|bigint|numeric|real|double)/.test(type))
    return [1, 2, 3, 5, 7, 11].map((n) => 32_000 + n).find((n) => !taken.has(n));
  if (/^(text|character)/.test(type)) return "hunt nobody";
  if (/^(date|timestamp)/.test(type)) return "1901-02-03";
  if (/^time/.test(type)) return "03:14:15.926";
  return undefined;
}

/** For each way to plan it, by order, by equality, and by whether there is a value at all. */
export function pairs(compared: Compared): Existence[] {
  const { column, value, other, only, keys } = compared;
  const x = escapeIdentifier(column.name);
  const as = (one: unknown) => `${escapeLiteral(String(one))}::${column.type}`;
  const between = (one: unknown) => `${x} >= ${as(one)} and ${x} <= ${as(one)}`;
  const equal = (one: unknown) => `${x} = ${as(one)}`;
  const ofOne = keys.map((key) => `${key} and `);
  const ofAll = only ? [""] : [];
  const made = (before: string, what: string, conditions: readonly [string, string]) =>
    PLANS.map((settings) => pair(compared, settings, before, what, conditions));
  return [
    ...(other === undefined ? [] : [...ofOne, ...ofAll]).flatMap((before) => [
      ...made(before, ANSWERS.order, [between(value), between(other)]),
      ...made(before, ANSWERS.equal, [equal(value), equal(other)]),
    ]),
    ...ofOne.flatMap((before) => made(before, ANSWERS.null, [`${x} is null`, `${x} is not null`])),
  ];
}

function pair(
  { table, from, column, closed }: Compared,
  settings: string,
  before: string,
  what: string,
  conditions: readonly [string, string],
): Existence {
  const asked = (condition: string) =>
    `${settings}explain (analyze, format json, timing off, costs off, summary off, buffers off) select from ${from} where ${before}${condition}`;
  return {
    table,
    route: "comparison",
    columns: [column.name],
    sqls: [asked(conditions[0]), asked(conditions[1])],
    answer: true,
    differs: (one, another) => one.state === null && another.state === null && counts(one) !== counts(another),
    what,
    closed,
  };
}

/** What of a plan says how it went: how often each part ran, and how many rows came and were taken out. */
const counts = ({ answer }: Outcome): string =>
  (answer?.match(/"(?:Actual (?:Rows|Loops)|Rows Removed by [A-Za-z ]+|Heap Fetches|Index Searches)": [\d.]+/g) ?? []).join();

/** By equality and by order: a policy that compares the key itself makes the first a part of itself, and the second need not be leakproof. */
function namings(table: Table, row: Row): string[] {
  const each = (form: (name: string, value: string) => string) =>
    table.key
      .map((name) => {
        const type = table.columns.find((column) => column.name === name)?.type ?? "text";
        return form(escapeIdentifier(name), `${escapeLiteral(String(row[name]))}::${type}`);
      })
      .join(" and ");
  return [each((name, value) => `${name} = ${value}`), each((name, value) => `${name} >= ${value} and ${name} <= ${value}`)];
}
