import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import type { Catalog } from "../postgres/catalog.ts";
import { id } from "../postgres/identifier.ts";
import { joinOutside, readOutsideReferences } from "../postgres/outside.ts";
import { query, transaction } from "../postgres/query.ts";

/**
 * Notes which rows that moved are referred to by rows that stay behind: rows of mapped tables with a reason, and all rows of tables that are not
 * carried at all (under `stays`, or in another schema). From the switch on the product cannot delete them on the target
 * (`RH005`): the way back would delete them on legacy, and legacy's cascades would take rows along that exist nowhere else.
 */
export async function noteParents(
  legacy: ClientBase,
  target: ClientBase,
  config: MoveConfig,
  catalog: Catalog,
  epoch: string,
): Promise<void> {
  const staying = await query<{ name: string; keys: string[] }>(
    target,
    "read which rows stay behind",
    "select legacy_table as name, array_agg(key) as keys from rehome.left_behind group by legacy_table",
  );
  const parents: { name: string; key: string }[] = [];
  for (const { name, keys } of staying) {
    const table = catalog.get(name);
    for (const reference of table?.foreignKeys ?? []) {
      const [column] = reference.columns;
      if (!config.tables[reference.table] || reference.columns.length !== 1 || !column) continue;
      // Named by key on the other side too: a reference to another unique column is looked up there.
      const rows = await query<{ key: string }>(
        legacy,
        `find what the ${name} that stay refer to`,
        `select distinct p.${id(catalog.get(reference.table)?.primaryKey[0] ?? "")}::text as key
           from public.${id(name)} c join public.${id(reference.table)} p on p.${id(reference.references[0] ?? "")} = c.${id(column)}
          where c.${id(table?.primaryKey[0] ?? "")}::text = any($1)`,
        [keys],
      );
      parents.push(...rows.map((row) => ({ name: reference.table, key: row.key })));
    }
  }
  for (const reference of await readOutsideReferences(legacy, Object.keys(config.tables))) {
    const rows = await query<{ key: string }>(
      legacy,
      `find what ${reference.schema}.${reference.table} refers to`,
      `select distinct p.${id(catalog.get(reference.parent)?.primaryKey[0] ?? "")}::text as key from ${joinOutside(reference)}`,
    );
    parents.push(...rows.map((row) => ({ name: reference.parent, key: row.key })));
  }
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    await query(target, "forget earlier parents", "delete from rehome.left_behind_parent");
    await query(
      target,
      "note parents of rows that stay",
      "insert into rehome.left_behind_parent (legacy_table, key) select distinct name, key from unnest($1::text[], $2::text[]) p(name, key)",
      [parents.map((parent) => parent.name), parents.map((parent) => parent.key)],
    );
  });
}
