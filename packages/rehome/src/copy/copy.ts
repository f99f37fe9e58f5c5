import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { holdEpoch, markDone, setState, tasksDone } from "../ledger/ledger.ts";
import type { ForwardTable } from "../mapping/forward.ts";
import { id } from "../postgres/identifier.ts";
import { query, transaction } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";
import { type ChangedKeys, carryChanges, carryTable } from "./forward-pass.ts";
import { drainLegacy, SNAPSHOT } from "./sync.ts";
import { forgetTurned, removePeopleRows, rowsOfTurned } from "./turned-people.ts";

export interface CopyFigures {
  tables: number;
  rows: number;
  /** Log entries carried after the tables. */
  changes: number;
}

/**
 * Copies every table that is not copied yet, then carries what changed meanwhile. Change capture must be on before the first call.
 *
 * A table and its mark are one transaction of the target: a kill loses at most the table under way. Changes are carried only after all
 * tables are whole. A row whose parent is not there yet is skipped, because the change log holds both (it was written after the capture).
 *
 * @param onProgress called with the number of tables done, and of all
 */
export async function copyAll(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  config: MoveConfig,
  epoch: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<CopyFigures> {
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    await removePeopleRows(target, config);
    for (const { table, sql } of config.people.upsert) await quietly(target, `write ${table}`, sql);
    for (const { table, sql } of config.people.adoptGuests) await query(target, `adopt guests of ${table}`, sql);
  });
  const done = await tasksDone(target, "copy");
  const figures: CopyFigures = { tables: 0, rows: 0, changes: 0 };
  for (const [index, table] of tables.entries()) {
    // People are brought up to date each time: names, addresses and countries change at Clerk, where no change log sees them.
    if (!done.has(table.legacyTable) || config.tables[table.legacyTable]?.everyPerson) {
      figures.rows += await copyTable(legacy, target, table, config, epoch);
      figures.tables += 1;
    }
    onProgress(index + 1, tables.length);
  }
  await reconsider(legacy, target, tables, config, epoch);
  figures.changes = await drainLegacy(legacy, target, tables, config, epoch);
  await derive(target, config, epoch);
  await setState(target, epoch, "copied", null);
  return figures;
}

async function copyTable(legacy: ClientBase, target: ClientBase, table: ForwardTable, config: MoveConfig, epoch: string): Promise<number> {
  return transaction(
    legacy,
    () =>
      transaction(target, async () => {
        await holdEpoch(target, epoch);
        const rows = await carryTable(legacy, target, table, config);
        await markDone(target, "copy", table.legacyTable, { rows });
        return rows;
      }),
    SNAPSHOT,
  );
}

/** Tables that are filled from other tables of the target. */
export async function derive(target: ClientBase, config: MoveConfig, epoch: string): Promise<void> {
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    for (const { table, sql } of config.derive) await quietly(target, `derive ${table}`, sql);
  });
}

/**
 * Carries rows again whose verdict may have changed because people did: rows that stay behind, rows of guests who proved their address, and rows that
 * no longer lie where their owner works: in the home of somebody who has a practice by now, or in an organization that the owner has left.
 */
async function reconsider(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  config: MoveConfig,
  epoch: string,
): Promise<void> {
  const stays = await query<{ tbl: string; key: string }>(
    target,
    "read which rows stay behind",
    "select legacy_table as tbl, key from rehome.left_behind where reason <> 'parent_left_behind'",
  );
  const changed: ChangedKeys = new Map();
  const turned = await rowsOfTurned(legacy, target, tables, config);
  for (const { tbl, key } of [...stays, ...turned, ...(await rowsOfFormerGuests(target, config)), ...(await rowsElsewhere(target, config))])
    changed.set(tbl, (changed.get(tbl) ?? new Set()).add(key));
  await transaction(
    legacy,
    () =>
      transaction(target, async () => {
        await holdEpoch(target, epoch);
        if (changed.size > 0) await carryChanges(legacy, target, tables, changed, config);
        await forgetTurned(target, config);
      }),
    SNAPSHOT,
  );
}

async function rowsOfFormerGuests(target: ClientBase, config: MoveConfig): Promise<{ tbl: string; key: string }[]> {
  const found: { tbl: string; key: string }[] = [];
  for (const [name, mapping] of Object.entries(config.tables)) {
    const [main, sources] = Object.entries(mapping.into)[0] ?? [];
    const column = Object.entries(sources ?? {}).find(([, source]) => source.kind === "party")?.[0];
    const key = Object.entries(sources ?? {}).find(([, source]) => source.kind === "same")?.[0];
    if (!main || !column || !key) continue;
    const rows = await query<{ key: string }>(
      target,
      `find ${main} of guests who proved their address`,
      `select t.${id(key)}::text as key from public.${id(main)} t
         join rehome.guest g on g.org_id = t.${id(column)}
        where exists (select from rehome.address a join rehome.identity i using (legacy_user_id) where i.moved and a.verified and a.email_key = g.email_key)`,
    );
    found.push(...rows.map((row) => ({ tbl: name, key: row.key })));
  }
  return found;
}

async function rowsElsewhere(target: ClientBase, config: MoveConfig): Promise<{ tbl: string; key: string }[]> {
  const found: { tbl: string; key: string }[] = [];
  const [mirror] = await query<{ there: boolean }>(
    target,
    "look for the mirror",
    "select to_regclass('public.memberships') is not null as there",
  );
  for (const [name, mapping] of Object.entries(config.tables)) {
    const [main, sources] = Object.entries(mapping.into)[0] ?? [];
    const columnOf = (kind: string) => Object.entries(sources ?? {}).find(([, source]) => source.kind === kind)?.[0];
    const [org, owner, key] = [columnOf("ownerOrg"), columnOf("ownerUser"), columnOf("same")];
    if (!main || !org || !owner || !key) continue; // owned through a row that is carried itself
    const rows = await query<{ key: string }>(
      target,
      `find ${main} that do not lie where their owner works`,
      `select t.${id(key)}::text as key from public.${id(main)} t join rehome.identity i on i.workos_user_id = t.${id(owner)}
        where i.moved and i.organization_type is not null
          and ((i.workos_practice_id is not null and i.workos_organization_id = t.${id(org)})
               ${mirror?.there ? `or not exists (select from public.memberships m where m.workos_user_id = t.${id(owner)} and m.org_id = t.${id(org)})` : ""})`,
    );
    found.push(...rows.map((row) => ({ tbl: name, key: row.key })));
  }
  return found;
}
