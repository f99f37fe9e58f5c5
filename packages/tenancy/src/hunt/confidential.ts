import { escapeIdentifier, escapeLiteral } from "pg";
import { callProbe } from "./calls.ts";
import type { Probe, Target } from "./probe.ts";
import type { Row } from "./types.ts";

const REFUSED = "42501";
// Of hidden rows only; the same key over and over is one key to a function that is right.
const MANY = 20_000;

/**
 * The function that reads the confidential columns of a table, asked for every key there is, one's own and others', for keys of nobody, for null and
 * for very many. It must give whole rows, those that the oracle gives, and nobody else's.
 */
export function confidentialProbes({ world, table, rule, first }: Target): Probe[] {
  if (!table.confidential) return [];
  const rows = world.rows[table.name] ?? [];
  const object = `confidential.${table.name}`;
  const called = (args: string) => `select * from confidential.${escapeIdentifier(table.name)}(${args})`;
  const typeOf = (name: string) => table.columns.find((column) => column.name === name)?.type ?? "text";
  const arrays = (some: readonly (Row | null)[]) =>
    table.key
      .map(
        (name) => `array[${some.map((row) => (row === null ? "null" : escapeLiteral(String(row[name])))).join(", ")}]::${typeOf(name)}[]`,
      )
      .join(", ");
  const may = rule.whole;
  const visible = rows.filter((row) => may?.rows(row) ?? false);
  const [hidden] = rows.filter((row) => !visible.includes(row));
  const nothing = table.key.map((name) => `null::${typeOf(name)}[]`).join(", ");
  const filled = (row: Row) =>
    table.key.map((name) => `pg_catalog.array_fill(${escapeLiteral(String(row[name]))}::${typeOf(name)}, array[${MANY}])`).join(", ");
  const calls: [sql: string, expect: readonly Row[]][] = [
    [called(arrays([...rows, null])), visible],
    ...(first ? [[called(nothing), []] as [string, Row[]], ...(hidden ? [[called(filled(hidden)), []] as [string, Row[]]] : [])] : []),
  ];
  return calls.map(([sql, expect]) => callProbe({ object, sql, expect: may ? expect : REFUSED }, world.views));
}
