import { afterEach, beforeEach, expect, test } from "vitest";
import { takeMove } from "../ledger/ledger.ts";
import { readLegacyUsers } from "../legacy/read-users.ts";
import { type PeopleWorld, peopleWorld, type TestPerson } from "../users/testing/world.ts";
import { openWorkos } from "../users/workos.ts";
import { proveUsers } from "./users.ts";

const TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

let world: PeopleWorld;
beforeEach(async () => {
  world = await peopleWorld();
});
afterEach(() => world.stop());

const person = (n: number, rest: Partial<TestPerson> = {}): TestPerson => ({
  id: `user_${n}`,
  email: `p${n}@x.test`,
  password: "first-password",
  ...rest,
});
const ana = person(0, { totp: TOTP });
const bea = person(1, { role: "expert" });

async function prove(options: { fresh?: boolean } = {}) {
  const epoch = await takeMove(world.target, "users");
  const people = await readLegacyUsers(world.config.legacy.clerk);
  return proveUsers(world.target, openWorkos(world.config.target.workos), epoch, people, world.config.users, options);
}

const idOf = async (legacy: string) => (await world.state()).users.find((user) => user.external_id === legacy)?.id ?? "";
const organizationOf = async (external: string) =>
  (await world.state()).organizations.find((one) => one.external_id === external)?.id ?? "";
const membershipIn = async (organization: string) =>
  (await world.state()).memberships.find((one) => one.organization_id === organization)?.id ?? "";
const factorOf = async (legacy: string) => {
  const id = await idOf(legacy);
  return (await world.state()).factors.find((factor) => factor.user_id === id)?.id ?? "";
};

const byHand: [string, () => Promise<unknown>, RegExp][] = [
  ["user deleted", async () => world.sdk.userManagement.deleteUser(await idOf("user_1")), /^user_1: no WorkOS user/],
  [
    "address",
    async () => world.sdk.userManagement.updateUser({ userId: await idOf("user_1"), email: "else@x.test", emailVerified: true }),
    /^user_1: another address/,
  ],
  [
    "first name",
    async () => world.sdk.userManagement.updateUser({ userId: await idOf("user_1"), firstName: "Zed" }),
    /^user_1: another name/,
  ],
  [
    "password",
    async () => world.sdk.userManagement.updateUser({ userId: await idOf("user_1"), password: "a-password-of-a-stranger" }),
    /^user_1: changed at WorkOS since this move wrote it: the password may be another/,
  ],
  [
    "external id cleared",
    async () => world.sdk.userManagement.updateUser({ userId: await idOf("user_1"), externalId: null as unknown as string }),
    /^user_1: no WorkOS user/,
  ],
  ["factor deleted", async () => world.sdk.multiFactorAuth.deleteFactor(await factorOf("user_0")), /^user_0: no factor at WorkOS/],
  [
    "another factor",
    async () =>
      world.sdk.multiFactorAuth.createUserAuthFactor({ userId: await idOf("user_0"), type: "totp", totpIssuer: "x", totpUser: "y" }),
    /^user_0: factor auth_factor_\w+ at WorkOS, which this move did not enrol/,
  ],
  [
    "role",
    async () =>
      world.sdk.userManagement.updateOrganizationMembership(await membershipIn(await organizationOf("user_1")), { roleSlug: "member" }),
    /^user_1: the membership has another role/,
  ],
  [
    "membership of the practice deactivated",
    async () => world.sdk.userManagement.deactivateOrganizationMembership(await membershipIn(await organizationOf("practice:user_1"))),
    /^user_1: the membership in the practice is not active/,
  ],
  [
    "membership deleted",
    async () => world.sdk.userManagement.deleteOrganizationMembership(await membershipIn(await organizationOf("user_1"))),
    /^user_1: the membership is not active/,
  ],
  [
    "organization deleted",
    async () => world.sdk.organizations.deleteOrganization(await organizationOf("user_1")),
    /^user_1: the organization is not the person's own/,
  ],
  [
    "organization renamed",
    async () => world.sdk.organizations.updateOrganization({ organization: await organizationOf("user_1"), name: "Else" }),
    /^user_1: the organization has another name/,
  ],
  [
    "let into another's home",
    async () =>
      world.sdk.userManagement.createOrganizationMembership({
        userId: await idOf("user_0"),
        organizationId: await organizationOf("user_1"),
        roleSlug: "owner",
      }),
    /^user_0: is a member of another person's organization/,
  ],
];

test.each(byHand)("by hand at WorkOS, %s: named by the second proof, repaired by --reconcile", async (_, change, named) => {
  await world.atClerk([ana, bea, person(2)]);
  await world.users();
  expect(await prove()).toMatchObject({ ok: true, offenders: [] });
  await change();

  const open = await prove();
  expect(open.ok).toBe(false);
  expect(open.offenders).toEqual(expect.arrayContaining([expect.stringMatching(named)]));

  const { repaired } = await world.users({ reconcile: true });
  expect(repaired).not.toEqual([]);
  expect(await prove({ fresh: true })).toMatchObject({ ok: true, offenders: [] });
  const state = await world.state();
  expect([state.users.length, state.organizations.length, state.memberships.length, state.factors.length]).toEqual([3, 4, 4, 1]);
  expect(await world.signIn("p1@x.test", "first-password")).toBe("in");
  expect(await world.signIn("p0@x.test", "first-password")).toBe("code");
});

test("a stranger's account is named, and kept by --reconcile", async () => {
  await world.atClerk([ana]);
  await world.users();
  const { id } = await world.sdk.userManagement.createUser({ email: "stranger@x.test" });
  expect((await prove()).offenders).toEqual([`WorkOS user ${id} is nobody of legacy`]);
  const { repaired } = await world.users({ reconcile: true });
  expect(repaired).toEqual([{ id, what: [expect.stringContaining("kept")] }]);
  expect((await world.state()).users).toHaveLength(2);
});

test("the second proof asks by pages and for whom events name, not for everybody", async () => {
  await world.atClerk(Array.from({ length: 250 }, (_, n) => person(n)));
  await world.users();
  expect((await prove()).ok).toBe(true);
  const reads = async () =>
    Object.entries(await world.requests()).reduce((sum, [route, n]) => sum + (route.startsWith("GET /") ? n : 0), 0);
  const before = await reads();
  await world.sdk.userManagement.updateUser({ userId: await idOf("user_7"), firstName: "Zed" });
  expect((await prove()).offenders).toEqual(["user_7: another name"]);
  // Three pages of users, three of organizations, one of events, two for the person named; a few that the admin door of the twin counts.
  expect((await reads()) - before).toBeLessThanOrEqual(12);
}, 60_000);

test("an interrupted proof goes on: nobody is asked twice", async () => {
  await world.atClerk(Array.from({ length: 120 }, (_, n) => person(n)));
  await world.users();
  await world.arm({ pathPattern: "auth_factors$", method: "GET", kind: "status", status: 403, rate: 0.05, seed: 3 });
  await expect(prove()).rejects.toMatchObject({ code: "WORKOS_REFUSED" });
  await world.disarm();
  const { rows } = await world.target.query("select count(*)::int as n from rehome.seen");
  expect(rows[0]?.n).toBeGreaterThan(0);
  const proof = await prove();
  expect(proof.ok).toBe(true);
  expect(proof.figure).toContain(`${120 - rows[0].n} asked one by one`);
}, 60_000);
