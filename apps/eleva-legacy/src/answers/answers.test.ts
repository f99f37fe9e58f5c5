import { expect, test } from "vitest";
import { generateEleva } from "../generate/eleva.ts";
import type { LegacyTable, Row, Value } from "../world.ts";
import { answer } from "./answers.ts";
import { decideRows } from "./fates.ts";
import { know } from "./known.ts";
import { answerPeople } from "./people.ts";
import { targetRows } from "./targets.ts";

const large = generateEleva({ users: 300, seed: 2, hashes: "cheap" });

/** A small world in which every fate can be read off by eye. */
function smallWorld() {
  const world = generateEleva({ users: 4, seed: "by hand", hashes: "cheap" });
  const [expert, patient, held, banned] = world.clerkUsers as [
    (typeof world.clerkUsers)[0],
    (typeof world.clerkUsers)[0],
    (typeof world.clerkUsers)[0],
    (typeof world.clerkUsers)[0],
  ];
  const named = { expert, patient, held, banned };
  for (const [name, user] of Object.entries(named)) {
    user.id = name;
    user.emails = [{ address: `${name}@example.test`, verified: true, primary: true }];
    user.public_metadata = { role: name === "expert" ? "community_expert" : "user" };
    user.external_accounts = [{ provider: "oauth_google", email: `${name}@example.test`, verified: true }];
    for (const key of ["password_digest", "password_hasher", "totp_secret"] as const) delete user[key];
  }
  patient.emails.push(
    { address: "Patient.Work@example.test", verified: true, primary: false },
    { address: "typed@example.test", verified: false, primary: false },
  );
  held.public_metadata = { role: "expert" };
  banned.banned = true;
  for (const rows of Object.values(world.tables)) rows.length = 0;
  return { world, named };
}

const TIMES = { createdAt: "2026-03-29 01:30:00.123", updatedAt: "2026-03-29 01:30:00.123" };

function service(id: string, clerkUserId: string): Row {
  const fields = {
    name: "Talk",
    slug: "talk",
    description: null,
    durationInMinutes: 45,
    isActive: true,
    order: 2,
    price: 4999,
    currency: "eur",
  };
  return { id, clerkUserId, ...fields, stripeProductId: "prod_1", stripePriceId: null, ...TIMES };
}

function meeting(id: string, eventId: string, clerkUserId: string, guestEmail: string): Row {
  const times = { startTime: "2026-03-29 01:30:00.000", endTime: "2026-03-29 02:15:00.000", timezone: "Europe/Lisbon" };
  return {
    id,
    eventId,
    clerkUserId,
    guestEmail,
    guestName: "G",
    guestNotes: null,
    guestPhone: null,
    ...times,
    stripeMetadata: '{"b":1,"b":2}',
    ...TIMES,
  };
}

test("owners and parents decide what stays behind, the owner first", () => {
  const { world } = smallWorld();
  world.tables.events.push(service("s1", "expert"), service("s2", "held"), service("s3", "banned"), service("s4", "nobody"));
  world.tables.meetings.push(
    meeting("m1", "s1", "expert", "a@example.test"),
    meeting("m2", "s2", "expert", "a@example.test"),
    meeting("m3", "s2", "held", "a@example.test"),
    meeting("m4", "s3", "banned", "a@example.test"),
    meeting("m5", "s1", "nobody", "a@example.test"),
  );
  const record = {
    guest_email: "a@example.test",
    encrypted_content: "x",
    encrypted_metadata: null,
    version: 1,
    last_modified_at: TIMES.createdAt,
    created_at: TIMES.createdAt,
  };
  world.tables.records.push(
    { id: "r1", meeting_id: "m1", expert_id: "expert", ...record },
    { id: "r2", meeting_id: "m2", expert_id: "expert", ...record },
  );
  const { rows, leftBehind, rowCounts, targetCounts } = answer(world);
  expect(rows.events.map((row) => row.leftBehind)).toEqual([undefined, "owner_held", "owner_excluded", "owner_unknown"]);
  expect(rows.meetings.map((row) => row.leftBehind)).toEqual([
    undefined,
    "parent_left_behind",
    "owner_held",
    "owner_excluded",
    "owner_unknown",
  ]);
  expect(rows.records.map((row) => row.leftBehind)).toEqual([undefined, "parent_left_behind"]);
  expect(leftBehind["meetings"]).toEqual({ parent_left_behind: 1, owner_held: 1, owner_excluded: 1, owner_unknown: 1 });
  expect(rowCounts.meetings).toEqual({ total: 5, moved: 1, leftBehind: 4 });
  expect(targetCounts).toMatchObject({
    users: 2,
    organizations: 4, // two homes, a practice, a guest's
    memberships: 3,
    guests: 1,
    user_emails: 2,
    platform_roles: 2,
    expert_setup: 1,
    meetings: 1,
    meeting_payments: 1,
  });
});

test("a purchase of a pack whose service stays behind stays behind too", () => {
  const { world } = smallWorld();
  world.tables.events.push(service("s1", "held"), service("s2", "expert"));
  const pack = (id: string, event: string, owner: string) => ({ id, event_id: event, clerk_user_id: owner });
  world.tables.session_packs.push(pack("p1", "s1", "expert"), pack("p2", "s2", "expert"), pack("p3", "s1", "held"));
  const purchase = (id: string, packId: string, expert: string | null) => ({
    id,
    pack_id: packId,
    expert_clerk_user_id: expert,
    buyer_email: "patient@example.test",
  });
  world.tables.pack_purchases.push(
    purchase("b1", "p1", "expert"),
    purchase("b2", "p2", "held"),
    purchase("b3", "p3", "held"),
    purchase("b4", "p2", null),
  );
  const { rows } = answer(world);
  expect(rows.pack_purchases.map((row) => row.leftBehind)).toEqual(["parent_left_behind", undefined, "owner_held", undefined]);
  expect(rows.pack_purchases[1]?.target?.[0]?.row).toMatchObject({
    expert_user_id: { $standIn: "held" },
    org_id: { $practice: "expert" },
    buyer_org_id: { $org: "patient" },
  });
  expect(rows.pack_purchases[3]?.target?.[0]?.row).toMatchObject({ expert_user_id: null });
});

test("a meeting becomes two rows, column by column", () => {
  const { world } = smallWorld();
  world.tables.events.push(service("s1", "expert"));
  world.tables.meetings.push(meeting("m1", "s1", "expert", " PATIENT.work@example.test"));
  const [main, payment] = answer(world).rows.meetings[0]?.target ?? [];
  expect(main).toMatchObject({
    table: "meetings",
    row: {
      id: "m1",
      service_id: "s1",
      expert_user_id: { $user: "expert" },
      org_id: { $practice: "expert" },
      guest_email: " PATIENT.work@example.test",
      patient_org_id: { $org: "patient" },
      starts_at: "2026-03-29T01:30:00.000Z",
      ends_at: "2026-03-29T02:15:00.000Z",
      created_at: "2026-03-29T01:30:00.123Z",
      imported: true,
    },
  });
  expect(payment).toMatchObject({
    table: "meeting_payments",
    row: { meeting_id: "m1", patient_org_id: { $org: "patient" }, stripe_metadata: '{"b":1,"b":2}' },
  });
});

test.each([
  ["expert@example.test", { $org: "expert" }],
  ["typed@example.test", { $guestOrg: "typed@example.test" }],
  ["Held@example.test ", { $guestOrg: "held@example.test" }],
  ["banned@example.test", { $guestOrg: "banned@example.test" }],
  ["Stranger@example.test", { $guestOrg: "stranger@example.test" }],
])("the party of %s is who proved it, else the guest", (address, expected) => {
  const { world } = smallWorld();
  world.tables.events.push(service("s1", "expert"));
  world.tables.meetings.push(meeting("m1", "s1", "expert", address));
  expect(answer(world).rows.meetings[0]?.target?.[0]?.row["patient_org_id"]).toEqual(expected);
});

test("an unproved primary address ties no booking to its owner", () => {
  const { world, named } = smallWorld();
  (named.patient.emails[0] as { verified: boolean }).verified = false;
  world.tables.events.push(service("s1", "expert"));
  world.tables.meetings.push(meeting("m1", "s1", "expert", "patient@example.test"));
  expect(answer(world).rows.meetings[0]?.target?.[0]?.row["patient_org_id"]).toEqual({ $guestOrg: "patient@example.test" });
});

test("one without a legacy row is a user all the same, with Clerk's times", () => {
  const { world, named } = smallWorld();
  named.patient.created_at = Date.UTC(2025, 0, 2);
  named.patient.public_metadata = { country: "BR", securityPreferences: { maxSessions: 2 } };
  const person = answer(world).persons.find((one) => one.clerkId === "patient");
  expect(person?.target[0]).toMatchObject({
    table: "users",
    row: {
      id: { $rowId: "patient" },
      legacy_row: false,
      legacy_email: null,
      country: "BR",
      security_preferences: { $json: { maxSessions: 2 } },
      created_at: "2025-01-02T00:00:00.000Z",
    },
  });
  expect(person?.target.map((target) => target.table)).toEqual([
    "users",
    "organizations",
    "memberships",
    "platform_roles",
    "user_emails",
    "user_emails",
  ]);
});

test("an expert who is a patient too has both: what is offered lies in the practice, the appointment about the person at home", () => {
  const { world } = smallWorld();
  world.tables.events.push(service("s1", "expert"), service("s2", "patient"));
  world.tables.meetings.push(meeting("m1", "s2", "patient", "expert@example.test"));
  const { rows, persons } = answer(world);
  expect(rows.events.map((row) => row.target?.[0]?.row["org_id"])).toEqual([{ $practice: "expert" }, { $org: "patient" }]);
  expect(rows.meetings[0]?.target?.[0]?.row).toMatchObject({ org_id: { $org: "patient" }, patient_org_id: { $org: "expert" } });
  const expert = persons.find((one) => one.clerkId === "expert")?.target ?? [];
  const named = (table: string) => expert.filter((target) => target.table === table).map(({ row }) => row["id"] ?? row["org_id"]);
  expect(named("users")).toEqual([{ $rowId: "expert" }]);
  expect(named("organizations")).toEqual([{ $org: "expert" }, { $practice: "expert" }]);
  expect(named("memberships")).toEqual([{ $org: "expert" }, { $practice: "expert" }]);
  expect(named("platform_roles")).toEqual([{ $org: "expert" }]);
  expect(named("expert_setup")).toEqual([{ $practice: "expert" }]);
});

test("whose role, rows and Connect account do not say the same is named, with what is wrong (R63)", () => {
  const { world } = smallWorld();
  world.tables.events.push(service("s1", "patient"));
  world.tables.users.push({ id: "u1", clerkUserId: "patient", stripe_connect_account_id: "acct_1" });
  expect(answer(world).practices).toEqual({
    people: 1,
    contradictions: { expert: ["profile", "expert_rows", "connect_account"], patient: ["expert_rows", "connect_account"] },
  });
});

test("setup flags come from data, not from what a browser wrote", () => {
  const { world, named } = smallWorld();
  named.expert.unsafe_metadata = { expertSetup: { profile: true, google_account: true } };
  world.tables.events.push(service("s1", "expert"));
  const setup = answer(world)
    .persons.find((one) => one.clerkId === "expert")
    ?.target.find((target) => target.table === "expert_setup");
  expect(setup?.row).toMatchObject({
    profile: false,
    availability: false,
    events: true,
    identity: false,
    payment: false,
    google_account: false,
  });
});

test("fifty rows of a large table are answered, some of each reason among them", () => {
  const { tables, answers } = large;
  expect(answers.rows.meetings.length).toBe(50);
  expect(new Set(answers.rows.meetings.map((row) => row.leftBehind))).toEqual(
    new Set([undefined, "owner_held", "owner_excluded", "owner_unknown", "parent_left_behind"]),
  );
  expect(answers.rows.categories.length).toBe(tables.categories.length);
  for (const [table, count] of Object.entries(answers.rowCounts))
    expect([table, count.moved + count.leftBehind]).toEqual([table, count.total]);
});

/** Columns that name another row or the owner; the tests above hold them. */
const NAMING = ["clerkUserId", "scheduleId", "pack_id"];

function otherValue(value: Value | undefined): Value {
  if (typeof value === "number") return value + 1;
  if (typeof value === "boolean") return !value;
  return value === null || value === undefined ? "x" : `${value}1`;
}

test("every legacy column has a place: change one, and a target row changes", () => {
  const people = answerPeople(large.clerkUsers);
  const [known, fates] = [know(large, people), decideRows(large.tables, people)];
  const without: string[] = [];
  for (const [table, rows] of Object.entries(large.tables) as [LegacyTable, Row[]][]) {
    const row = rows[fates[table].indexOf(undefined)] as Row;
    const before = JSON.stringify(targetRows(known, table, row));
    for (const column of Object.keys(row).filter((one) => !NAMING.includes(one))) {
      const after = JSON.stringify(targetRows(known, table, { ...row, [column]: otherValue(row[column]) }));
      if (after === before) without.push(`${table}.${column}`);
    }
  }
  expect(without).toEqual([]);
});
