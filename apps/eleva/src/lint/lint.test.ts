import { doctor, lint } from "@rehome/tenancy";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import options from "../../tenancy.config.ts";
import { applyTargetSchema } from "../schema/apply.ts";
import { guardedDatabase } from "../testing/target-database.ts";

let target: Awaited<ReturnType<typeof guardedDatabase>>;
let owner: pg.Client;

beforeAll(async () => {
  target = await guardedDatabase();
  owner = target.owner;
  await applyTargetSchema(owner);
});
afterAll(() => target.drop());

test("the linter is clean on Eleva's schema, but for what tenancy.config.ts accepts with a reason", async () => {
  const found = await lint(owner, options);
  expect(found.filter(({ level }) => level !== "info")).toEqual([]);
});

test("without what is accepted it is not: each entry stands for something that is there", async () => {
  const rules = new Set((await lint(owner, { partyColumns: options.partyColumns })).map(({ rule }) => rule));
  expect(options.accept.filter(({ rule }) => !rules.has(rule))).toEqual([]);
});

test.each([
  ["alter table public.records no force row level security", "row-security-not-forced", "public.records"],
  [
    "drop policy records_select_patient_org on public.records; create policy p on public.records for select to authenticated using (true)",
    "always-true-read",
    "public.records policy p",
  ],
  ["grant update (org_id) on public.services to authenticated", "identity-column-writable", "public.services.org_id"],
  [
    "grant update (status, amount) on public.payment_transfers to authenticated; create policy p on public.payment_transfers for update to authenticated using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()))",
    "money-column-writable",
    "public.payment_transfers.amount",
  ],
  [
    "alter policy records_insert_writing_expert on public.records with check (org_id = (select auth.org_id()))",
    "foreign-key-crosses-organizations",
    "public.records constraint records_meeting_id_meetings_id_fk",
  ],
  ["grant select (guest_notes) on public.meetings to authenticated", "confidential-column-open", "public.meetings.guest_notes"],
  [
    "create or replace function confidential.records(uuid[]) returns setof public.records stable security definer language plpgsql set search_path = pg_catalog, pg_temp as $$ begin return query select t.* from public.records t; end $$",
    "definer-reachable",
    "confidential.records(uuid[])",
  ],
  ["grant select on public.guests to authenticated", "verb-missing", "public.guests select by authenticated"],
])("a fault of the team's first attempt is found: %s", async (sql, rule, object) => {
  await owner.query(`begin; ${sql}`);
  const found = await lint(owner, options);
  await owner.query("rollback");

  expect(found.map((finding) => [finding.rule, finding.object])).toContainEqual([rule, object]);
});

test("the doctor finds the schema in order, and no issuer yet", async () => {
  const checks = await doctor(owner, options);
  expect(checks.filter(({ state }) => state !== "ok").map(({ name }) => name)).toEqual([
    "issuers",
    "other databases",
  ]) /* of this server, which the tests share */;
});
