import { writeFileSync } from "node:fs";
import { createClerkClient } from "@clerk/backend";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workosRoles } from "../src/move/permissions.ts";
import { withProduct } from "../src/product/run-writes.ts";
import { testWorld } from "./moved-world.ts";
import { proveSignIn } from "./proofs/sign-in.ts";
import { sessionOf, workosOf } from "./proofs/workos.ts";
import { rehome } from "./rehome.ts";
import { clerkExport, type DemoWorld } from "./world.ts";

let world: DemoWorld;
let admin: pg.Client;
let legacy: pg.Client;

beforeAll(async () => {
  world = await testWorld({ change: giveMeetingToSomebodyHeld });
  admin = new pg.Client({ connectionString: world.sandbox.target.url("target") });
  legacy = new pg.Client({ connectionString: world.sandbox.legacy.url("legacy") });
  await Promise.all([admin.connect(), legacy.connect()]);
  expect((await rehome(world, ["run"])).code).toBe(0);
  expect((await rehome(world, ["cutover"])).code).toBe(0);
}, 120_000);

afterAll(async () => {
  await Promise.all([admin?.end(), legacy?.end()]);
  await world?.stop();
});

/** A meeting of somebody held on a service of somebody who moves: the meeting stays, and it refers to a row that moves. */
function giveMeetingToSomebodyHeld(eleva: DemoWorld["eleva"]): void {
  const { people } = eleva.answers;
  const [held] = Object.keys(people).filter((id) => people[id]?.disposition === "hold");
  const meeting = eleva.tables.meetings.find(
    (row) =>
      people[String(row["clerkUserId"])]?.disposition === "move" &&
      eleva.tables.records.every((record) => record["meeting_id"] !== row["id"]),
  );
  if (!held || !meeting) throw new Error("This world has nobody held, or no meeting without a record.");
  meeting["clerkUserId"] = held;
}

interface Newcomer {
  user: string;
  home: string;
  /** Where the person works; the home of one who has no practice. */
  org: string;
}

/** Somebody signs up at WorkOS, perhaps becomes an expert, and the product's sync job mirrors it, as after any sign-up. */
async function signUp(email: string, emailVerified: boolean, { expert = false } = {}): Promise<Newcomer> {
  const workos = workosOf(world.sandbox.workos);
  const user = await workos.userManagement.createUser({ email, emailVerified, firstName: "Nova", lastName: "Pessoa" });
  const home = await organizationOf(user.id, "patient_personal");
  await asSync(
    "insert into users (org_id, workos_user_id, email, email_verified, first_name, last_name) values ($1, $2, $3, $4, 'Nova', 'Pessoa')",
    [home, user.id, email, emailVerified],
  );
  return { user: user.id, home, org: expert ? await organizationOf(user.id, "expert_individual") : home };
}

/** An organization in which the person is the owner, at WorkOS and in the mirror. */
async function organizationOf(user: string, type: "patient_personal" | "expert_individual"): Promise<string> {
  const workos = workosOf(world.sandbox.workos);
  const { id } = await workos.organizations.createOrganization({ name: "Nova Pessoa", externalId: `${type}:${user}` });
  const membership = await workos.userManagement.createOrganizationMembership({ userId: user, organizationId: id, roleSlug: "owner" });
  await asSync("insert into organizations (id, type, tier, claimed) values ($1, $2, 'free', true)", [id, type]);
  // The permissions as the mirror expands the role.
  await asSync(
    "insert into memberships (org_id, workos_user_id, id, role_slug, permissions, status) values ($1, $2, $3, 'owner', $4, 'active')",
    [id, user, membership.id, workosRoles.owner.permissions],
  );
  return id;
}

const asSync = (sql: string, params: unknown[]): Promise<unknown> =>
  withProduct(connections(), (run) => run({ kind: "job", job: "sync" }, (query) => query(sql, params)));

/** Under a token of WorkOS. */
const asPerson = (user: string, org: string, sql: string, params: unknown[]): Promise<unknown> =>
  withProduct(connections(), (run) => run({ kind: "person", legacyUserId: user, orgId: org }, (query) => query(sql, params)));

/** By WorkOS user id; the product knows no legacy id of a newcomer. */
function connections() {
  return {
    loginUrl: world.env["DATABASE_URL"] ?? "",
    workerUrl: world.env["WORKER_DATABASE_URL"] ?? "",
    tokenOf: (user: string, org: string) => sessionOf(world.sandbox.workos, user, org),
  };
}

const clerk = () =>
  createClerkClient({
    secretKey: world.sandbox.clerk.secretKey,
    publishableKey: world.sandbox.clerk.publishableKey,
    apiUrl: world.sandbox.clerk.url,
    telemetry: { disabled: true },
  });

test("who signed up after the cutover, with home and practice, is one Clerk user after the rollback; legacy's rows name it, unverified stays unverified", async () => {
  const ana = await signUp("ana.nova@example.test", true, { expert: true });
  const rui = await signUp("rui.novo@example.test", false);
  await asPerson(
    ana.user,
    ana.org,
    "insert into blocked_dates (org_id, workos_user_id, date, timezone, reason, created_at, updated_at) values ($1, $2, '2027-03-01', 'UTC', 'away', now(), now())",
    [ana.org, ana.user],
  );
  await asPerson(
    ana.user,
    ana.org,
    "insert into schedules (org_id, workos_user_id, timezone, created_at, updated_at) values ($1, $2, 'Europe/Lisbon', now(), now())",
    [ana.org, ana.user],
  );
  const back = await rehome(world, ["rollback"]);
  expect(back).toMatchObject({ code: 0, result: { outcome: "rolled_back", peopleBroughtBack: 2 } });

  const found = await clerk().users.getUserList({ externalId: [ana.user, rui.user] });
  const byExternalId = new Map(found.data.map((user) => [user.externalId, user]));
  const [newAna, newRui] = [byExternalId.get(ana.user), byExternalId.get(rui.user)];
  expect(newAna).toMatchObject({
    firstName: "Nova",
    lastName: "Pessoa",
    emailAddresses: [{ emailAddress: "ana.nova@example.test", verification: { status: "verified" } }],
  });
  expect(newRui?.emailAddresses[0]?.verification?.status).not.toBe("verified");
  const dates = await legacy.query("select clerk_user_id as id from blocked_dates where reason = 'away'");
  expect(dates.rows).toEqual([{ id: newAna?.id }]);
  const schedules = await legacy.query(`select timezone from schedules where "clerkUserId" = $1`, [newAna?.id]);
  expect(schedules.rows).toEqual([{ timezone: "Europe/Lisbon" }]);
  // The ledger knows both organizations of that one person, and WorkOS whose they are.
  expect(await ledgerOf(ana.user)).toEqual([{ id: newAna?.id, home: ana.home, practice: ana.org }]);
  expect(await externalIds(ana.home, ana.org)).toEqual([newAna?.id, `practice:${newAna?.id}`]);
}, 60_000);

/** What the identity map says of a WorkOS user. */
async function ledgerOf(user: string): Promise<unknown[]> {
  const { rows } = await admin.query(
    "select legacy_user_id as id, workos_organization_id as home, workos_practice_id as practice from rehome.identity where workos_user_id = $1",
    [user],
  );
  return rows;
}

async function externalIds(...organizations: string[]): Promise<(string | null)[]> {
  const found = await Promise.all(organizations.map((id) => workosOf(world.sandbox.workos).organizations.getOrganization(id)));
  return found.map(({ externalId }) => externalId);
}

test("who changes password, factor and name at Clerk after `run` has the new ones at WorkOS after the next, and the old ones no more", async () => {
  const again = await rehome(world, ["run"]); // the newcomers of before are people like all others
  expect(openProofs(again.result)).toEqual([]);
  expect(again.code).toBe(0);
  const { passwords, totpSecrets, answers } = world.eleva;
  const [id] = [...totpSecrets.keys()].filter((one) => answers.people[one]?.disposition === "move" && passwords.has(one));
  if (!id) throw new Error("This world has nobody who moves with password and TOTP.");
  const fresh = { password: "changed-after-the-first-run", totpSecret: "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU" };
  await clerk().users.updateUser(id, {
    firstName: "Mudada",
    password: fresh.password,
    totpSecret: fresh.totpSecret,
  });
  writeFileSync(world.env["CLERK_EXPORTS"] ?? "", await clerkExport(world.sandbox.clerk));
  const next = await rehome(world, ["run"]);
  expect(openProofs(next.result)).toEqual([]);
  expect(next.code).toBe(0);

  const { clientId } = world.sandbox.workos;
  const workos = workosOf(world.sandbox.workos, 3);
  const signIn = (password: string, secret: string) =>
    proveSignIn(workos, clientId, { ...world.eleva, passwords: new Map([[id, password]]), totpSecrets: new Map([[id, secret]]) }, [id]);
  expect(await signIn(fresh.password, fresh.totpSecret)).toMatchObject({ ok: true, checked: 1 });
  expect(await signIn(fresh.password, totpSecrets.get(id) ?? "")).toMatchObject({ ok: false });
  expect(await signIn(passwords.get(id) ?? "", fresh.totpSecret)).toMatchObject({ ok: false });
  const user = await workos.userManagement.getUserByExternalId(id);
  expect(user.firstName).toBe("Mudada");
  expect((await workos.multiFactorAuth.listUserAuthFactors({ userId: user.id })).data).toHaveLength(1);
}, 90_000);

test("a name that somebody changed on the target stands at Clerk after the rollback", async () => {
  // Somebody signs up at Clerk after `run`: a cutover now would leave him out.
  const late = await clerk().users.createUser({ emailAddress: ["late@example.test"], skipPasswordRequirement: true });
  const refused = await rehome(world, ["cutover"]);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain("people as decided");
  await clerk().users.deleteUser(late.id);
  expect(await rehome(world, ["cutover"])).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Error") });
  const [person] = (
    await admin.query<{ id: string; user: string; org: string }>(
      `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as org from rehome.identity where moved and first_name <> 'Nova' order by 1 limit 1`,
    )
  ).rows;
  if (!person) throw new Error("nobody moved");
  await asPerson(person.user, person.org, "update users set first_name = 'Renata', country = 'BR' where workos_user_id = $1", [
    person.user,
  ]);
  const before = await clerk().users.getUser(person.id);
  expect(await rehome(world, ["rollback"])).toMatchObject({ code: 0, result: { peopleBroughtBack: 0, namesCarriedBack: 1 } });
  const after = await clerk().users.getUser(person.id);
  expect(after).toMatchObject({
    firstName: "Renata",
    lastName: before.lastName,
    publicMetadata: { ...before.publicMetadata, country: "BR" },
  });
  const last = await rehome(world, ["run"]);
  expect(openProofs(last.result)).toEqual([]);
  expect(last.code).toBe(0);
}, 90_000);

test("keys of rows that stayed behind cannot be taken on the target, nor can what they refer to be deleted; every table there is fenced", async () => {
  const [stays] = (await admin.query<{ key: string }>("select key from rehome.left_behind where legacy_table = 'events' limit 1")).rows;
  const [moved] = (
    await admin.query<{ id: string; user: string; org: string }>(
      `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as org from rehome.identity where moved order by 1 limit 1`,
    )
  ).rows;
  if (!stays || !moved) throw new Error("This world has no service of somebody held, or nobody moved.");
  const insert =
    "insert into services (id, org_id, workos_user_id, name, slug, duration_minutes, price_cents) values ($1, $2, $3, 'Mine', 'mine', 30, 1)";
  const tried = (sql: string, params: unknown[]) =>
    asPerson(moved.user, moved.org, sql, params).then(
      () => "done",
      (error: { sqlstate?: string }) => error.sqlstate,
    );
  // Before the cutover the target takes no write at all, of no table.
  expect(
    await tried("insert into record_shares (record_id, org_id, grantee_user_id, expires_at) values (gen_random_uuid(), $1, $2, now())", [
      moved.org,
      moved.user,
    ]),
  ).toBe("RH002");
  expect((await rehome(world, ["cutover"])).code).toBe(0);
  expect(await tried(insert, [stays.key, moved.org, moved.user])).toBe("RH005");
  const { rows: parents } = await admin.query<{ table: string; key: string }>(
    `select v.t as "table", p.key from rehome.left_behind_parent p
       join (values ('events', 'services'), ('meetings', 'meetings'), ('session_packs', 'session_packs')) v(l, t) on v.l = p.legacy_table
      where p.key in (select id::text from services union all select id::text from meetings union all select id::text from session_packs)`,
  );
  expect(parents.length).toBeGreaterThan(0);
  // Whatever moved and refers to the row is gone first, so that only what stayed behind is in the way; none of it is kept.
  for (const { table, key } of parents.filter((parent) => parent.table === "services")) {
    await admin.query("begin");
    await admin.query("delete from pack_purchases where pack_id in (select id from session_packs where service_id::text = $1)", [key]);
    for (const child of ["session_packs", "slot_reservations", "meetings"])
      await admin.query(`delete from ${child} where service_id::text = $1`, [key]);
    await expect(admin.query(`delete from ${table} where id::text = $1`, [key])).rejects.toMatchObject({ code: "RH005" });
    await admin.query("rollback");
  }
}, 60_000);

test("somebody held who signs up anew, and whom Clerk refuses, does not stop the way back of all others", async () => {
  const held = world.eleva.clerkUsers.find(
    (user) =>
      world.eleva.answers.people[user.id]?.reason === "unknown_role" || world.eleva.answers.people[user.id]?.reason === "not_in_export",
  );
  const address = held?.emails.find((email) => email.primary)?.address;
  if (!address) throw new Error("This world has nobody held with an address.");
  const again = await signUp(address, true);
  await asPerson(
    again.user,
    again.org,
    "insert into blocked_dates (org_id, workos_user_id, date, timezone, reason, created_at, updated_at) values ($1, $2, '2027-04-01', 'UTC', 'again', now(), now())",
    [again.org, again.user],
  );
  expect(await rehome(world, ["rollback"])).toMatchObject({ code: 0, result: { outcome: "rolled_back", peopleRefused: [again.user] } });
  const { rows } = await legacy.query("select clerk_user_id as id from blocked_dates where reason = 'again'");
  expect(rows).toEqual([{ id: `without_clerk_${again.user}` }]);
  // The next run goes through and names the person as held.
  const next = await rehome(world, ["run"]);
  expect(next.stderr).not.toContain("Error");
  expect(next.code).toBe(3);
  expect(next.result).toMatchObject({ held: [`without_clerk_${again.user}`] });
}, 60_000);

/** Proofs of a `run` that do not hold, with what they name. */
function openProofs(result: Record<string, unknown>): string[] {
  const { proofs } = (result["verify"] ?? { proofs: [] }) as { proofs: { name: string; ok: boolean; offenders: string[] }[] };
  return proofs.filter((proof) => !proof.ok).map((proof) => `${proof.name}: ${proof.offenders.join("; ")}`);
}
