import { type Fault, OWN } from "./fault.ts";

const tag = (columns: string, after = "") => `
  set role {owner};
  create table public.tag (${columns});
  alter table public.tag enable row level security;
  alter table public.tag force row level security;
  ${after};
  reset role`;
const ORG = "org_id text not null primary key references public.organizations";

export const TABLE_FAULTS: readonly Fault[] = [
  {
    name: "a new table that nobody guarded",
    sql: `set role {owner}; create table public.tag (${ORG}); grant select on public.tag to {app}; reset role`,
    finds: [["row-security-off", "public.tag"]],
  },
  {
    name: "a table outside of the product's schemas that the product can read",
    sql: `create schema side; grant usage on schema side to {app}; create table side.tag (id int); grant select on side.tag to {app}`,
    finds: [["row-security-off", "side.tag"]],
  },
  {
    name: "a partition that is open by its own name",
    sql: `
      set role {owner};
      create table public.tag (org_id text not null references public.organizations, id int, primary key (org_id, id)) partition by hash (org_id);
      create table public.tag_0 partition of public.tag for values with (modulus 1, remainder 0);
      alter table public.tag enable row level security;
      alter table public.tag force row level security;
      create policy read on public.tag for select to {app} using (${OWN});
      grant select on public.tag, public.tag_0 to {app};
      reset role`,
    finds: [["row-security-off", "public.tag_0"]],
  },
  {
    name: "row security switched off",
    sql: "alter table public.remark disable row level security",
    finds: [["row-security-off-with-policies", "public.remark"]],
  },
  {
    name: "FORCE lost",
    sql: "alter table public.remark no force row level security",
    finds: [["row-security-not-forced", "public.remark"]],
  },
  { name: "a table without a policy", sql: tag(ORG), finds: [["no-policy", "public.tag"]] },
  {
    name: "migrations run as a superuser",
    sql: "alter table public.note owner to current_user",
    finds: [["owner-can-log-in", "public.note"]],
  },
  {
    name: "a table that the product owns",
    sql: "alter table public.remark owner to {app}",
    finds: [
      ["owner-can-log-in", "public.remark"],
      ["function-default", "role {app}"],
      ["sequence-shared", "public.remark_id_seq"],
    ],
  },
  {
    name: "a table without primary key",
    sql: "alter table public.payout drop constraint payout_pkey",
    finds: [["no-primary-key", "public.payout"]],
  },
  {
    name: "a table without an org column",
    sql: tag(
      "id int primary key",
      "create policy read on public.tag for select to {app} using (id = 1); grant select on public.tag to {app}",
    ),
    finds: [["org-column-missing", "public.tag"]],
  },
  {
    name: "a nullable org column",
    sql: "alter table public.payout alter column org_id drop not null",
    finds: [["org-column-nullable", "public.payout.org_id"]],
  },
  {
    name: "a rewrite rule",
    sql: "create rule hide as on delete to public.payout do instead nothing",
    finds: [["table-rule", "public.payout rule hide"]],
  },
];
