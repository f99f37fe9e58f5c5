import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { compileForward, type ForwardTable } from "../mapping/forward.ts";
import { inOrder } from "../mapping/order.ts";
import type { Catalog } from "../postgres/catalog.ts";
import { id, quote } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";
import { streamRows } from "./stream.ts";

/** Changed keys by legacy table. */
export type ChangedKeys = Map<string, Set<string>>;

/** All tables of a move, compiled, parents first. */
export function compileAll(config: MoveConfig, legacy: Catalog, target: Catalog): ForwardTable[] {
  return inOrder(config.tables).map((name) => compileForward(name, config.tables, legacy, target));
}

/** Carries one whole table. Runs inside a transaction of the target; returns how many rows legacy had. */
export async function carryTable(legacy: ClientBase, target: ClientBase, table: ForwardTable, config: MoveConfig): Promise<number> {
  const rows = await stage(legacy, target, table, table.selectAll);
  await judge(target, table, null, config);
  for (const { table: into, sql, parkPeople } of table.upserts) {
    for (const park of parkPeople) await quietly(target, `set unique values of ${into} aside`, park);
    await quietly(target, `write ${into}`, sql);
  }
  await clear(target, table);
  return rows;
}

/**
 * Carries the current state of changed rows: what legacy holds now is written, what it no longer holds is removed.
 *
 * Runs inside a transaction of the target and one snapshot of legacy. A parent that starts or ceases to stay behind takes its children along.
 */
export async function carryChanges(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  changed: ChangedKeys,
  config: MoveConfig,
): Promise<void> {
  const touched: { table: ForwardTable; keys: string[] }[] = [];
  for (const table of tables) {
    const keys = changed.get(table.legacyTable);
    if (!keys || keys.size === 0) continue;
    const list = [...keys];
    const before = await stayingKeys(target, table, list);
    await stage(legacy, target, table, `${table.selectAll} where ${id(table.key)}::text = any(${quote(arrayLiteral(list))})`);
    await judge(target, table, list, config);
    const after = await stayingKeys(target, table, list);
    const turned = list.filter((key) => before.has(key) !== after.has(key));
    await addChildren(legacy, table.legacyTable, { turned, changed: list }, changed, config, tables);
    touched.push({ table, keys: list });
  }
  for (const { table, keys } of touched.toReversed()) await quietly(target, `remove rows of ${table.legacyTable}`, table.remove, keys);
  for (const { table, keys } of touched) {
    for (const { table: into, park } of table.upserts)
      for (const sql of park) await quietly(target, `set unique values of ${into} aside`, sql);
    for (const { table: into, sql } of table.upserts) await quietly(target, `write ${into}`, sql, keys);
    await clear(target, table);
  }
}

async function stage(legacy: ClientBase, target: ClientBase, table: ForwardTable, select: string): Promise<number> {
  await query(target, `stage ${table.legacyTable}`, table.createStage);
  await clear(target, table);
  return streamRows(legacy, select, target, table.copyIn, `stage ${table.legacyTable}`);
}

async function clear(target: ClientBase, table: ForwardTable): Promise<void> {
  await query(target, `clear the staged rows of ${table.legacyTable}`, `truncate ${table.stage}`);
}

/** Who stays, and who becomes a guest. Judged anew for these keys each time. */
async function judge(target: ClientBase, table: ForwardTable, keys: readonly string[] | null, config: MoveConfig): Promise<void> {
  await query(
    target,
    `judge ${table.legacyTable} anew`,
    "delete from rehome.left_behind where legacy_table = $1 and ($2::text[] is null or key = any($2))",
    [table.legacyTable, keys],
  );
  for (const sql of table.unknownUsers) await quietly(target, `note unknown users of ${table.legacyTable}`, sql);
  if (table.leaveBehind) await quietly(target, `note which ${table.legacyTable} stay`, table.leaveBehind);
  for (const sql of table.guests) await quietly(target, `make guests of ${table.legacyTable}`, sql);
  if (table.guests.length > 0)
    for (const { table: into, sql } of config.people.guests) await quietly(target, `write ${into} for guests`, sql);
}

async function stayingKeys(target: ClientBase, table: ForwardTable, keys: readonly string[]): Promise<Set<string>> {
  const rows = await query<{ key: string }>(
    target,
    "read who stays",
    "select key from rehome.left_behind where legacy_table = $1 and key = any($2)",
    [table.legacyTable, keys],
  );
  return new Set(rows.map((row) => row.key));
}

/** Children of parents whose verdict turned; and of every changed parent those whose organization is the parent's. */
async function addChildren(
  legacy: ClientBase,
  parent: string,
  parents: { turned: readonly string[]; changed: readonly string[] },
  changed: ChangedKeys,
  config: MoveConfig,
  tables: readonly ForwardTable[],
): Promise<void> {
  for (const child of tables) {
    const mapping = config.tables[child.legacyTable];
    for (const [column, referenced] of Object.entries(mapping?.references ?? {})) {
      if (referenced !== parent) continue;
      const isOwner = mapping?.owner.kind === "through" && mapping.owner.column === column;
      const keys = isOwner ? parents.changed : parents.turned;
      if (keys.length === 0) continue;
      const rows = await query<{ key: string }>(
        legacy,
        `find the ${child.legacyTable} of ${parent}`,
        `select ${id(child.key)}::text as key from public.${id(child.legacyTable)} where ${id(column)}::text = any($1)`,
        [keys],
      );
      const known = changed.get(child.legacyTable) ?? new Set();
      for (const row of rows) known.add(row.key);
      changed.set(child.legacyTable, known);
    }
  }
}

/** A text array as Postgres reads it. COPY takes no parameters, so keys stand in its text. */
function arrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`).join(",")}}`;
}
