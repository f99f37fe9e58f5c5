import type { ClientBase } from "pg";
import { id, quote } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { installQuietly } from "../postgres/quietly.ts";
import { sqlFile } from "../postgres/sql-file.ts";

const CAPTURE = sqlFile(import.meta.url, "capture.sql");

/**
 * Installs change capture and the fence on some tables. From then on no write of the product goes unnoticed.
 *
 * Every trigger is ENABLE ALWAYS, so `session_replication_role` does not silence it. Only writes of `applierRole` that also say
 * `rehome.apply = on` are left out: if the product should use the same role, its writes are still seen.
 *
 * @param keys key column by table
 * @param applierRole the role the mover logs in with on this database
 * @param firstState `open` where the product writes now, `closed` where it must not yet; a state that is already set stays
 */
export async function installCapture(
  client: ClientBase,
  keys: ReadonlyMap<string, string>,
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
  for (const [table, key] of keys) await query(client, `watch ${table}`, watch(table, key, applierRole));
}

function watch(table: string, key: string, applierRole: string): string {
  const on = `public.${id(table)}`;
  const name = `rehome.${id(`capture_${table}`)}`;
  const applier = quote(applierRole);
  const log = (row: string) => `insert into rehome.change (tbl, key) values (${quote(table)}, ${row}.${id(key)}::text);`;
  return `
create or replace function ${name}() returns trigger language plpgsql security definer set search_path = '' as $capture$
begin
  if session_user = ${applier} and current_setting('rehome.apply', true) = 'on' then return null; end if;
  if tg_op <> 'INSERT' then ${log("old")} end if;
  if tg_op = 'INSERT' or (tg_op = 'UPDATE' and new.${id(key)} is distinct from old.${id(key)}) then ${log("new")} end if;
  return null;
end $capture$;
create or replace trigger rehome_fence before insert or update or delete on ${on} for each statement execute function rehome.fence(${applier});
create or replace trigger rehome_capture after insert or update or delete on ${on} for each row execute function ${name}();
create or replace trigger rehome_truncate before truncate on ${on} for each statement execute function rehome.refuse_truncate();
alter table ${on} enable always trigger rehome_fence;
alter table ${on} enable always trigger rehome_capture;
alter table ${on} enable always trigger rehome_truncate`;
}

/** Opens or closes a database for the product's writes. Takes effect at once, for old snapshots too, and is not undone by a rollback. */
export async function setFence(client: ClientBase, state: "open" | "closed"): Promise<void> {
  await query(client, `set the fence to ${state}`, "select setval('rehome.fence_state', $1)", [state === "open" ? 1 : 2]);
}

export async function readFence(client: ClientBase): Promise<"open" | "closed" | "absent"> {
  const [found] = await query<{ there: boolean }>(
    client,
    "look for the fence",
    "select to_regclass('rehome.fence_state') is not null as there",
  );
  if (!found?.there) return "absent";
  const [row] = await query<{ state: string }>(client, "read the fence", "select last_value::text as state from rehome.fence_state");
  return row?.state === "2" ? "closed" : "open";
}

/**
 * Freezes: waits until every transaction that wrote has ended, and refuses new writes (RH001) until this client's transaction ends.
 *
 * If this process dies, the server ends the transaction and writes go on: nobody has to unfreeze.
 *
 * @param patienceMs how long to wait for open transactions before giving up (SQLSTATE 55P03)
 */
export async function freeze(client: ClientBase, patienceMs: number): Promise<void> {
  await query(client, "limit the wait for open transactions", `set local lock_timeout = ${Math.round(patienceMs)}`);
  await query(client, "freeze writes", "lock table rehome.fence in exclusive mode");
  await query(client, "lift the limit", "set local lock_timeout = 0");
}
