import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { claimGuest } from "./claim.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty, settle } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";

let database: OrganizationsDatabase;
let workos: TestWorkos;
beforeAll(async () => {
  [database, workos] = await Promise.all([organizationsDatabase(), testWorkos()]);
});
afterAll(async () => {
  await workos?.stop();
  await database?.drop();
});

let person: { id: string };
const claim = () => claimGuest({ workos: workos.workos, run: database.claim }, person.id);

async function book(guest: string, key: string, ...ids: number[]): Promise<void> {
  await database.owner.query("insert into organizations (id, type, tier, claimed) values ($1, 'patient_personal', 'free', false)", [guest]);
  await database.owner.query("insert into guests (org_id, email_key, email) values ($1, $2, $2)", [guest, key]);
  for (const id of ids) {
    await database.owner.query("insert into meetings (id, org_id, patient_org_id, service_id) values ($1, 'org_expert', $2, 1)", [
      id,
      guest,
    ]);
    await database.owner.query(
      "insert into records (id, org_id, patient_org_id, meeting_id, encrypted_content) values ($1, 'org_expert', $2, $1, 'x')",
      [id, guest],
    );
  }
}

beforeEach(async () => {
  await empty(database);
  person = await workos.createUser(`  Ana+${crypto.randomUUID()}@Example.com`.trim());
  await settle(
    database,
    { id: "org_expert", type: "expert_individual", members: { rui: "owner" } },
    { id: "org_ana", type: "patient_personal", members: { [person.id]: "owner" } },
  );
  await database.owner.query("insert into services values (1, 'org_expert', 'Consultation')");
});

const key = async () => (await workos.workos.userManagement.getUser(person.id)).email.toLowerCase();

test("rows of the guest become the person's, the guest goes, once only (R85)", async () => {
  await book("guest_1", await key(), 1, 2);
  await book("guest_2", "other@example.com", 3);
  expect(await claim()).toEqual({ "public.meetings.patient_org_id": 2, "public.records.patient_org_id": 2 });
  expect(await database.rows("select patient_org_id as p, count(*)::int as n from meetings group by 1 order by 1")).toEqual([
    { p: "guest_2", n: 1 },
    { p: "org_ana", n: 2 },
  ]);
  expect(await database.rows("select org_id from guests")).toEqual([{ org_id: "guest_2" }]);
  expect(await database.rows("select from organizations where id = 'guest_1'")).toEqual([]);
  expect(await database.rows("select org_id, subject, actor from tenancy.outbox where topic = 'guest.claimed'")).toEqual([
    { org_id: "org_ana", subject: "guest_1", actor: person.id },
  ]);
  expect(await claim()).toBeUndefined();
  await book("guest_3", await key(), 4); // a later booking is claimed anew
  expect(await claim()).toEqual({ "public.meetings.patient_org_id": 1, "public.records.patient_org_id": 1 });
});

test("an address that WorkOS has not verified claims nothing (R84)", async () => {
  person = await workos.createUser(`bea.${crypto.randomUUID()}@example.com`, false);
  await settle(database, { id: "org_bea", type: "patient_personal", members: { [person.id]: "owner" } });
  await book("guest_1", await key(), 1);
  await expect(claim()).rejects.toMatchObject({ code: "address_not_proved" });
  expect(await database.rows("select patient_org_id from meetings")).toEqual([{ patient_org_id: "guest_1" }]);
});

test("ten claims at once: one gives", async () => {
  await book("guest_1", await key(), 1);
  const given = await Promise.all(Array.from({ length: 10 }, claim));
  expect(given.filter((one) => one !== undefined)).toEqual([{ "public.meetings.patient_org_id": 1, "public.records.patient_org_id": 1 }]);
});

test("a booking that is under way is taken along; one that comes later is refused, not lost in between", async () => {
  await book("guest_1", await key(), 1);
  await database.owner.query("begin");
  await database.owner.query("insert into meetings (id, org_id, patient_org_id, service_id) values (2, 'org_expert', 'guest_1', 1)");
  const claiming = claim();
  for (;;) {
    const waiting = await database.owner.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    if (waiting.rows.length > 0) break;
  }
  await database.owner.query("commit");
  expect(await claiming).toEqual({ "public.meetings.patient_org_id": 2, "public.records.patient_org_id": 1 });
  const late = database.owner.query("insert into meetings (id, org_id, patient_org_id, service_id) values (3, 'org_expert', 'guest_1', 1)");
  await expect(late).rejects.toMatchObject({ code: "23503" });
});

test("a table the job has no right on stops the claim instead of losing rows", async () => {
  await book("guest_1", await key(), 1);
  await database.owner.query(
    "create table public.forgotten (patient_org_id text references organizations); insert into forgotten values ('guest_1')",
  );
  await expect(claim()).rejects.toMatchObject({ code: "rows_remain" });
  expect(await database.rows("select patient_org_id from meetings")).toEqual([{ patient_org_id: "guest_1" }]);
  await database.owner.query("drop table public.forgotten");
});

test("the job can take nothing that is somebody's", async () => {
  await database.owner.query("insert into meetings (id, org_id, patient_org_id, service_id) values (1, 'org_expert', 'org_ana', 1)");
  const steal = database.claim(async (query) => (await query("update meetings set patient_org_id = 'org_expert'")).rowCount);
  expect(await steal).toBe(0);
  await book("guest_1", await key(), 2);
  await expect(
    database.claim((query) => query("update meetings set patient_org_id = 'guest_1' where patient_org_id = 'guest_1'")),
  ).rejects.toMatchObject({ sqlstate: "42501" });
  expect(await database.claim(async (query) => (await query("delete from organizations where id = 'org_ana'")).rowCount)).toBe(0);
});
