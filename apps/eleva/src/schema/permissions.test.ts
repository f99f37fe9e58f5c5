import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fillHuntWorld } from "../hunt/world.ts";
import { attempt, attemptAsJob } from "../testing/attempt.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";

// What the roles of docs/organizations.md may do in a clinic, and that nobody speaks for a colleague; docs/who-sees-what.md.

let template: TargetTemplate;
let target: TargetDatabase;

beforeAll(async () => {
  template = await targetTemplate(fillHuntWorld);
  target = await template.copy();
});
afterAll(async () => {
  await target?.drop();
  await template?.drop();
});

const REFUSED = "42501";
const as = (who: string, sql: string) => attempt(target, who, sql);

describe("a colleague cannot speak for another", () => {
  const NOT_ADA = "(org_id, workos_user_id, first_name, last_name, published) values ('org_clinic', 'user_ada', 'Not', 'Ada', true)";

  test("a profile, a schedule, settings and blocked days are made for oneself only", async () => {
    for (const who of ["bea@clinic", "ana@clinic", "olga@clinic"]) {
      expect(await as(who, `insert into profiles ${NOT_ADA}`)).toBe(REFUSED);
      expect(await as(who, "insert into schedules (org_id, workos_user_id, timezone) values ('org_clinic', 'user_ada', 'UTC')")).toBe(
        REFUSED,
      );
      expect(await as(who, "insert into scheduling_settings (org_id, workos_user_id) values ('org_clinic', 'user_ada')")).toBe(REFUSED);
      expect(
        await as(who, "insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_ada', '2026-05-05')"),
      ).toBe(REFUSED);
    }
    expect(await as("ada@clinic", `insert into profiles ${NOT_ADA}`)).toBe(1);
    expect(
      await as("ada@clinic", "insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_ada', '2026-05-05')"),
    ).toBe(1);
  });

  test("a profile published in the clinic shows nothing of the private practice, even to who was let make one", async () => {
    const { owner } = target;
    await owner.query("begin");
    try {
      await owner.query(
        `insert into services (org_id, workos_user_id, name, slug, duration_minutes) values ('org_ada', 'user_ada', 'secret practice', 'x', 30)`,
      );
      await owner.query(
        "insert into blocked_dates (org_id, workos_user_id, date, reason) values ('org_ada', 'user_ada', '2026-05-05', 'surgery')",
      );
      await owner.query(`insert into profiles ${NOT_ADA}`);
      await owner.query("set local role anonymous");
      const { rows: services } = await owner.query("select name from services where workos_user_id = 'user_ada' order by 1");
      expect(services.map(({ name }) => name)).toEqual(["clinic reserved", "clinic unused"]);
      const { rows: busy } = await owner.query("select from busy_intervals('user_ada', '2026-05-01', '2026-06-01')");
      expect(busy).toHaveLength(0);
    } finally {
      await owner.query("rollback");
    }
  });
});

describe("the permissions of a role are asked", () => {
  const IN_CLINIC = "where org_id = 'org_clinic'";
  test.each([
    "update meetings set guest_notes = 'x'",
    "update services set price_cents = 1",
    "update session_packs set price_cents = 1",
    "update profiles set headline = 'x'",
    "update schedules set timezone = 'UTC'",
    "update scheduling_settings set minimum_notice = 1",
    "update blocked_dates set reason = 'x'",
    "update schedule_availabilities set start_time = '00:00'",
    "delete from schedules",
    "delete from schedule_availabilities",
    "delete from scheduling_settings",
    "delete from blocked_dates",
    "delete from session_packs",
    "delete from services",
  ])("a billing admin may not: %s", async (sql) => {
    expect(await as("bea@clinic", `${sql} ${IN_CLINIC}`)).toBe(0);
    expect(await as("olga@clinic", `${sql} ${IN_CLINIC} ${sql === "delete from services" ? "and name = 'clinic unused'" : ""}`)).not.toBe(
      0,
    );
  });

  test("what each role reads of the clinic's own rows", async () => {
    const tables = {
      meetings: "meetings:read",
      slot_reservations: "meetings:read",
      meeting_payments: "billing:read",
      payment_transfers: "billing:read",
      pack_purchases: "billing:read",
      service_stripe: "billing:read",
      session_pack_stripe: "billing:read",
      session_packs: "packs:read",
      services: "services:read",
      schedules: "schedule:read",
      schedule_availabilities: "schedule:read",
      scheduling_settings: "schedule:read",
      blocked_dates: "schedule:read",
      profiles: "profile:read",
      invitations: "members:read",
    };
    const holds: Record<string, string[]> = {
      "olga@clinic": [...new Set(Object.values(tables))],
      "ada@clinic": [...new Set(Object.values(tables))],
      "ana@clinic": ["profile:read", "services:read", "schedule:read", "meetings:read"],
      "bea@clinic": ["billing:read", "meetings:read"],
      "ned@clinic": ["profile:read", "schedule:read", "packs:read"],
    };
    for (const [who, permissions] of Object.entries(holds)) {
      for (const [table, permission] of Object.entries(tables)) {
        const seen = await as(who, `select from ${table} ${IN_CLINIC}`);
        const { rows } = await target.owner.query<{ n: number }>(`select count(*)::int as n from ${table} ${IN_CLINIC}`);
        expect(rows[0]?.n, table).toBeGreaterThan(0);
        const shownToAll = table === "profiles" ? 1 : 0; // Ned's is published
        expect({ who, table, seen }).toEqual({ who, table, seen: permissions.includes(permission) ? rows[0]?.n : shownToAll });
      }
    }
  });

  test("a member writes schedules, and no price, profile or service", async () => {
    expect(await as("ana@clinic", `update meetings set guest_notes = 'x' ${IN_CLINIC}`)).toBeGreaterThan(0);
    expect(
      await as("ana@clinic", "insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_ana', '2026-05-05')"),
    ).toBe(1);
    expect(await as("ana@clinic", `update services set price_cents = 1 ${IN_CLINIC}`)).toBe(0);
    expect(await as("ana@clinic", `update profiles set published = true ${IN_CLINIC}`)).toBe(0);
    const service =
      "insert into services (org_id, workos_user_id, name, slug, duration_minutes) values ('org_clinic', 'user_ana', 'n', 's', 30)";
    expect(await as("ana@clinic", service)).toBe(REFUSED);
    expect(await as("ada@clinic", service)).toBe(1); // the catalogue is the admin's, for whoever is an active member
    expect(await as("ada@clinic", service.replace("user_ana", "user_sam"))).toBe(REFUSED); // suspended
  });
});

test("the claim job makes no guest, neither of a claimed organization nor of any", async () => {
  for (const org of ["org_rui", "guest_3"])
    expect(
      await attemptAsJob(
        target.owner,
        "claim",
        `insert into guests (org_id, email_key, email) values ('${org}', 'new@example.test', 'new@example.test')`,
      ),
    ).toBe(REFUSED);
  expect(await attemptAsJob(target.owner, "claim", "update guests set org_id = 'org_rui' where org_id = 'guest_1'")).toBe(REFUSED);
  expect(await attemptAsJob(target.owner, "claim", "select from guests for update")).toBeGreaterThan(0);
  expect(await attemptAsJob(target.owner, "claim", "delete from guests where org_id = 'guest_1'")).toBe(1);
});
