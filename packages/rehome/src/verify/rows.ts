import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { compileInverse } from "../mapping/inverse.ts";
import { readCatalog, type Table } from "../postgres/catalog.ts";
import { id } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { readTables, shownName } from "../postgres/tables.ts";
import { judge, type Proof } from "./proof.ts";

/** What one legacy table looks like on both sides. */
export interface TableComparison {
  table: string;
  legacyRows: number;
  leftBehind: number;
  targetRows: number;
  equal: boolean;
}

/**
 * Proves that every legacy row is in the target, unchanged, or on the list of rows that stay behind.
 *
 * Tables and columns come from legacy's catalog. The target's rows are mapped **back** and compared as text: count, sum of checksums, set of
 * keys and sums of money must be equal to legacy's without the rows left behind. Both sides must be at rest, or the caller compares snapshots.
 *
 * @param legacy, target connections with canonical text forms (`connect`)
 */
export async function proveRows(
  legacy: ClientBase,
  target: ClientBase,
  config: MoveConfig,
): Promise<{ proof: Proof; tables: TableComparison[] }> {
  const [legacyCatalog, targetCatalog] = [await readCatalog(legacy, "legacy"), await readCatalog(target, "the target")];
  const tables: TableComparison[] = [];
  const offenders: string[] = [];
  for (const table of legacyCatalog.values()) {
    if (config.stays[table.name]) {
      const rows = await countRows(legacy, table.name);
      tables.push({ table: table.name, legacyRows: rows, leftBehind: rows, targetRows: 0, equal: true });
      continue;
    }
    const mapping = config.tables[table.name];
    if (!mapping || !Object.keys(mapping.into).every((into) => targetCatalog.has(into))) {
      offenders.push(`${table.name}: not in the target`);
      tables.push({ table: table.name, legacyRows: await countRows(legacy, table.name), leftBehind: 0, targetRows: 0, equal: false });
      continue;
    }
    const { comparison, problem } = await compare(
      legacy,
      target,
      table,
      compileInverse(table.name, mapping, legacyCatalog, targetCatalog).selectAll,
    );
    tables.push(comparison);
    if (problem) offenders.push(problem);
  }
  for (const table of (await readTables(legacy, "legacy")).filter(({ schema, readable }) => schema !== "public" && readable)) {
    const rows = await countRows(legacy, table.name, table.schema);
    const reason = config.stays[shownName(table)];
    if (!reason) offenders.push(`${shownName(table)}: in no mapping, and without a reason under \`stays\``);
    tables.push({ table: shownName(table), legacyRows: rows, leftBehind: reason ? rows : 0, targetRows: 0, equal: Boolean(reason) });
  }
  const total = tables.reduce((sum, table) => sum + table.legacyRows, 0);
  const seen = tables.reduce((sum, table) => sum + table.targetRows + table.leftBehind, 0);
  const stays = tables.reduce((sum, table) => sum + table.leftBehind, 0);
  const figure = `${total} legacy rows in ${tables.length} tables: ${seen - stays} moved and equal when mapped back, ${stays} stay behind with a reason`;
  return { proof: judge({ name: "rows", checked: seen, expected: total, figure, offenders }), tables };
}

interface Sums {
  rows: string;
  content: string;
  keys: string;
  money: string;
  [name: string]: string;
}

async function compare(
  legacy: ClientBase,
  target: ClientBase,
  table: Table,
  inverse: string,
): Promise<{ comparison: TableComparison; problem?: string }> {
  const staying = await query<{ key: string; reason: string }>(
    target,
    `read which ${table.name} stay behind`,
    "select key, reason from rehome.left_behind where legacy_table = $1",
    [table.name],
  );
  const stays = staying.map((row) => row.key);
  const withoutReason = staying.filter((row) => row.reason.trim() === "").length;
  const key = id(table.primaryKey[0] ?? "");
  const [legacyRows, missing] = await Promise.all([
    countRows(legacy, table.name),
    // A key on the list that legacy does not have would hide a lost row.
    query<{ n: number }>(
      legacy,
      `check the list of ${table.name} that stay`,
      `select count(*)::int as n from unnest($1::text[]) k where not exists (select from public.${id(table.name)} t where t.${key}::text = k)`,
      [stays],
    ),
  ]);
  const sums = checksums(table);
  const [expected, found] = await Promise.all([
    query<Sums>(
      legacy,
      `checksum ${table.name} on legacy`,
      `select ${sums} from public.${id(table.name)} r where not (r.${key}::text = any($1))`,
      [stays],
    ),
    query<Sums>(target, `checksum ${table.name} mapped back`, `select ${sums} from (${inverse}) r`),
  ]);
  const [want, have] = [expected[0] as Sums, found[0] as Sums];
  const comparison = {
    table: table.name,
    legacyRows,
    leftBehind: stays.length,
    targetRows: Number(have.rows),
    equal: JSON.stringify(want) === JSON.stringify(have) && missing[0]?.n === 0 && withoutReason === 0,
  };
  if (comparison.equal) return { comparison };
  const different = Object.keys(want).filter((name) => want[name] !== have[name]);
  const listed = [
    ...(missing[0]?.n ? [`${missing[0].n} listed as left behind are not in legacy`] : []),
    ...(withoutReason > 0 ? [`${withoutReason} stay behind without a reason`] : []),
  ];
  return {
    comparison,
    problem: `${table.name}: ${[...different.map((name) => `${name} differ (legacy ${shown(want, name)}, target ${shown(have, name)})`), ...listed].join("; ")}`,
  };
}

const shown = (sums: Sums, name: string): string => (name === "rows" || name === "money" ? (sums[name] as string) : "another checksum");

/** Sums and not xor: two equal differences would cancel out. Names money columns by what an integer column is called. */
function checksums(table: Table): string {
  const columns = table.columns.map((column) => `r.${id(column.name)}`);
  const money = table.columns.filter(
    (column) => /^(integer|bigint|numeric)/.test(column.type) && /amount|price|fee|gross|net/i.test(column.name),
  );
  const sum = (column: string) => `coalesce(sum(r.${id(column)})::numeric, 0)::text`;
  return `count(*)::text as rows,
       coalesce(sum(hashtextextended(row(${columns.join(", ")})::text, 0)), 0)::text as content,
       coalesce(sum(hashtextextended(r.${id(table.primaryKey[0] ?? "")}::text, 1)), 0)::text as keys,
       ${money.length > 0 ? money.map((column) => sum(column.name)).join(" || '/' || ") : "'-'"} as money`;
}

async function countRows(client: ClientBase, table: string, schema = "public"): Promise<number> {
  const [row] = await query<{ n: string }>(client, `count ${table}`, `select count(*)::text as n from ${id(schema)}.${id(table)}`);
  return Number(row?.n);
}
