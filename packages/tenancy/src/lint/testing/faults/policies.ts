import { extraPolicy, type Fault, OWN } from "./fault.ts";

const EXTRA = "public.payout policy extra";
const READ_TWICE = ["several-policies", "public.payout select by {app}"] as const;

export const POLICY_FAULTS: readonly Fault[] = [
  {
    name: "a policy that forgot TO",
    sql: `drop policy payout_read on public.payout; ${extraPolicy(`for select using (${OWN})`)}`,
    finds: [["policy-for-public", EXTRA]],
  },
  { name: "reading everything", sql: extraPolicy("for select to {app} using (true)"), finds: [["always-true-read", EXTRA], READ_TWICE] },
  {
    name: "reading everything, said otherwise",
    sql: extraPolicy("for select to {app} using (amount = amount or 1 = 1)"),
    finds: [["always-true-read", EXTRA], READ_TWICE],
  },
  {
    name: "reading whatever has an organization",
    sql: extraPolicy("for select to {app} using (org_id is not null)"),
    finds: [["always-true-read", EXTRA], READ_TWICE],
  },
  {
    name: "changing everything",
    sql: "alter policy note_change on public.note using (true)",
    finds: [["always-true-write", "public.note policy note_change"]],
  },
  {
    name: "making a row whatever it is",
    sql: "alter policy note_change on public.note with check (true)",
    finds: [["always-true-write", "public.note policy note_change"]],
  },
  {
    name: "inserting for anybody",
    sql: "alter policy note_add on public.note with check (1 = 1)",
    finds: [["always-true-write", "public.note policy note_add"]],
  },
  {
    name: "signed in is enough",
    sql: "alter policy payout_read on public.payout using ((select auth.user_id()) is not null)",
    finds: [["row-not-looked-at", "public.payout policy payout_read"]],
  },
  {
    name: "no identity passes: IS NULL",
    sql: `alter policy payout_read on public.payout using (${OWN} or (select auth.org_id()) is null)`,
    finds: [["identity-null-passes", "public.payout policy payout_read"]],
  },
  {
    name: "no identity passes: COALESCE",
    sql: "alter policy payout_read on public.payout using (org_id = coalesce((select auth.org_id()), 'org_demo'))",
    finds: [["identity-null-passes", "public.payout policy payout_read"]],
  },
  {
    name: "no identity passes: IS NOT DISTINCT FROM",
    sql: "alter policy payout_read on public.payout using (org_id is not distinct from (select auth.org_id()))",
    finds: [["identity-null-passes", "public.payout policy payout_read"]],
  },
  {
    name: "no identity passes: IS NOT FALSE",
    sql: "alter policy payout_read on public.payout using ((org_id = (select auth.org_id())) is not false)",
    finds: [["identity-null-passes", "public.payout policy payout_read"]],
  },
  {
    name: "a policy by what the token says",
    sql: "alter policy payout_read on public.payout using (org_id = (select auth.session() ->> 'org_id'))",
    finds: [["policy-reads-session", "public.payout policy payout_read"]],
  },
  {
    name: "a policy by a setting",
    sql: "alter policy payout_read on public.payout using (org_id = (select current_setting('request.jwt.claims', true)::json ->> 'org_id'))",
    finds: [["policy-reads-setting", "public.payout policy payout_read"]],
  },
  {
    name: "a policy by a setting, behind a function",
    sql: `
      set role {owner};
      create function public.tenant() returns text stable language sql set search_path = pg_catalog, pg_temp as $$ select current_setting('app.tenant') $$;
      alter policy payout_read on public.payout using (org_id = (select public.tenant()));
      reset role`,
    finds: [["policy-reads-setting", "public.payout policy payout_read"]],
  },
  {
    name: "anonymous writes",
    sql: "grant delete on public.note to {anon}",
    finds: [
      ["anonymous-writes", "public.note delete by {anon}"],
      ["verb-missing", "public.note delete by {anon}"],
    ],
  },
  {
    name: "anonymous reads",
    sql: `${extraPolicy("for select to {anon} using (amount > 0)")}; grant select on public.payout to {anon}`,
    finds: [["anonymous-reads", "public.payout"]],
  },
  {
    name: "a verb without a policy",
    sql: "grant update (amount) on public.payout to {app}",
    finds: [["verb-missing", "public.payout update by {app}"]],
  },
  {
    name: "a job's verb without a policy",
    sql: "grant delete on public.payout to {job}",
    finds: [["verb-missing", "public.payout delete by {job}"]],
  },
  {
    name: "a dropped policy",
    sql: "drop policy note_remove on public.note",
    finds: [["verb-missing", "public.note delete by {app}"]],
  },
  {
    name: "a policy without its grant",
    sql: extraPolicy(`for update to {app} using (${OWN}) with check (${OWN})`),
    finds: [["policy-without-grant", EXTRA]],
  },
  {
    name: "USING without WITH CHECK",
    sql: `drop policy note_change on public.note; create policy note_change on public.note for update to {app} using (${OWN})`,
    finds: [["using-without-check", "public.note policy note_change"]],
  },
  {
    name: "FOR ALL by person: inserts into another organization",
    sql: `drop policy note_change on public.note; create policy mine on public.note to {app} using (author_id = (select auth.user_id()))`,
    finds: [
      ["using-without-check", "public.note policy mine"],
      ["policy-for-all", "public.note policy mine"],
      ["several-policies", "public.note select by {app}"],
      ["several-policies", "public.note insert by {app}"],
      ["several-policies", "public.note delete by {app}"],
    ],
  },
  { name: "two policies for one verb", sql: extraPolicy(`for select to {app} using (${OWN} and amount > 0)`), finds: [READ_TWICE] },
  {
    name: "an accessor once a row",
    sql: "alter policy payout_read on public.payout using (org_id = auth.org_id())",
    finds: [["accessor-per-row", "public.payout policy payout_read"]],
  },
  {
    name: "an accessor once a row of a subselect's table",
    sql: `alter policy payout_read on public.payout using (org_id = any (array(select o.id from public.organizations o where o.name = auth.user_id())))`,
    finds: [["accessor-per-row", "public.payout policy payout_read"]],
  },
  {
    name: "EXISTS over a table for every row",
    sql: `alter policy payout_read on public.payout using (exists (select from public.organizations o where o.id = payout.org_id and o.name = (select auth.org_id())))`,
    finds: [["policy-scans", "public.payout policy payout_read"]],
  },
  {
    name: "IN over a table",
    sql: `alter policy payout_read on public.payout using (org_id in (select o.id from public.organizations o where o.name = (select auth.user_id())))`,
    finds: [["policy-scans", "public.payout policy payout_read"]],
  },
  {
    name: "a function for every row",
    sql: `alter policy payout_read on public.payout using (${OWN} and public.shout(org_id) <> 'X')`,
    finds: [["policy-calls-function", "public.payout policy payout_read"]],
  },
  {
    name: "a policy by a column without index",
    sql: "drop index public.payout_org_id_idx",
    finds: [
      ["policy-column-without-index", "public.payout.org_id"],
      ["foreign-key-without-index", "public.payout constraint payout_org_id_fkey"],
    ],
  },
];
