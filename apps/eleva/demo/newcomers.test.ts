import { createClerkClient } from "@clerk/backend";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withProduct } from "../src/product/run-writes.ts";
import { testWorld } from "./moved-world.ts";
import { sessionOf, workosOf } from "./proofs/workos.ts";
import { rehome } from "./rehome.ts";
import type { DemoWorld } from "./world.ts";

let world: DemoWorld;
let admin: pg.Client;
let legacy: pg.Client;

beforeAll(async () => {
  world = await testWorld({ users: 20, seed: 3 });
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

/** Somebody signs up at WorkOS, and the product's sync job mirrors it, as after any sign-up. */
async function signUp(email: string, emailVerified: boolean): Promise<{ user: string; org: string }> {
  const workos = workosOf(world.sandbox.workos);
  const user = await workos.userManagement.createUser({ email, emailVerified, firstName: "Nova", lastName: "Pessoa" });
  const org = await workos.organizations.createOrganization({ name: "Nova Pessoa" });
  const membership = await workos.userManagement.createOrganizationMembership({
    userId: user.id,
    organizationId: org.id,
    roleSlug: "owner",
  });
  await withProduct(connections(), async (run) => {
    await run({ kind: "job", job: "sync" }, async (db) => {
      await db.query("insert into organizations (id, type, tier, claimed) values ($1, 'expert_individual', 'free', true)", [org.id]);
      await db.query(
        "insert into users (org_id, workos_user_id, email, email_verified, first_name, last_name) values ($1, $2, $3, $4, 'Nova', 'Pessoa')",
        [org.id, user.id, email, emailVerified],
      );
      await db.query("insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, $3, 'owner', 'active')", [
        org.id,
        user.id,
        membership.id,
      ]);
    });
  });
  return { user: user.id, org: org.id };
}

/** Tokens by WorkOS user id; the product knows no legacy id of a newcomer. */
function connections(orgByUser: Readonly<Record<string, string>> = {}) {
  return {
    loginUrl: world.env["DATABASE_URL"] ?? "",
    workerUrl: world.env["WORKER_DATABASE_URL"] ?? "",
    tokenOf: (user: string) => sessionOf(world.sandbox.workos, user, orgByUser[user] ?? ""),
  };
}

const clerk = () =>
  createClerkClient({
    secretKey: world.sandbox.clerk.secretKey,
    publishableKey: world.sandbox.clerk.publishableKey,
    apiUrl: world.sandbox.clerk.url,
    telemetry: { disabled: true },
  });

test("who signed up after the cutover has a Clerk user after the rollback, legacy's rows name it, and unverified stays unverified", async () => {
  const ana = await signUp("ana.nova@example.test", true);
  const rui = await signUp("rui.novo@example.test", false);
  await withProduct(connections({ [ana.user]: ana.org }), (run) =>
    run({ kind: "person", legacyUserId: ana.user }, async (db) => {
      await db.query(
        "insert into blocked_dates (org_id, workos_user_id, date, timezone, reason, created_at, updated_at) values ($1, $2, '2027-03-01', 'UTC', 'away', now(), now())",
        [ana.org, ana.user],
      );
      await db.query(
        "insert into schedules (org_id, workos_user_id, timezone, created_at, updated_at) values ($1, $2, 'Europe/Lisbon', now(), now())",
        [ana.org, ana.user],
      );
    }),
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
}, 60_000);

test("a name that somebody changed on the target stands at Clerk after the rollback", async () => {
  const again = await rehome(world, ["run"]); // the newcomers of before are people like all others
  expect(openProofs(again.result)).toEqual([]);
  expect(again.code).toBe(0);
  expect((await rehome(world, ["cutover"])).code).toBe(0);
  const [person] = (
    await admin.query<{ id: string; user: string; org: string }>(
      `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as org from rehome.identity where moved and first_name <> 'Nova' order by 1 limit 1`,
    )
  ).rows;
  if (!person) throw new Error("nobody moved");
  await withProduct(connections({ [person.user]: person.org }), (run) =>
    run({ kind: "person", legacyUserId: person.user }, (db) =>
      db.query("update users set first_name = 'Renata', country = 'BR' where workos_user_id = $1", [person.user]),
    ),
  );
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

/** Proofs of a `run` that do not hold, with what they name. */
function openProofs(result: Record<string, unknown>): string[] {
  const { proofs } = (result["verify"] ?? { proofs: [] }) as { proofs: { name: string; ok: boolean; offenders: string[] }[] };
  return proofs.filter((proof) => !proof.ok).map((proof) => `${proof.name}: ${proof.offenders.join("; ")}`);
}
