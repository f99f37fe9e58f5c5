import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillSmallProduct } from "../testing/small-product.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";

let template: TargetTemplate;
let target: TargetDatabase;

beforeAll(async () => {
  template = await targetTemplate(fillSmallProduct);
  target = await template.copy();
});
afterAll(async () => {
  await target?.drop();
  await template?.drop();
});

const BUSY = "select starts_at, ends_at from busy_intervals($1, $2, $3)";
type Interval = { starts_at: Date; ends_at: Date };
const asText = (rows: Interval[]) =>
  rows.map((row) => `${row.starts_at.toISOString().slice(5, 16)} - ${row.ends_at.toISOString().slice(5, 16)}`);

const publicly = (expert: string, from: string, to: string) =>
  target.tenancy.anonymous(async (_db, query) => asText((await query<Interval>(BUSY, [expert, from, to])).rows));
const asExpert = async (user: string, org: string, expert: string, from: string, to: string) =>
  target.tenancy.as(await target.token(user, org), async (_db, query) => asText((await query<Interval>(BUSY, [expert, from, to])).rows));

describe("busy_intervals", () => {
  test("merges meetings, reservations and blocked days of the profile's organization, not the clinic's, clips them to what was asked, and names nobody", async () => {
    expect(await publicly("user_ana", "2026-03-02 10:15Z", "2026-03-12Z")).toEqual([
      "03-02T10:15 - 03-02T11:30", // two overlapping meetings
      "03-09T10:00 - 03-09T11:00", // two reservations
      "03-10T00:00 - 03-11T00:00", // blocked, Lisbon in winter
    ]);
  });

  test("an expert who is not published is taken all the time for others, and what is true for the own organization", async () => {
    expect(await publicly("user_rui", "2026-03-01Z", "2026-03-20Z")).toEqual(["03-01T00:00 - 03-20T00:00"]);
    expect(await publicly("user_nobody", "2026-03-01Z", "2026-03-20Z")).toEqual(["03-01T00:00 - 03-20T00:00"]);
    expect(await asExpert("user_rui", "org_rui", "user_rui", "2026-03-01Z", "2026-03-20Z")).toEqual([
      "03-03T09:00 - 03-03T10:00", // ends before it starts
      "03-04T10:00 - 03-04T11:00",
      "03-10T00:00 - 03-11T00:00", // a zone that does not exist counts as UTC
    ]);
  });

  test("refuses spans that make it a dump", async () => {
    await expect(publicly("user_ana", "2020-01-01Z", "2026-01-01Z")).rejects.toMatchObject({ sqlstate: "22023" });
    await expect(publicly("user_ana", "2026-01-02Z", "2026-01-01Z")).rejects.toMatchObject({ sqlstate: "22023" });
  });
});

test("meeting_receipts shows the patient amount, currency and state, and no other column of the payment", async () => {
  const token = await target.token("user_pia", "org_pia");
  const { rows } = await target.tenancy.as(token, (_db, query) => query("select amount, currency, state from meeting_receipts"));
  expect(rows).toEqual(Array(3).fill({ amount: 5000, currency: "eur", state: "succeeded" }));

  const payments = await target.tenancy.as(token, (_db, query) => query("select meeting_id from meeting_payments"));
  expect(payments.rows).toEqual([]);
  await expect(target.tenancy.anonymous((_db, query) => query("select from meeting_receipts"))).rejects.toMatchObject({
    sqlstate: "42501",
  });
});

test("lists of meetings by organization and patient use their indexes", async () => {
  const { owner } = target;
  await owner.query("begin; set local enable_seqscan = off; set local role authenticated");
  try {
    await owner.query("select auth.jwt_session_init($1)", [await target.token("user_ana", "org_ana")]);
    const { rows } = await owner.query<{ "QUERY PLAN": string }>("explain select id, timezone from meetings");
    const plan = rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(plan).toContain("meetings_org_id_starts_at");
    expect(plan).toContain("meetings_patient_org_id_starts_at");
    const records = await owner.query<{ "QUERY PLAN": string }>("explain select id, version from records");
    const recordsPlan = records.rows.map((row) => row["QUERY PLAN"]).join("\n");
    expect(recordsPlan).toContain("records_pkey"); // a share finds its record by key
    expect(recordsPlan).not.toContain("Seq Scan on records");
  } finally {
    await owner.query("rollback");
  }
});
