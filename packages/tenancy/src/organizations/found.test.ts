import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { foundOrganization } from "./found.ts";
import { ensurePersonalOrganization } from "./personal.ts";
import { runAs } from "./run.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";

let database: OrganizationsDatabase;
let w: TestWorkos;
beforeAll(async () => {
  [database, w] = await Promise.all([organizationsDatabase(), testWorkos()]);
});
afterAll(async () => {
  await w?.stop();
  await database?.drop();
});
afterEach(() => w.admin.call("DELETE", "faults"));

type Person = Awaited<ReturnType<TestWorkos["createUser"]>>;
const parts = (run = database.sync) => ({ workos: w.workos, run });
const found = (user: Person, run = database.sync) => foundOrganization(parts(run), { user, type: "expert_individual", name: "Practice" });
const person = () => w.createUser(`${crypto.randomUUID()}@example.com`);

/** What WorkOS has of a person: keys and roles of the organizations. */
async function atWorkos(userId: string): Promise<[string | null, string][]> {
  const state = await w.admin.call<{
    organizations: { id: string; external_id: string | null }[];
    memberships: { user_id: string; organization_id: string; role: { slug: string } }[];
  }>("GET", "state");
  return state.memberships
    .filter((one) => one.user_id === userId)
    .map((one): [string | null, string] => [
      state.organizations.find(({ id }) => id === one.organization_id)?.external_id ?? null,
      one.role.slug,
    ])
    .sort();
}

test("fifty requests at once found one practice, beside the home, which stays the home (R51, R62)", async () => {
  const user = await person();
  const home = await ensurePersonalOrganization(parts(), { user, name: "Ana" });
  const ids = await Promise.all(Array.from({ length: 50 }, () => found(user, runAs(database.workers, "sync"))));
  expect(new Set(ids).size).toBe(1);
  expect(ids[0]).not.toBe(home);
  expect(await atWorkos(user.id)).toEqual([
    [`founded:expert_individual:${user.id}`, "owner"],
    [`personal:${user.id}`, "owner"],
  ]);
  const rows = await database.rows(
    `select o.id = $2 as practice, o.type, o.tier, m.role_slug as role, m.status, u.org_id = $3 as at_home from organizations o
       join memberships m on m.org_id = o.id join users u on u.workos_user_id = m.workos_user_id where m.workos_user_id = $1 order by o.type`,
    [user.id, ids[0], home],
  );
  expect(rows).toEqual([
    { practice: true, type: "expert_individual", tier: "free", role: "owner", status: "active", at_home: true },
    { practice: false, type: "patient_personal", tier: "free", role: "owner", status: "active", at_home: true },
  ]);
  expect(await ensurePersonalOrganization(parts(), { user, name: "Ana" })).toBe(home);
});

test.each([
  ["POST", "^/organizations$", "reset_before"],
  ["POST", "^/organizations$", "reset_after"],
  ["POST", "organization_memberships$", "reset_before"],
  ["POST", "organization_memberships$", "reset_after"],
] as const)("%s %s cut by %s: the next call finds what was made", async (method, pathPattern, kind) => {
  const user = await person();
  await w.admin.call("POST", "faults", { method, pathPattern, kind, times: 1 });
  await expect(found(user)).rejects.toThrow();
  expect(await database.rows("select from memberships where workos_user_id = $1", [user.id])).toEqual([]);
  const id = await found(user);
  expect(await found(user)).toBe(id);
  expect(await atWorkos(user.id)).toEqual([[`founded:expert_individual:${user.id}`, "owner"]]);
});

test("nobody founds a home, or a type that is not declared", async () => {
  const user = await person();
  for (const type of ["patient_personal", "club"]) {
    await expect(foundOrganization(parts(), { user, type, name: "No" })).rejects.toMatchObject({ code: "transition_refused" });
  }
  expect(await atWorkos(user.id)).toEqual([]);
});

test("a practice that a person owns already, by whatever name WorkOS knows it, is the one", async () => {
  const user = await person();
  const { id } = await w.workos.organizations.createOrganization({
    name: "Moved",
    externalId: "user_old",
    metadata: { type: "expert_individual" },
  });
  await w.workos.userManagement.createOrganizationMembership({ organizationId: id, userId: user.id, roleSlug: "owner" });
  await database.owner.query("insert into organizations (id, type, tier) values ($1, 'expert_individual', 'free')", [id]);
  await database.owner.query(
    "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, 'om_moved', 'owner', 'active')",
    [id, user.id],
  );
  expect(await found(user)).toBe(id);
});
