import type { ClientBase } from "pg";
import { withoutRowData } from "../errors.ts";
import { type GuardNames, guardSql } from "./sql-text.ts";

/**
 * Installs the event trigger of utility.sql, inside the open transaction. A caller who may not (event triggers are for superusers; some services
 * give them to their administrators) leaves it out: `doctor` then says what is open.
 *
 * @returns whether it is there
 */
export async function refuseUtility(client: ClientBase, names: GuardNames): Promise<boolean> {
  await client.query("savepoint utility");
  try {
    await client.query(guardSql("utility", names));
    await client.query("release savepoint utility");
    return true;
  } catch (error) {
    if (withoutRowData(error).sqlstate !== "42501") throw error;
    await client.query("rollback to savepoint utility");
    // A superuser may have put it there before.
    const { rows } = await client.query<{ there: boolean }>(
      "select exists (select from pg_event_trigger where evtname = 'rehome_refuse_utility' and evtenabled in ('O', 'A') and evtevent = 'ddl_command_start' and evttags is null and evtfoid = to_regprocedure($1)) as there",
      [`${names.schema}.refuse_utility()`],
    );
    return rows[0]?.there ?? false;
  }
}
