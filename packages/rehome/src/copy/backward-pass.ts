import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { compileInverse, type InverseTable } from "../mapping/inverse.ts";
import { inOrder } from "../mapping/order.ts";
import { parkUnique } from "../mapping/park-unique.ts";
import type { Catalog, Table } from "../postgres/catalog.ts";
import { id, nameFor, quote } from "../postgres/identifier.ts";
import { joinOutside, type OutsideReference, readOutsideReferences } from "../postgres/outside.ts";
import { query, transaction } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";
import { drain, WINDOW } from "./drain.ts";
import { streamRows } from "./stream.ts";
import { readLog, SNAPSHOT } from "./sync.ts";

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
    const stage = `rehome.${id(nameFor("back_", name))}`;
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

/** Of the connection on legacy that a cutover or rollback works with. */
export const SWITCH_APPLICATION = "rehome switch";
const HELD_FOR_MS = 1_000;

/**
 * Takes legacy for this run: whoever still writes there with an older epoch is refused from now on. A rollback that was overtaken may hold legacy in
 * its one open transaction, and may hang: it is waited for briefly, then the server ends it, and what it wrote is undone.
 */
export async function takeLegacy(legacy: ClientBase, epoch: string): Promise<void> {
  const take = () =>
    transaction(legacy, async () => {
      await query(legacy, "limit the wait for an earlier run", `set local lock_timeout = ${HELD_FOR_MS}`);
      await query(legacy, "take legacy for this run", "update rehome.epoch set epoch = greatest(epoch, $1::bigint)", [epoch]);
    });
  try {
    await take();
  } catch (error) {
    if (!(error instanceof MoveError) || error.refusal !== "55P03") throw error;
    await query(
      legacy,
      "end an earlier run on legacy",
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
        where usename = current_user and datname = current_database() and application_name = $1 and pid <> pg_backend_pid()`,
      [SWITCH_APPLICATION],
    );
    await take();
  }
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

/** What the product wrote on the target, on its way back to legacy. */
export interface WayBack {
  /**
   * Carries what is there now, see `drain` for when it ends; called again, it goes on.
   *
   * @returns how many log entries were carried
   */
  drain(): Promise<number>;
  /** Log entries that were not carried yet. */
  pending(): Promise<number>;
  /** Writes legacy for good. */
  commit(): Promise<void>;
}

/** On the target: ids of entries that this way back has carried. The log itself stays as it is until the switch has turned. */
const CARRIED = `rehome_stage.${id("carried back")}`;

/**
 * Carries back within one transaction of legacy, which is undone unless `commit` is called: a proof can look at legacy as it would be. The change log
 * keeps its entries, so a rollback that is refused, or dies, can be run again and carries them again.
 *
 * @throws MoveError FENCED, GATE_CLOSED, CHANGES_OUTRUN
 */
export async function onTheWayBack<T>(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly BackwardTable[],
  epoch: string,
  work: (wayBack: WayBack) => Promise<T>,
): Promise<T> {
  await query(
    target,
    "prepare the list of what was carried back",
    `create unlogged table if not exists ${CARRIED} (id bigint primary key); truncate ${CARRIED}`,
  );
  const outside = await readOutsideReferences(
    legacy,
    tables.map((table) => table.legacyTable),
  );
  await query(legacy, "begin the way back", "begin");
  try {
    await holdLegacyEpoch(legacy, epoch);
    return await work({
      drain: () =>
        drain(target, async () => {
          const ids = await transaction(target, () => window(legacy, target, tables, outside), SNAPSHOT);
          await query(target, "note what was carried back", `insert into ${CARRIED} select unnest($1::bigint[])`, [ids]);
          return ids.length;
        }),
      pending: async () => (await readLog(target, 1, CARRIED)).ids.length,
      commit: async () => void (await query(legacy, "write legacy for good", "commit")),
    });
  } finally {
    await legacy.query("rollback").catch(() => {}); // what is not committed is undone
  }
}

async function window(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly BackwardTable[],
  outside: readonly OutsideReference[],
): Promise<string[]> {
  const log = await readLog(target, WINDOW, CARRIED);
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
  for (const { table, keys } of touched) await refuseLostRows(legacy, table, keys, outside);
  for (const { table, keys } of touched.toReversed())
    await quietly(legacy, `remove rows of ${table.legacyTable} on legacy`, table.remove, keys);
  for (const { table } of touched)
    for (const sql of table.park) await quietly(legacy, `set unique values of ${table.legacyTable} aside`, sql);
  for (const { table } of touched) await quietly(legacy, `write ${table.legacyTable} on legacy`, table.upsert);
  for (const { table } of touched) await query(legacy, `clear the staged rows of ${table.legacyTable}`, `truncate ${table.stage}`);
  return log.ids;
}

/** The target's triggers refuse such deletes (RH005); should one be there all the same, legacy's cascades must not take rows along that are nowhere else. */
async function refuseLostRows(
  legacy: ClientBase,
  table: BackwardTable,
  keys: readonly string[],
  outside: readonly OutsideReference[],
): Promise<void> {
  for (const reference of outside.filter((candidate) => candidate.parent === table.legacyTable)) {
    const lost = await query<{ key: string }>(
      legacy,
      `look for rows of ${reference.table} that refer to ${table.legacyTable}`,
      `select distinct p.${id(table.key)}::text as key from ${joinOutside(reference)}
        where p.${id(table.key)}::text = any($1) and not exists (select from ${table.stage} s where s.${id(table.key)} = p.${id(table.key)}) limit 20`,
      [keys],
    );
    if (lost.length === 0) continue;
    throw new MoveError(
      "GATE_CLOSED",
      `Rows of ${table.legacyTable} were deleted on the target, and rows of ${reference.schema}.${reference.table} on legacy, which were not carried, refer to them: ${lost.map((row) => row.key).join(", ")}.`,
      { next: "Nothing was written. Settle these rows on legacy, then run `rehome rollback` again." },
    );
  }
}
