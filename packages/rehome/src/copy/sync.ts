import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import type { ForwardTable } from "../mapping/forward.ts";
import { query, transaction } from "../postgres/query.ts";
import { drain, WINDOW } from "./drain.ts";
import { type ChangedKeys, carryChanges } from "./forward-pass.ts";

/** A read-only transaction over one snapshot. */
export const SNAPSHOT = "begin isolation level repeatable read read only";

/**
 * Carries changes that the product made on legacy since the last time; see `drain` for when it ends.
 *
 * The log is read, applied and then deleted by id: a crash in between repeats a window, which changes nothing, and a change that commits
 * late is simply found in the next window. There is no position that could run past it.
 *
 * @returns how many log entries were carried
 */
export async function drainLegacy(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  config: MoveConfig,
  epoch: string,
): Promise<number> {
  return drain(legacy, async () => (await window(legacy, target, tables, config, epoch)).length);
}

async function window(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  config: MoveConfig,
  epoch: string,
): Promise<string[]> {
  const ids = await transaction(
    legacy,
    async () => {
      const log = await readLog(legacy);
      if (log.ids.length === 0) return [];
      await transaction(target, async () => {
        await holdEpoch(target, epoch);
        await carryChanges(legacy, target, tables, log.changed, config);
      });
      return log.ids;
    },
    SNAPSHOT,
  );
  if (ids.length > 0) await forget(legacy, ids);
  return ids;
}

/**
 * Brings the target to exactly one snapshot of legacy and looks at both while that snapshot stands: a comparison that live writers cannot
 * disturb.
 */
export async function atOneSnapshot<T>(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  config: MoveConfig,
  epoch: string,
  look: () => Promise<T>,
): Promise<T> {
  await drainLegacy(legacy, target, tables, config, epoch); // most of it outside, so that the snapshot is short
  const { result, ids } = await transaction(
    legacy,
    async () => {
      const log = await readLog(legacy, "all");
      await transaction(target, async () => {
        await holdEpoch(target, epoch);
        await carryChanges(legacy, target, tables, log.changed, config);
      });
      return { result: await look(), ids: log.ids };
    },
    SNAPSHOT,
  );
  await forget(legacy, ids);
  return result;
}

/**
 * The oldest entries of a change log, with the keys they name.
 *
 * @param without a table with the ids of entries that are passed over
 */
export async function readLog(
  client: ClientBase,
  limit: number | "all" = WINDOW,
  without?: string,
): Promise<{ ids: string[]; changed: ChangedKeys }> {
  const others = without ? `where not exists (select from ${without} d where d.id = c.id)` : "";
  const rows = await query<{ id: string; tbl: string; key: string }>(
    client,
    "read the change log",
    `select id::text, tbl, key from rehome.change c ${others} order by id limit ${limit}`,
  );
  const changed: ChangedKeys = new Map();
  for (const row of rows) changed.set(row.tbl, (changed.get(row.tbl) ?? new Set()).add(row.key));
  return { ids: rows.map((row) => row.id), changed };
}

/** Deletes what was carried, by id. */
export async function forget(client: ClientBase, ids: readonly string[]): Promise<void> {
  await query(client, "clear the change log", "delete from rehome.change where id = any($1::bigint[])", [ids]);
}
