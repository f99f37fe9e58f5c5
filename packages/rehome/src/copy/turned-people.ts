import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import type { ForwardTable } from "../mapping/forward.ts";
import { id } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";

// People who ceased or began to move after rows were copied, or who have other ids at WorkOS by now (table `rehome.rejudge`, written by `rehome users`).

/** Inside a transaction, before people are written: takes away rows of people under ids that nobody has any more. */
export async function removePeopleRows(target: ClientBase, config: MoveConfig): Promise<void> {
  for (const mapping of Object.values(config.tables)) {
    const [main, ...parts] = Object.keys(mapping.into);
    if (!mapping.everyPerson || !main) continue;
    const owner = id(mapping.everyPerson.conflict);
    for (const table of [...parts.toReversed(), main]) {
      await quietly(
        target,
        `remove ${table} of people who left`,
        `delete from public.${id(table)} t where t.${owner} in (${FORMER_USERS})`,
      );
    }
  }
}

/** Inside the transaction that carried the rows of these people anew: what the product's own statements take away, then the note itself. */
export async function forgetTurned(target: ClientBase, config: MoveConfig): Promise<void> {
  for (const { table, sql } of config.people.remove) await quietly(target, `remove ${table} of people who left`, sql);
  await query(target, "forget whose rows had to be judged anew", "delete from rehome.rejudge");
}

/** User ids that stood in rows and are nobody's any more. */
const FORMER_USERS = `select u from rehome.rejudge r, unnest(r.workos_user_ids) u where not exists (select from rehome.identity i where i.workos_user_id = u)`;

/** Keys of the rows of these people, and of rows that name them, by legacy table. */
export async function rowsOfTurned(
  legacy: ClientBase,
  target: ClientBase,
  tables: readonly ForwardTable[],
  config: MoveConfig,
): Promise<{ tbl: string; key: string }[]> {
  const turned = await query<{ id: string; organizations: string[] }>(
    target,
    "read whose rows must be judged anew",
    "select legacy_user_id as id, workos_organization_ids as organizations from rehome.rejudge",
  );
  if (turned.length === 0) return [];
  const people = turned.map((row) => row.id);
  const organizations = turned.flatMap((row) => row.organizations);
  const found: { tbl: string; key: string }[] = [];
  for (const { legacyTable, key } of tables) {
    const mapping = config.tables[legacyTable];
    if (!mapping || mapping.everyPerson) continue;
    const sources = Object.entries(mapping.into).flatMap(([table, columns]) =>
      Object.entries(columns).map(([column, source]) => ({ table, column, source })),
    );
    const naming = new Set(sources.flatMap(({ source }) => (source.kind === "user" ? [source.column] : [])));
    if (mapping.owner.kind === "user") naming.add(mapping.owner.column);
    if (naming.size > 0) {
      const rows = await query<{ key: string }>(
        legacy,
        `find ${legacyTable} of people who turned`,
        `select ${id(key)}::text as key from public.${id(legacyTable)} where ${[...naming].map((column) => `${id(column)} = any($1)`).join(" or ")}`,
        [people],
      );
      found.push(...rows.map((row) => ({ tbl: legacyTable, key: row.key })));
    }
    const [main] = Object.keys(mapping.into);
    const mainKey = sources.find(({ table, source }) => table === main && source.kind === "same" && source.column === key)?.column;
    for (const { table, column, source } of sources) {
      if (source.kind !== "party" || table !== main || !mainKey) continue;
      const rows = await query<{ key: string }>(
        target,
        `find ${table} in organizations of people who turned`,
        `select ${id(mainKey)}::text as key from public.${id(table)} where ${id(column)} = any($1)`,
        [organizations],
      );
      found.push(...rows.map((row) => ({ tbl: legacyTable, key: row.key })));
    }
  }
  return found;
}
