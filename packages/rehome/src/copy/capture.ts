import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { id, nameFor, quote } from "../postgres/identifier.ts";
import { query, transaction } from "../postgres/query.ts";
import { installQuietly } from "../postgres/quietly.ts";
import { sqlFile } from "../postgres/sql-file.ts";

const CAPTURE = sqlFile(import.meta.url, "capture.sql");

/**
 * Installs change capture and the fence on some tables. From then on no write of the product goes unnoticed.
 *
 * Every trigger is ENABLE ALWAYS, so `session_replication_role` does not silence it. Only writes of `applierRole` that also say
 * `rehome.apply = on` are left out: if the product should use the same role, its writes are still seen.
 *
 * A trigger that is there already is left alone, and a table that somebody holds is waited for briefly and tried again: waiting in the queue for
 * its lock would stop the product's own writes.
 *
 * @param tables what to watch
 * @param applierRole the role the mover logs in with on this database
 * @param firstState `open` where the product writes now, `closed` where it must not yet; a state that is already set stays
 */
export async function installCapture(
  client: ClientBase,
  tables: readonly WatchedTable[],
  applierRole: string,
  firstState: "open" | "closed",
): Promise<void> {
  const [before] = await query<{ there: boolean }>(
    client,
    "look for the change log",
    "select to_regclass('rehome.fence_state') is not null as there",
  );
  await query(client, "install change capture", CAPTURE);
  await installQuietly(client);
  if (!before?.there) await query(client, "set the fence", "select setval('rehome.fence_state', $1)", [firstState === "open" ? 1 : 2]);
  for (const table of tables) {
    if (table.key !== null) await query(client, `prepare to watch ${table.name}`, captureFunction(table, table.key, applierRole));
    for (const trigger of triggersOf(table, applierRole)) await addTrigger(client, table, trigger);
  }
}

export interface WatchedTable {
  /** Default `public`; a table of another one is only fenced. */
  schema?: string;
  name: string;
  /** Column whose value is logged; null for a table that is only fenced: what is written there has no place on the other side. */
  key: string | null;
  /**
   * On the target: the legacy table whose keys it holds. Keys of rows that stayed behind may not be taken, and rows that such rows refer to may not
   * be deleted: on the way back one would overwrite what exists only on legacy, the other would take it along.
   */
  legacyTable?: string;
}

interface Trigger {
  name: string;
  sql: string;
}

const placeOf = ({ schema = "public", name }: WatchedTable): string => `${id(schema)}.${id(name)}`;

function triggersOf(table: WatchedTable, applierRole: string): Trigger[] {
  const { name, key } = table;
  const on = placeOf(table);
  const events = `insert or update or delete${key === null ? " or truncate" : ""}`; // of a table that is followed, truncate is refused always
  const fence = `create trigger rehome_fence before ${events} on ${on} for each statement execute function rehome.fence(${quote(applierRole)})`;
  if (key === null) return [{ name: "rehome_fence", sql: fence }];
  return [
    { name: "rehome_fence", sql: fence },
    {
      name: "rehome_capture",
      sql: `create trigger rehome_capture after insert or update or delete on ${on} for each row execute function rehome.${id(nameFor("capture_", name))}()`,
    },
    {
      name: "rehome_truncate",
      sql: `create trigger rehome_truncate before truncate on ${on} for each statement execute function rehome.refuse_truncate()`,
    },
  ];
}

const TRIES = 10;
const LOCK_WAIT_MS = 1_000;

async function addTrigger(client: ClientBase, table: WatchedTable, { name, sql }: Trigger): Promise<void> {
  const on = placeOf(table);
  const [there] = await query(
    client,
    `look for the triggers of ${table.name}`,
    "select from pg_trigger where tgrelid = $1::regclass and tgname = $2 and tgenabled = 'A'",
    [on, name],
  );
  if (there) return;
  const statement = `drop trigger if exists ${id(name)} on ${on}; ${sql}; alter table ${on} enable always trigger ${id(name)}`;
  for (let attempt = 1; ; attempt++) {
    try {
      await transaction(client, async () => {
        await query(client, "limit the wait for a lock", `set local lock_timeout = ${LOCK_WAIT_MS}`);
        await query(client, `watch ${table.name}`, statement);
      });
      return;
    } catch (error) {
      if (attempt >= TRIES || !(error instanceof MoveError) || error.refusal !== "55P03") throw error;
      await new Promise((resolve) => setTimeout(resolve, LOCK_WAIT_MS)); // let the writers pass
    }
  }
}

function captureFunction({ name: table, legacyTable }: WatchedTable, key: string, applierRole: string): string {
  const name = `rehome.${id(nameFor("capture_", table))}`;
  const applier = quote(applierRole);
  const keyText = (row: string) => `${row}.${id(key)}::text`;
  const kept =
    legacyTable === undefined
      ? ""
      : `
  if tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.${id(key)} is distinct from old.${id(key)}) then
    if exists (select from rehome.left_behind b where b.legacy_table = ${quote(legacyTable)} and b.key = ${keyText("new")}) then
      raise exception 'This key belongs to a row that stayed behind.' using errcode = 'RH005', hint = 'Use another key.';
    end if;
  end if;
  if tg_op = 'DELETE' or (tg_op = 'UPDATE' and new.${id(key)} is distinct from old.${id(key)}) then
    if exists (select from rehome.left_behind_parent p where p.legacy_table = ${quote(legacyTable)} and p.key = ${keyText("old")}) then
      raise exception 'Rows that stayed behind refer to this row.' using errcode = 'RH005', hint = 'It can be deleted after finish.';
    end if;
  end if;`;
  const log = (row: string) => `insert into rehome.change (tbl, key) values (${quote(table)}, ${row}.${id(key)}::text);`;
  return `
create or replace function ${name}() returns trigger language plpgsql security definer set search_path = '' as $capture$
begin
  if session_user = ${applier} and current_setting('rehome.apply', true) = 'on' then return null; end if;${kept}
  if tg_op <> 'INSERT' then ${log("old")} end if;
  if tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.${id(key)} is distinct from old.${id(key)}) then ${log("new")} end if;
  return null;
end $capture$`;
}
