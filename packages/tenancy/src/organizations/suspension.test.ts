import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { foundOrganization } from "./found.ts";
import { listMyOrganizations } from "./members.ts";
import { leaveOrganization } from "./ownership.ts";
import { ensurePersonalOrganization } from "./personal.ts";
import { pollEvents } from "./poll.ts";
import { reconcile } from "./reconcile.ts";
import { type AsPerson, guardedPeople } from "./testing/as-person.ts";
import { type OrganizationsDatabase, organizationsDatabase } from "./testing/database.ts";
import { empty } from "./testing/people.ts";
import { type TestWorkos, testWorkos } from "./testing/twin.ts";

let database: OrganizationsDatabase;
let w: TestWorkos;
let as: AsPerson;
beforeAll(async () => {
  [database, w] = await Promise.all([organizationsDatabase(), testWorkos()]);
  as = await guardedPeople(database);
});
afterAll(async () => {
  await w?.stop();
  await database?.drop();
});
afterEach(async () => {
  await w.admin.call("DELETE", "faults");
  await empty(database);
});

const parts = () => ({ workos: w.workos, run: database.sync });
const person = () => w.createUser(`${crypto.randomUUID()}@example.com`);
const people = () => w.workos.userManagement;
const synced = async () => {
  await pollEvents(parts());
  await reconcile(parts());
};
async function membershipOf(organizationId: string, userId: string): Promise<string> {
  const list = await people().listOrganizationMemberships({ organizationId, userId, statuses: ["active", "inactive", "pending"] });
  return list.data[0]?.id ?? "";
}
const status = async (org: string, user: string) =>
  (await database.rows<{ status: string }>("select status from memberships where org_id = $1 and workos_user_id = $2", [org, user]))[0]
    ?.status;
/** Whether the guard gives the person an identity there. */
const counts = async (org: string, user: string) =>
  await as({ user, org }, async (query) => (await query<{ org: string | null }>("select auth.org_id() as org")).rows[0]?.org === org);

async function clinic(members: Record<string, string>): Promise<string> {
  const { id } = await w.workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } });
  for (const [userId, roleSlug] of Object.entries(members))
    await people().createOrganizationMembership({ organizationId: id, userId, roleSlug });
  await reconcile(parts());
  return id;
}

describe("the home", () => {
  test("suspended there, a person neither leaves it nor comes back by signing in", async () => {
    const user = await person();
    const sign = () => ensurePersonalOrganization(parts(), { user, name: "Banned" });
    const home = await sign();
    const other = await clinic({ [(await person()).id]: "owner", [user.id]: "member" });
    await people().deactivateOrganizationMembership(await membershipOf(home, user.id));
    await synced();
    expect([await status(home, user.id), await counts(home, user.id)]).toEqual(["suspended", false]);
    expect(await sign()).toBe(home);
    const listed = await as({ user: user.id, org: other }, (query) => listMyOrganizations(query));
    expect(listed.find(({ orgId }) => orgId === home)?.status).toBe("suspended");
    await expect(leaveOrganization(parts(), { orgId: home, userId: user.id })).rejects.toMatchObject({ code: "last_owner" });
    expect(await sign()).toBe(home);
    await synced();
    expect([await status(home, user.id), await counts(home, user.id)]).toEqual(["suspended", false]);
    await people().reactivateOrganizationMembership(await membershipOf(home, user.id));
    await synced();
    expect(await counts(home, user.id)).toBe(true);
  });

  test("nobody leaves it", async () => {
    const user = await person();
    const home = await ensurePersonalOrganization(parts(), { user, name: "Ana" });
    await expect(leaveOrganization(parts(), { orgId: home, userId: user.id })).rejects.toMatchObject({ code: "last_owner" });
    expect(await counts(home, user.id)).toBe(true);
  });

  test.each([
    ["suspended", true],
    ["active", false],
  ])("whose membership there WorkOS deleted, %s, has none by signing in", async (_, suspended) => {
    const user = await person();
    const sign = () => ensurePersonalOrganization(parts(), { user, name: "Banned" });
    const home = await sign();
    const id = await membershipOf(home, user.id);
    if (suspended) await people().deactivateOrganizationMembership(id);
    await people().deleteOrganizationMembership(id);
    await synced();
    await expect(sign()).rejects.toMatchObject({ code: "membership_ended" });
    expect(await status(home, user.id)).toBeUndefined();
    // Somebody at WorkOS decides: a new membership counts at once, unless the person was suspended.
    await people().createOrganizationMembership({ organizationId: home, userId: user.id, roleSlug: "owner" });
    await synced();
    expect([await sign(), await counts(home, user.id)]).toEqual([home, !suspended]);
  });

  test("a person who was moved, and whose membership there WorkOS deleted, has neither that home nor a second one by signing in", async () => {
    const user = await person();
    const { id: home } = await w.workos.organizations.createOrganization({
      name: "Moved",
      externalId: `old_${user.id}`,
      metadata: { type: "patient_personal" },
    });
    const { id } = await people().createOrganizationMembership({ organizationId: home, userId: user.id, roleSlug: "owner" });
    await database.owner.query("insert into organizations (id, type, tier) values ($1, 'patient_personal', 'free')", [home]);
    await database.owner.query("insert into users (org_id, workos_user_id, email) values ($1, $2, $3)", [home, user.id, user.email]);
    await database.owner.query(
      "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, $3, 'owner', 'active')",
      [home, user.id, id],
    );
    const sign = () => ensurePersonalOrganization(parts(), { user, name: "Banned" });
    expect(await sign()).toBe(home);
    await people().deleteOrganizationMembership(id);
    await synced();
    await expect(sign()).rejects.toMatchObject({ code: "membership_ended" });
    const list = await people().listOrganizationMemberships({ userId: user.id });
    expect(list.data).toEqual([]);
  });

  test("others who are members of it at WorkOS see nothing, the person suspended or removed", async () => {
    const [user, other] = [await person(), await person()];
    const home = await ensurePersonalOrganization(parts(), { user, name: "Pat" });
    await people().createOrganizationMembership({ organizationId: home, userId: other.id, roleSlug: "owner" });
    await synced();
    expect([await counts(home, user.id), await counts(home, other.id)]).toEqual([true, false]);
    await people().deactivateOrganizationMembership(await membershipOf(home, user.id));
    await synced();
    expect([await counts(home, user.id), await counts(home, other.id)]).toEqual([false, false]);
    await people().deleteOrganizationMembership(await membershipOf(home, user.id));
    await synced();
    expect(await counts(home, other.id)).toBe(false);
    await expect(ensurePersonalOrganization(parts(), { user, name: "Pat" })).rejects.toMatchObject({ code: "membership_ended" });
  });

  test("one that a stranger was put into before the first sign-in is not joined", async () => {
    const [user, stranger] = [await person(), await person()];
    const { id } = await w.workos.organizations.createOrganization({
      name: "Trap",
      externalId: `personal:${user.id}`,
      metadata: { type: "patient_personal" },
    });
    await people().createOrganizationMembership({ organizationId: id, userId: stranger.id, roleSlug: "owner" });
    await expect(ensurePersonalOrganization(parts(), { user, name: "Ana" })).rejects.toMatchObject({ code: "membership_ended" });
    expect(await membershipOf(id, user.id)).toBe("");
  });
});

describe("a clinic", () => {
  test("whoever is suspended cannot leave, and after the end of that membership a new one is suspended until it is lifted", async () => {
    const [owner, user] = [await person(), await person()];
    const org = await clinic({ [owner.id]: "owner", [user.id]: "member" });
    await people().deactivateOrganizationMembership(await membershipOf(org, user.id));
    await synced();
    await expect(leaveOrganization(parts(), { orgId: org, userId: user.id })).rejects.toMatchObject({ code: "not_a_member" });
    for (let i = 0; i < 2; i++) {
      await people().deleteOrganizationMembership(await membershipOf(org, user.id));
      await synced();
      expect(await status(org, user.id)).toBeUndefined();
      await people().createOrganizationMembership({ organizationId: org, userId: user.id, roleSlug: "member" });
      await synced();
      expect([await status(org, user.id), await counts(org, user.id)]).toEqual(["suspended", false]);
      await expect(leaveOrganization(parts(), { orgId: org, userId: user.id })).rejects.toMatchObject({ code: "not_a_member" });
    }
    const id = await membershipOf(org, user.id);
    await people().deactivateOrganizationMembership(id);
    await people().reactivateOrganizationMembership(id);
    await pollEvents(parts());
    expect([await status(org, user.id), await counts(org, user.id)]).toEqual(["active", true]);
    // And that is over: leaving and coming back is nothing special any more.
    await leaveOrganization(parts(), { orgId: org, userId: user.id });
    await people().createOrganizationMembership({ organizationId: org, userId: user.id, roleSlug: "member" });
    await synced();
    expect(await counts(org, user.id)).toBe(true);
  });

  test("suspended at WorkOS a moment ago, and leaving before the event is here", async () => {
    const [owner, user] = [await person(), await person()];
    const org = await clinic({ [owner.id]: "owner", [user.id]: "member" });
    await people().deactivateOrganizationMembership(await membershipOf(org, user.id));
    await expect(leaveOrganization(parts(), { orgId: org, userId: user.id })).rejects.toMatchObject({ code: "not_a_member" });
    expect(await membershipOf(org, user.id)).not.toBe("");
    expect(await counts(org, user.id)).toBe(false);
  });

  test("suspended while the request to leave is on its way: the end says so, and a new membership is suspended", async () => {
    const [owner, user] = [await person(), await person()];
    const org = await clinic({ [owner.id]: "owner", [user.id]: "member" });
    const id = await membershipOf(org, user.id);
    await w.admin.call("POST", "faults", {
      method: "DELETE",
      pathPattern: "organization_memberships",
      kind: "latency",
      latencyMs: 700,
      times: 1,
    });
    const leave = leaveOrganization(parts(), { orgId: org, userId: user.id });
    await expect.poll(() => database.rows("select from tenancy.departure"), { timeout: 20_000 }).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await people().deactivateOrganizationMembership(id);
    await leave;
    await pollEvents(parts());
    await people().createOrganizationMembership({ organizationId: org, userId: user.id, roleSlug: "member" });
    await synced();
    expect([await status(org, user.id), await counts(org, user.id)]).toEqual(["suspended", false]);
  });

  test("suspended when the product was moved: a membership made anew before the first comparison is suspended, too", async () => {
    const [owner, user] = [await person(), await person()];
    const { id: org } = await w.workos.organizations.createOrganization({ name: "Clinic", metadata: { type: "clinic" } });
    const join = (userId: string, roleSlug: string) => people().createOrganizationMembership({ organizationId: org, userId, roleSlug });
    await join(owner.id, "owner");
    const { id } = await join(user.id, "member");
    await people().deactivateOrganizationMembership(id);
    await database.owner.query("insert into organizations (id, type, tier) values ($1, 'clinic', 'clinic')", [org]);
    await database.owner.query(
      "insert into memberships (org_id, workos_user_id, id, role_slug, status) values ($1, $2, $3, 'member', 'suspended')",
      [org, user.id, id],
    );
    await people().deleteOrganizationMembership(id);
    await join(user.id, "member");
    for (let i = 0; i < 2; i++) {
      await reconcile(parts());
      expect([await status(org, user.id), await counts(org, user.id)]).toEqual(["suspended", false]);
    }
    const again = await membershipOf(org, user.id);
    await people().deactivateOrganizationMembership(again);
    await people().reactivateOrganizationMembership(again);
    await reconcile(parts());
    await pollEvents(parts());
    expect([await status(org, user.id), await counts(org, user.id)]).toEqual(["active", true]);
  });

  test("the owner, suspended, cannot leave; nor is another one in a practice let in", async () => {
    const [user, other] = [await person(), await person()];
    const org = await foundOrganization(parts(), { user, type: "expert_individual", name: "Practice" });
    await people().createOrganizationMembership({ organizationId: org, userId: other.id, roleSlug: "owner" });
    await people().deactivateOrganizationMembership(await membershipOf(org, user.id));
    await synced();
    await expect(leaveOrganization(parts(), { orgId: org, userId: user.id })).rejects.toMatchObject({ code: "last_owner" });
    expect([await counts(org, user.id), await counts(org, other.id)]).toEqual([false, false]);
  });

  test("a founder suspended in the practice has no other one by founding again, not even after that membership was deleted", async () => {
    const user = await person();
    const found = () => foundOrganization(parts(), { user, type: "expert_individual", name: "Practice" });
    const org = await found();
    const id = await membershipOf(org, user.id);
    await people().deactivateOrganizationMembership(id);
    await synced();
    expect([await found(), await counts(org, user.id)]).toEqual([org, false]);
    await people().deleteOrganizationMembership(id);
    await synced();
    await expect(found()).rejects.toMatchObject({ code: "membership_ended" });
    expect(await membershipOf(org, user.id)).toBe("");
  });
});
