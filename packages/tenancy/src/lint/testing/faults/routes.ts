import type { Fault } from "./fault.ts";

const definer = (name: string, path = "pg_catalog, pg_temp") => `
  set role {owner};
  create function public.${name}() returns bigint stable security definer language sql set search_path = ${path} as 'select count(*) from public.note';
  revoke all on function public.${name}() from public;
  reset role`;

export const ROUTE_FAULTS: readonly Fault[] = [
  {
    name: "a view that reads as its owner",
    sql: "create view public.all_notes with (security_barrier) as select id from public.note; alter view public.all_notes owner to {owner}; grant select on public.all_notes to {app}",
    finds: [["view-as-owner", "public.all_notes"]],
  },
  {
    name: "an invoker's view changed to an owner's, without barrier",
    sql: "alter view public.note_titles reset (security_invoker)",
    finds: [
      ["view-as-owner", "public.note_titles"],
      ["view-without-barrier", "public.note_titles"],
    ],
  },
  {
    name: "sessions through a view",
    sql: `create view public.sessions with (security_invoker = on) as select sid from auth.revoked_session;
      alter view public.sessions owner to {owner}; grant select on public.sessions to {app}`,
    finds: [["guard-through-view", "public.sessions"]],
  },
  {
    name: "a materialized view",
    sql: "create materialized view public.sums as select count(*) from public.note; alter materialized view public.sums owner to {owner}; grant select on public.sums to {app}",
    finds: [["materialized-view-open", "public.sums"]],
  },
  {
    name: "a foreign table",
    sql: `create foreign data wrapper f; create server far foreign data wrapper f; create foreign table public.far_notes (id int) server far;
      alter foreign table public.far_notes owner to {owner}; grant select on public.far_notes to {app}`,
    finds: [["foreign-table-open", "public.far_notes"]],
  },
  {
    name: "a definer function for the product",
    sql: `${definer("count_all")}; grant execute on function public.count_all() to {app}`,
    finds: [["definer-reachable", "public.count_all()"]],
  },
  {
    name: "a definer function for anonymous",
    sql: `${definer("count_all")}; grant execute on function public.count_all() to {anon}`,
    finds: [["definer-reachable", "public.count_all()"]],
  },
  {
    name: "a superuser's trigger",
    sql: `create function public.stamp() returns trigger security definer language plpgsql set search_path = pg_catalog, pg_temp as 'begin return new; end';
      create trigger stamp before insert on public.note for each row execute function public.stamp(); revoke all on function public.stamp() from public`,
    finds: [["definer-mighty", "public.stamp()"]],
  },
  {
    name: "a function without search_path",
    sql: "alter function public.shout(text) reset search_path",
    finds: [["search-path-open", "public.shout(text)"]],
  },
  {
    name: "a definer function that sees pg_temp first",
    sql: definer("count_all", "public"),
    finds: [["definer-path-temp", "public.count_all()"]],
  },
  {
    name: "an extension in public",
    sql: "create extension citext schema public",
    finds: [["extension-in-product-schema", "extension citext"]],
  },
  {
    name: "a leakproof function",
    sql: "alter function public.shout(text) leakproof",
    finds: [["leakproof-function", "public.shout(text)"]],
  },
  {
    name: "a foreign server for the product",
    sql: "create foreign data wrapper f; create server far foreign data wrapper f; grant usage on foreign server far to {job}",
    finds: [["way-out", "server far"]],
  },
  {
    name: "a file function for the product",
    sql: "grant execute on function pg_read_file(text) to {app}",
    finds: [["way-out", "pg_catalog.pg_read_file(text)"]],
  },
];
