import type { Fault } from "./fault.ts";

export const GRANT_FAULTS: readonly Fault[] = [
  {
    name: "a table open to PUBLIC",
    sql: "grant select on public.payout to public",
    finds: [
      ["granted-to-public", "public.payout"],
      ["verb-missing", "public.payout select by {anon}"],
    ],
  },
  {
    name: "a new function, as Postgres makes it",
    sql: "create function public.f() returns int language sql set search_path = pg_catalog, pg_temp as 'select 1'",
    finds: [["function-for-public", "public.f()"]],
  },
  {
    name: "new functions open again",
    sql: "alter default privileges for role {owner} grant execute on functions to public",
    finds: [["function-default", "role {owner}"]],
  },
  { name: "CREATE in the schema", sql: "grant create on schema public to {app}", finds: [["schema-create", "schema public"]] },
  { name: "the schema open to PUBLIC", sql: "grant usage on schema public to public", finds: [["schema-for-public", "schema public"]] },
  {
    name: "TEMP for everybody",
    sql: "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
    finds: [["database-rights", "database"]],
  },
  {
    name: "CREATE on the database",
    sql: "do $$ begin execute format('grant create on database %I to {login}', current_database()); end $$",
    finds: [["database-rights", "database"]],
  },
  {
    name: "new tables open to the product",
    sql: "alter default privileges for role {owner} in schema public grant select on tables to {app}",
    finds: [["default-privileges", "default privileges of {owner} for {app} in schema public"]],
  },
  {
    name: "a sequence open to the product",
    sql: "grant usage on sequence public.remark_id_seq to {app}",
    finds: [["sequence-shared", "public.remark_id_seq"]],
  },
  {
    name: "a large object",
    sql: "select lo_create(4711); grant select on large object 4711 to {app}",
    finds: [["large-object-open", "large object 4711"]],
  },
  {
    name: "large objects for everybody",
    sql: "grant execute on function lo_create(oid) to public",
    finds: [["large-object-functions", "large objects"]],
  },
  {
    name: "GRANT ALL",
    sql: "grant truncate, references, trigger on public.payout to {app}",
    finds: [["right-past-policies", "public.payout granted to {app}"]],
  },
  {
    name: "a job may TRUNCATE",
    sql: "grant truncate on public.payout to {job}",
    finds: [["right-past-policies", "public.payout granted to {job}"]],
  },
  {
    name: "a grant that can be passed on",
    sql: "grant select on public.payout to {app} with grant option",
    finds: [["grant-option", "public.payout granted to {app}"]],
  },
  {
    name: "the seal key open",
    sql: "grant select (made_at) on auth.seal_key to {app}",
    finds: [["guard-table-open", "auth.seal_key granted to {app}"]],
  },
  {
    name: "a sequence of the guard open",
    sql: "create sequence auth.number; alter sequence auth.number owner to rehome_owner; grant select on sequence auth.number to {job}",
    finds: [["guard-table-open", "auth.number granted to {job}"]],
  },
  {
    name: "an inner function of the guard open",
    sql: "grant execute on function auth.rotate_seal_key(boolean) to {app}",
    finds: [["guard-function-open", "auth.rotate_seal_key(boolean)"]],
  },
  {
    name: "everything published",
    sql: "create publication everything for all tables",
    finds: [["keys-published", "publication everything"]],
  },
  {
    name: "a server setting for the product",
    sql: "grant set on parameter log_statement to {app}",
    finds: [["setting-granted", "setting log_statement"]],
  },
];
