import { createClerkClient } from "@clerk/backend";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withProduct } from "../src/product/run-writes.ts";
import { testWorld } from "./moved-world.ts";
import { workosOf } from "./proofs/workos.ts";
import { type Outcome, rehome } from "./rehome.ts";
import type { DemoWorld } from "./world.ts";

let world: DemoWorld;
let admin: pg.Client;

beforeAll(async () => {
  world = await testWorld({ change: takeRoleFromOneExpert });
  admin = new pg.Client({ connectionString: world.sandbox.target.url("target") });
  await admin.connect();
  expect((await rehome(world, ["run"])).code).toBe(0);
}, 180_000);

afterAll(async () => {
  await admin?.end();
  await world?.stop();
});

/** Legacy permits it: somebody who offers services and has no role that says so. */
function takeRoleFromOneExpert({ answers, clerkUsers, tables }: DemoWorld["eleva"]): void {
  const owners = new Set(tables.meetings.map((row) => row["clerkUserId"]));
  const expert = clerkUsers.find((user) => owners.has(user.id) && answers.people[user.id]?.disposition === "move");
  if (!expert) throw new Error("In this world no expert has a meeting.");
  expert.public_metadata["role"] = "user";
}

interface Person {
  id: string;
  user: string;
  home: string;
  practice: string | null;
}

async function rows<Row extends object>(sql: string, params: unknown[] = []): Promise<Row[]> {
  return (await admin.query<Row>(sql, params)).rows;
}

const people = (where: string, params: unknown[] = []): Promise<Person[]> =>
  rows<Person>(
    `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as home, workos_practice_id as practice
       from rehome.identity i where moved and ${where} order by 1`,
    params,
  );

async function person(where: string, params: unknown[] = []): Promise<Person> {
  const [found] = await people(where, params);
  if (!found) throw new Error(`Nobody moved of whom this holds: ${where}`);
  return found;
}

const again = async (id: string): Promise<Person> => person("legacy_user_id = $1", [id]);

async function roleAtClerk(id: string, role: string): Promise<void> {
  const { secretKey, publishableKey, url } = world.sandbox.clerk;
  const clerk = createClerkClient({ secretKey, publishableKey, apiUrl: url, telemetry: { disabled: true } });
  await clerk.users.updateUserMetadata(id, { publicMetadata: { role } });
}

const TABLES = ["services", "schedules", "scheduling_settings", "blocked_dates", "session_packs", "profiles"];

/** In which organizations somebody's rows lie, and how many. */
async function placesOf({ user }: Person): Promise<Record<string, number>> {
  const parts = [
    ...TABLES.map((table) => `select org_id from ${table} where workos_user_id = $1`),
    ...["meetings", "records", "payment_transfers", "slot_reservations"].map(
      (table) => `select org_id from ${table} where expert_user_id = $1`,
    ),
    "select a.org_id from schedule_availabilities a join schedules s on s.id = a.schedule_id where s.workos_user_id = $1",
    "select p.org_id from meeting_payments p join meetings m on m.id = p.meeting_id where m.expert_user_id = $1",
    "select b.org_id from pack_purchases b join session_packs p on p.id = b.pack_id where p.workos_user_id = $1",
  ];
  const found = await rows<{ org_id: string; n: number }>(
    `select org_id, count(*)::int as n from (${parts.join(" union all ")}) x group by 1`,
    [user],
  );
  return Object.fromEntries(found.map(({ org_id, n }) => [org_id, n]));
}

function proved(outcome: Outcome): void {
  const { proofs } = (outcome.result["verify"] ?? { proofs: [] }) as { proofs: { name: string; ok: boolean; offenders: string[] }[] };
  expect(proofs.filter((proof) => !proof.ok).map((proof) => `${proof.name}: ${proof.offenders.join("; ")}`)).toEqual([]);
  expect(outcome.code).toBe(0);
}

const members = async (organizationId: string): Promise<string[]> =>
  (await workosOf(world.sandbox.workos).userManagement.listOrganizationMemberships({ organizationId })).data.map(({ userId }) => userId);

test("an expert's rows lie in the practice and the own accounts at home; what somebody without a practice owns lies in the home", async () => {
  const experts = await people("workos_practice_id is not null");
  expect(experts.length).toBeGreaterThan(2);
  for (const expert of experts) {
    expect(Object.keys(await placesOf(expert)).filter((org) => org !== expert.practice)).toEqual([]);
    const own = await rows<{ org: string }>(
      `select org_id as org from users where workos_user_id = $1 union select org_id from billing_accounts where workos_user_id = $1
        union select org_id from payout_accounts where workos_user_id = $1 union select org_id from user_emails where workos_user_id = $1
        union select org_id from platform_roles where workos_user_id = $1 union select org_id from identity_verifications where workos_user_id = $1`,
      [expert.user],
    );
    expect(own).toEqual([{ org: expert.home }]);
  }
  for (const other of await people("workos_practice_id is null"))
    expect(Object.keys(await placesOf(other)).filter((org) => org !== other.home)).toEqual([]);
  const parties = await rows<{ n: number }>(
    `select count(*)::int as n from (select patient_org_id as org from meetings union all select patient_org_id from records
        union all select patient_org_id from slot_reservations union all select buyer_org_id from pack_purchases) p
       join rehome.identity i on i.workos_practice_id = p.org`,
  );
  expect(parties).toEqual([{ n: 0 }]);
});

test("who becomes an expert at Clerk between two runs gets a practice and the rows with it; who stops being one keeps it", async () => {
  const settled = await people("workos_practice_id is null");
  const owners: Person[] = [];
  for (const one of settled) if (Object.keys(await placesOf(one)).length > 0) owners.push(one);
  const [owner] = owners;
  if (!owner) throw new Error("In this world nobody without an expert's role owns rows.");
  const before = await placesOf(owner);
  await roleAtClerk(owner.id, "community_expert");
  // Without a practice the expert does not go over: the gate names the person.
  const refused = await rehome(world, ["cutover"]);
  expect(refused).toMatchObject({ code: 3, stderr: expect.stringContaining("people as decided") });
  expect(refused.stderr).toContain(owner.id);
  // An organization of that name with somebody else in it is not taken over, nor joined.
  const workos = workosOf(world.sandbox.workos);
  const [stranger] = await people("legacy_user_id <> $1", [owner.id]);
  const taken = await workos.organizations.createOrganization({ name: "Taken", externalId: `practice:${owner.id}` });
  await workos.userManagement.createOrganizationMembership({ organizationId: taken.id, userId: stranger?.user ?? "", roleSlug: "owner" });
  // The person is refused by name and taken back whole; nobody else waits.
  const stopped = await rehome(world, ["users"]);
  expect(stopped.code).toBe(3);
  expect(stopped.result).toMatchObject({
    refused: [
      {
        id: owner.id,
        code: "organization_has_other_members",
        what: expect.stringContaining(`The practice of ${owner.id} (${taken.id}) has other members`),
      },
    ],
    removed: [{ id: owner.id, what: ["account", "organization"] }],
  });
  expect(await members(taken.id)).toEqual([stranger?.user]);
  await workos.organizations.deleteOrganization(taken.id);
  expect(await people("legacy_user_id = $1", [owner.id])).toEqual([]);
  // Then the person is made anew, with a home and a practice in which nobody else is, and the rows go along.
  proved(await rehome(world, ["run"]));
  const after = await again(owner.id);
  expect(after).toMatchObject({ home: expect.stringMatching(/^org_/), practice: expect.stringMatching(/^org_/) });
  expect(await placesOf(owner)).toEqual({});
  expect(await placesOf(after)).toEqual({ [after.practice ?? ""]: before[owner.home] });
  expect(await members(after.home)).toEqual([after.user]);
  expect(await members(after.practice ?? "")).toEqual([after.user]);

  await roleAtClerk(owner.id, "user");
  proved(await rehome(world, ["run"]));
  expect(await again(owner.id)).toEqual(after);
  expect(await placesOf(after)).toEqual({ [after.practice ?? ""]: before[owner.home] });
  expect((await rehome(world, ["status"])).result["practices"]).toMatchObject({ kept: [owner.id] });
}, 180_000);

test("after a way back the practice that was sold is its founder's no more, and the one made on the target is known", async () => {
  const workos = workosOf(world.sandbox.workos);
  expect((await rehome(world, ["cutover"])).code).toBe(0);
  const founder = await person("practice_due and exists (select from services s where s.workos_user_id = i.workos_user_id)");
  const [buyer, newcomer] = await people("workos_practice_id is null");
  if (!founder.practice || !buyer || !newcomer) throw new Error("Too few people moved.");
  const clinic = founder.practice;
  const own = await workos.organizations.createOrganization({ name: "Nova", externalId: `founded:expert_individual:${newcomer.user}` });
  const join = (organizationId: string, userId: string) =>
    workos.userManagement.createOrganizationMembership({ organizationId, userId, roleSlug: "owner" });
  const [bought, made] = [await join(clinic, buyer.user), await join(own.id, newcomer.user)];
  const { data } = await workos.userManagement.listOrganizationMemberships({ organizationId: clinic, userId: founder.user });
  await workos.userManagement.deleteOrganizationMembership(data[0]?.id ?? "");
  const connections = {
    loginUrl: world.env["DATABASE_URL"] ?? "",
    workerUrl: world.env["WORKER_DATABASE_URL"] ?? "",
    tokenOf: () => Promise.reject(new Error("no person writes here")),
  };
  await withProduct(connections, (run) =>
    run({ kind: "job", job: "sync" }, async (query) => {
      const member = "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, $3, 'owner', 'active')";
      await query("update organizations set type = 'clinic', tier = 'clinic' where id = $1", [clinic]);
      await query("delete from memberships where org_id = $1 and workos_user_id = $2", [clinic, founder.user]);
      await query(member, [clinic, buyer.user, bought.id]);
      await query("insert into organizations (id, type, name) values ($1, 'expert_individual', 'Nova')", [own.id]);
      await query(member, [own.id, newcomer.user, made.id]);
    }),
  );
  expect((await rehome(world, ["rollback"])).code).toBe(0);
  expect(await again(founder.id)).toMatchObject({ home: founder.home, practice: null });
  expect(await again(newcomer.id)).toMatchObject({ home: newcomer.home, practice: own.id });
  expect((await workos.organizations.getOrganization(own.id)).externalId).toBe(`practice:${newcomer.id}`);
  expect((await workos.organizations.getOrganization(clinic)).externalId).toBe(`practice:${buyer.id}`);

  // The next move makes the founder another one, and lets nobody into the clinic.
  proved(await rehome(world, ["run"]));
  const { practice } = await again(founder.id);
  expect(practice).toMatch(/^org_/);
  expect(practice).not.toBe(clinic);
  expect(await members(clinic)).toEqual([buyer.user]);
  expect(Object.keys(await placesOf(founder))).toEqual([practice]);
  expect(await rows("select type::text from organizations where id = $1", [clinic])).toEqual([{ type: "clinic" }]);
  expect((await rehome(world, ["cutover"])).code).toBe(0);
}, 240_000);
