import type { Fault } from "./fault.ts";

export const ROLE_FAULTS: readonly Fault[] = [
  { name: "the application bypasses", sql: "alter role {app} bypassrls", finds: [["role-bypasses", "role {app}"]] },
  { name: "a job bypasses", sql: "alter role {job} bypassrls", finds: [["role-bypasses", "role {job}"]] },
  {
    name: "the login can become the owner",
    sql: "grant {owner} to {login} with inherit false",
    finds: [
      ["role-becomes-more", "role {owner} granted to {login}"],
      ...["note", "note_titles", "organizations", "payout", "remark"].map((table) => ["owner-can-log-in", `public.${table}`] as const),
    ],
  },
  {
    name: "the application can become a job",
    sql: "grant {job} to {app} with inherit false",
    finds: [["role-becomes-more", "role {job} granted to {app}"]],
  },
  {
    name: "a worker can become the application",
    sql: "grant {app} to {worker} with inherit false",
    finds: [["role-becomes-more", "role {app} granted to {worker}"]],
  },
  {
    name: "the application reads all data",
    sql: "grant pg_read_all_settings to {app} with inherit false",
    finds: [["role-becomes-more", "role pg_read_all_settings granted to {app}"]],
  },
  {
    name: "the login may pass its roles on",
    sql: "grant {app} to {login} with admin true, inherit false",
    finds: [["role-becomes-more", "role {app} granted to {login}"]],
  },
  {
    name: "the login inherits",
    sql: "grant {app} to {login} with inherit true",
    finds: [["login-inherits", "role {app} granted to {login}"]],
  },
  {
    name: "the login has rights itself",
    sql: `grant select on public.organizations to {login}; create policy l on public.organizations for select to {login} using (id = (select auth.org_id()))`,
    finds: [["login-has-rights", "public.organizations granted to {login}"]],
  },
  { name: "the product owns a schema", sql: "create schema side authorization {login}", finds: [["login-owns", "schema side"]] },
  {
    name: "the product owns a function",
    sql: "alter function public.shout(text) owner to {job}",
    finds: [["login-owns", "function public.shout(text)"]],
  },
  { name: "the login makes roles", sql: "alter role {login} createrole", finds: [["role-attributes", "role {login}"]] },
  { name: "the application logs in", sql: "alter role {app} login", finds: [["application-logs-in", "role {app}"]] },
];
