import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { compileInverse, type InverseTable } from "../mapping/inverse.ts";
import { inOrder } from "../mapping/order.ts";
import { parkUnique } from "../mapping/park-unique.ts";
import type { Catalog, Table } from "../postgres/catalog.ts";
import { id, quote } from "../postgres/identifier.ts";
import { query, transaction } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";
import { streamRows } from "./stream.ts";
import { forget, readLog, SNAPSHOT } from "./sync.ts";

/** One legacy table on the way back. */
export interface BackwardTable extends InverseTable {
  stage: string;
  createStage: string;
  copyIn: string;
  park: string[];
  upsert: string;
  remove: string;
}

/** All tables of a move, compiled for the way back, parents first. */
export function compileBackward(config: MoveConfig, legacy: Catalog, target: Catalog): BackwardTable[] {
  return inOrder(config.tables).map((name) => {
    const mapping = config.tables[name] as MoveConfig["tables"][string];
    const inverse = compileInverse(name, mapping, legacy, target);
    const table = legacy.get(name) as Table;
    const kept = table.columns.filter((column) => !mapping.dropped?.[column.name]);
    const stage = `rehome.${id(`back_${name}`)}`;
    const names = kept.map((column) => id(column.name));
    const values = kept.map((column) => (column.isEnum ? `s.${id(column.name)}::${column.type}` : `s.${id(column.name)}`));
    const updates = kept
      .filter((column) => column.name !== inverse.key)
      .map((column) => `${id(column.name)} = excluded.${id(column.name)}`);
    const staged = table.columns.map((column) => ({ name: id(column.name), type: column.isEnum ? "text" : column.type }));
    return {
      ...inverse,
      // The copy is binary, so every value leaves the target with the type that it has on legacy.
      selectKeys: `select ${staged.map(({ name, type }) => `r.${name}::${type}`).join(", ")} from (${inverse.selectKeys}) r`,
      stage,
      createStage: `create unlogged table if not exists ${stage} (${staged.map(({ name, type }) => `${name} ${type}`).join(", ")})`,
      copyIn: `copy ${stage} (${table.columns.map((column) => id(column.name)).join(", ")}) from stdin`,
      park: parkUnique(table, stage, inverse.key, (column) => (mapping.dropped?.[column] ? undefined : column)),
      upsert: `insert into public.${id(name)} (${names.join(", ")}) select ${values.join(", ")} from ${stage} s
                   on conflict (${id(inverse.key)}) do ${updates.length > 0 ? `update set ${updates.join(", ")}` : "nothing"}`,
      remove: `delete from public.${id(name)} t where t.${id(inverse.key)}::text = any($1) and not exists (select from ${stage} s where s.${id(inverse.key)} = t.${id(inverse.key)})`,
    };
  });
}

/** Takes legacy for this run: whoever still writes there with an older epoch is refused from now on, and is waited for. */
export async function takeLegacy(legacy: ClientBase, epoch: string): Promise<void> {
  await query(legacy, "take legacy for this run", "update rehome.epoch set epoch = greatest(epoch, $1::bigint)", [epoch]);
}

/** The target's triggers refuse such keys (RH005); should one be there all the same, nothing of legacy may be overwritten by it. */
async function refuseStayingKeys(target: ClientBase, table: BackwardTable, keys: readonly string[]): Promise<void> {
  const staying = await query<{ key: string }>(
    target,
    `look for ${table.legacyTable} that stayed behind`,
    "select key from rehome.left_behind where legacy_table = $1 and key = any($2) limit 20",
    [table.legacyTable, keys],
  );
  if (staying.length === 0) return;
  throw new MoveError(
    "GATE_CLOSED",
    `Rows on the target have keys of ${table.legacyTable} that stayed on legacy: ${staying.map((row) => row.key).join(", ")}.`,
    {
      next: "Nothing was written. Give these rows other keys on the target, then run `rehome rollback` again.",
    },
  );
}

/** First statement of every transaction that writes legacy: a stale run must not put old rows over new ones. */
async function holdLegacyEpoch(legacy: ClientBase, epoch: string): Promise<void> {
  const rows = await query(legacy, "hold legacy", "select from rehome.epoch where epoch = $1::bigint for share", [epoch]);
  if (rows.length === 1) return;
  throw new MoveError("FENCED", "Another `rehome` took over this move while this one was writing legacy.", {
    next: "Run `rehome status`; let only one command at a time work on a move.",
  });
}

/**
 * Carries what the product wrote on the target back to legacy, until nothing is left. The mirror image of `drainLegacy`.
 *
 * @returns how many log entries were carried
 */
export async function drainTarget(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly BackwardTable[],
  epoch: string,
): Promise<number> {
  for (let carried = 0; ; ) {
    const ids = await transaction(target, () => window(legacy, target, tables, epoch), SNAPSHOT);
    if (ids.length === 0) return carried;
    await forget(target, ids);
    carried += ids.length;
  }
}

async function window(legacy: ClientBase, target: ClientBase, tables: readonly BackwardTable[], epoch: string): Promise<string[]> {
  const log = await readLog(target);
  if (log.ids.length === 0) return [];
  const keysOf = (table: BackwardTable): string[] => [
    ...new Set(table.sources.flatMap((source) => [...(log.changed.get(source.table) ?? [])])),
  ];
  for (const table of tables) {
    if (!table.selectDue) continue;
    const due = await query<{ key: string }>(target, `find rows that ${table.legacyTable} never had`, table.selectDue);
    const [main] = table.sources;
    if (main && due.length > 0)
      log.changed.set(main.table, new Set([...(log.changed.get(main.table) ?? []), ...due.map((row) => row.key)]));
  }
  const touched = tables.map((table) => ({ table, keys: keysOf(table) })).filter(({ keys }) => keys.length > 0);
  for (const { table, keys } of touched) await refuseStayingKeys(target, table, keys);
  await transaction(legacy, async () => {
    await holdLegacyEpoch(legacy, epoch);
    for (const { table, keys } of touched) {
      await query(legacy, `stage ${table.legacyTable} for the way back`, table.createStage);
      await query(legacy, `clear the staged rows of ${table.legacyTable}`, `truncate ${table.stage}`);
      const list = `array[${keys.map(quote).join(",")}]::text[]`;
      await streamRows(
        target,
        table.selectKeys.replace("$1", () => list),
        legacy,
        table.copyIn,
        `stage ${table.legacyTable} for the way back`,
      );
    }
    for (const { table, keys } of touched.toReversed())
      await quietly(legacy, `remove rows of ${table.legacyTable} on legacy`, table.remove, keys);
    for (const { table } of touched)
      for (const sql of table.park) await quietly(legacy, `set unique values of ${table.legacyTable} aside`, sql);
    for (const { table } of touched) await quietly(legacy, `write ${table.legacyTable} on legacy`, table.upsert);
    for (const { table } of touched) await query(legacy, `clear the staged rows of ${table.legacyTable}`, `truncate ${table.stage}`);
  });
  return log.ids;
}
