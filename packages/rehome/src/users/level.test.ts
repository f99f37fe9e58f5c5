import { createClerkClient } from "@clerk/backend";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { type PeopleWorld, peopleWorld, type TestPerson } from "./testing/world.ts";

const TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const OTHER_TOTP = "KRSXG5CTMVRXEZLUKRSXG5CTMVRXEZLU";

let world: PeopleWorld;
beforeEach(async () => {
  world = await peopleWorld();
});
afterEach(() => world.stop());
afterAll(() => {});

const ana: TestPerson = { id: "user_ana", email: "ana@x.test", password: "first-password" };
const bea: TestPerson = { id: "user_bea", email: "bea@x.test", password: "first-password", firstName: "Bea", username: "bea" };

const userOf = async (id: string) => (await world.state()).users.find((user) => user.external_id === id);
const factorsOf = async (id: string) => {
  const state = await world.state();
  const user = state.users.find((one) => one.external_id === id);
  return state.factors.filter((factor) => factor.user_id === user?.id);
};

/** Moves these people, changes Clerk, moves again. */
async function moveThen(before: TestPerson[], after: TestPerson[]) {
  await world.atClerk(before);
  await world.users();
  await world.atClerk(after);
  return world.users();
}

test("a password that changed at Clerk is the only one that signs in", async () => {
  const figures = await moveThen([ana], [{ ...ana, password: "second-password" }]);
  expect(await world.signIn("ana@x.test", "second-password")).toBe("in");
  expect(await world.signIn("ana@x.test", "first-password")).toBe("refused");
  expect(figures.changes).toEqual([{ id: "user_ana", what: ["password"] }]);
});

test("a password that changed after the export: held, and taken back, until there is a fresh export", async () => {
  await world.atClerk([ana, bea]);
  await world.users();
  const { secretKey, publishableKey, url } = world.clerk;
  const clerk = createClerkClient({ secretKey, publishableKey, apiUrl: url, telemetry: { disabled: true } });
  await clerk.users.updateUser("user_ana", { password: "set-after-the-export" });
  const figures = await world.users();
  expect(figures.removed).toEqual([{ id: "user_ana", reason: "password_newer_than_export", what: ["account", "organization"] }]);
  expect(figures.changes).toEqual([]);
  expect(await world.signIn("ana@x.test", "first-password")).toBe("refused");
  await world.atClerk([{ ...ana, password: "second-password" }, bea]);
  expect(await world.users()).toMatchObject({ created: 1, refused: [] });
  expect(await world.signIn("ana@x.test", "second-password")).toBe("in");
});

test("a password that was removed at Clerk signs in no more", async () => {
  const { password: _, ...without } = ana;
  const figures = await moveThen([ana], [{ ...without, google: true }]);
  expect(await world.signIn("ana@x.test", "first-password")).toBe("refused");
  expect(figures.changes).toEqual([{ id: "user_ana", what: ["password closed"] }]);
  expect((await world.users()).workedOn).toBe(0);
});

test("a password that turned into one that cannot be carried: the old one signs in no more", async () => {
  await moveThen([ana], [{ ...ana, digest: "0123456789abcdef0123456789abcdef", hasher: "md5" }]);
  expect(await world.signIn("ana@x.test", "first-password")).toBe("refused");
  expect((await world.users()).workedOn).toBe(0);
});

test("whoever never had a password is sent none, and one set at WorkOS by that person stays", async () => {
  await world.atClerk([{ id: "user_g", email: "g@x.test", google: true }]);
  await world.users();
  const user = await userOf("user_g");
  expect(user?.password).toBeNull();
});

test("a factor that was added, replaced, removed at Clerk is so at WorkOS", async () => {
  await world.atClerk([ana]);
  await world.users();
  await world.atClerk([{ ...ana, totp: TOTP }]);
  expect((await world.users()).changes).toEqual([{ id: "user_ana", what: ["factor enrolled"] }]);
  expect(await world.signIn("ana@x.test", "first-password")).toBe("code");
  const [first] = await factorsOf("user_ana");
  await world.atClerk([{ ...ana, totp: OTHER_TOTP }]);
  await world.users();
  const second = await factorsOf("user_ana");
  expect(second).toHaveLength(1);
  expect(second[0]?.id).not.toBe(first?.id);
  await world.atClerk([ana]);
  await world.users();
  expect(await factorsOf("user_ana")).toEqual([]);
});

test("a factor that the person enrolled at WorkOS is kept and listed", async () => {
  await world.atClerk([ana]);
  await world.users();
  const user = await userOf("user_ana");
  const own = await world.sdk.multiFactorAuth.createUserAuthFactor({
    userId: user?.id ?? "",
    type: "totp",
    totpIssuer: "x",
    totpUser: "ana",
  });
  await world.atClerk([{ ...ana, totp: TOTP }]);
  const figures = await world.users();
  expect((await factorsOf("user_ana")).map((factor) => factor.id)).toContain(own.authenticationFactor.id);
  expect(figures.changes).toEqual([
    { id: "user_ana", what: ["factor enrolled", `kept factor ${own.authenticationFactor.id}, which this move did not enrol`] },
  ]);
});

test("address, verified state and names follow, also when a name was emptied", async () => {
  const figures = await moveThen([ana], [{ ...ana, email: "new@x.test", verified: false, firstName: null, lastName: "Souza" }]);
  const user = await userOf("user_ana");
  expect(user).toMatchObject({ email: "new@x.test", email_verified: false, last_name: "Souza" });
  expect(user?.first_name ?? "").toBe("");
  const state = await world.state();
  expect(state.organizations.map((one) => one.name)).toEqual(["Souza"]);
  expect(figures.changes[0]?.what).toEqual(expect.arrayContaining(["address", "names", "organization name"]));
});

test.each([
  ["banned", { ...bea, banned: true }],
  ["primary address removed", { ...bea, email: null }],
  ["an unknown role", { ...bea, role: "wizard" }],
] as const)("%s: the account that the move made is gone, and listed", async (_, after) => {
  const figures = await moveThen([ana, bea], [ana, after]);
  const state = await world.state();
  expect(state.users.map((user) => user.external_id)).toEqual(["user_ana"]);
  expect(state.organizations.map((one) => one.external_id)).toEqual(["user_ana"]);
  expect(figures.removed).toEqual([{ id: "user_bea", reason: expect.any(String), what: ["account", "organization"] }]);
  const { rows } = await world.target.query(
    "select moved, workos_user_id as u, workos_organization_id as o, workos_membership_id as m from rehome.identity where legacy_user_id = 'user_bea'",
  );
  expect(rows).toEqual([{ moved: false, u: null, o: null, m: null }]);
  // Back at Clerk, back at WorkOS.
  await world.atClerk([ana, bea]);
  await world.users();
  expect(await world.signIn("bea@x.test", "first-password")).toBe("in");
});

test("deleted at Clerk: gone, from the export too", async () => {
  const figures = await moveThen([ana, bea], [ana]);
  expect((await world.state()).users.map((user) => user.external_id)).toEqual(["user_ana"]);
  expect(figures.removed.map((one) => one.id)).toEqual(["user_bea"]);
});

test("deleted and signed up again with the same address, with people behind", async () => {
  const behind = Array.from({ length: 30 }, (_, n) => ({ ...ana, id: `user_z${n}`, email: `z${n}@x.test` }));
  await moveThen([ana], [{ ...ana, id: "user_ana2", password: "second-password" }, ...behind]);
  const state = await world.state();
  expect(state.users).toHaveLength(31);
  expect(await world.signIn("ana@x.test", "second-password")).toBe("in");
  expect(await world.signIn("ana@x.test", "first-password")).toBe("refused");
});

test("two people exchange their addresses", async () => {
  await moveThen(
    [ana, { ...bea, password: "second-password" }],
    [
      { ...ana, email: "bea@x.test" },
      { ...bea, email: "ana@x.test", password: "second-password" },
    ],
  );
  expect(await userOf("user_ana")).toMatchObject({ email: "bea@x.test", email_verified: true });
  expect(await userOf("user_bea")).toMatchObject({ email: "ana@x.test", email_verified: true });
  expect(await world.signIn("ana@x.test", "second-password")).toBe("in");
  expect((await world.users()).workedOn).toBe(0);
});

test("a chain: a takes the address that b gives up, b one that c gives up", async () => {
  const cis = { ...ana, id: "user_cis", email: "cis@x.test" };
  await moveThen(
    [ana, bea, cis],
    [
      { ...ana, email: "bea@x.test" },
      { ...bea, email: "cis@x.test" },
      { ...cis, email: "new@x.test" },
    ],
  );
  expect(await userOf("user_ana")).toMatchObject({ email: "bea@x.test" });
  expect(await userOf("user_bea")).toMatchObject({ email: "cis@x.test" });
});

test("locked and unlocked: nothing changes, nobody is worked on", async () => {
  expect(await moveThen([ana], [{ ...ana, locked: true }])).toMatchObject({ workedOn: 0, changes: [], removed: [] });
});

test("more people than may leave unseen: nothing is removed until the number is named", async () => {
  const crowd = Array.from({ length: 20 }, (_, n) => ({ ...ana, id: `user_c${n}`, email: `c${n}@x.test` }));
  await world.atClerk(crowd);
  await world.users();
  await world.atClerk(crowd.slice(0, 8));
  await expect(world.users()).rejects.toMatchObject({ code: "GATE_CLOSED", message: expect.stringContaining("12 people") });
  expect((await world.state()).users).toHaveLength(20);
  expect((await world.users({ remove: 12 })).removed).toHaveLength(12);
  expect((await world.state()).users).toHaveLength(8);
});

test("an address that a stranger's account has: that person is refused by name, all others move", async () => {
  const stranger = await world.sdk.userManagement.createUser({ email: "bea@x.test" });
  await world.atClerk([ana, bea, { ...ana, id: "user_cis", email: "cis@x.test" }]);
  const figures = await world.users();
  expect(figures.refused).toEqual([{ id: "user_bea", code: "email_not_available", what: expect.stringContaining(stranger.id) }]);
  expect((await world.state()).users).toHaveLength(3);
  const { rows } = await world.target.query("select disposition, reason from rehome.disposition where legacy_user_id = 'user_bea'");
  expect(rows).toEqual([{ disposition: "refused", reason: "email_not_available" }]);
  await world.sdk.userManagement.deleteUser(stranger.id);
  expect(await world.users()).toMatchObject({ refused: [] });
  expect(await world.signIn("bea@x.test", "first-password")).toBe("in");
});

test("a factor that WorkOS refuses: that person is refused, and no account without a code stays", async () => {
  await world.atClerk([ana, { ...bea, totp: TOTP }, { ...ana, id: "user_cis", email: "cis@x.test" }]);
  await world.arm({ pathPattern: "auth_factors$", method: "POST", kind: "status", status: 422, times: 1 });
  const figures = await world.users();
  expect(figures.refused.map((one) => one.id)).toEqual(["user_bea"]);
  const state = await world.state();
  expect(state.users.map((user) => user.external_id).toSorted()).toEqual(["user_ana", "user_cis"]);
  expect(state.organizations).toHaveLength(2);
  await world.users();
  expect(await world.signIn("bea@x.test", "first-password")).toBe("code");
});

test("values that the database refuses: that person is refused with the SQLSTATE, all others move", async () => {
  await world.target.query("alter table rehome.identity add check (first_name <> 'Bea')");
  const many = Array.from({ length: 40 }, (_, n) => ({ ...ana, id: `user_c${n}`, email: `c${n}@x.test` }));
  await world.atClerk([ana, bea, ...many]);
  const figures = await world.users();
  expect(figures.refused).toEqual([{ id: "user_bea", code: "23514", what: expect.any(String) }]);
  expect((await world.state()).users).toHaveLength(41);
  const { rows } = await world.target.query("select disposition, reason from rehome.disposition where legacy_user_id = 'user_bea'");
  expect(rows).toEqual([{ disposition: "refused", reason: "23514" }]);
});

test("a user deleted by hand at WorkOS who then changes at Clerk is made anew", async () => {
  await world.atClerk([ana]);
  await world.users();
  await world.sdk.userManagement.deleteUser((await userOf("user_ana"))?.id ?? "");
  await world.atClerk([{ ...ana, lastName: "Nova" }]);
  await world.users();
  expect(await userOf("user_ana")).toMatchObject({ last_name: "Nova" });
  const state = await world.state();
  expect(state.organizations).toHaveLength(1);
  expect(state.memberships.filter((one) => one.status === "active")).toHaveLength(1);
});

test("a patient becomes an expert: a practice beside the home, with a membership; back to patient it stays", async () => {
  const figures = await moveThen([bea], [{ ...bea, role: "expert" }]);
  const state = await world.state();
  expect(state.organizations.map((one) => [one.external_id, one.name]).toSorted()).toEqual([
    ["practice:user_bea", "Practice of Bea Lima"],
    ["user_bea", "Bea Lima"],
  ]);
  expect(state.memberships.map((one) => [one.status, one.role.slug])).toEqual([
    ["active", "owner"],
    ["active", "owner"],
  ]);
  expect(figures.changes).toEqual([{ id: "user_bea", what: ["practice made"] }]);
  await world.atClerk([{ ...bea, banned: true }]);
  expect((await world.users()).removed[0]?.what).toEqual(["account", "organization", "practice"]);
  expect((await world.state()).organizations).toEqual([]);
});

test("the legacy id, the date of sign-up and the move are at WorkOS", async () => {
  await world.atClerk([ana]);
  await world.users();
  expect((await userOf("user_ana"))?.metadata).toMatchObject({
    legacy_created_at: "2023-11-14T22:13:20.000Z",
    rehome_move: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test("three requests a person, four with TOTP, one for each change after", async () => {
  await world.atClerk([ana, { ...bea, totp: TOTP }]);
  const count = async () =>
    Object.entries(await world.requests())
      .filter(([route]) => !route.includes("/authorization/") && !route.includes("__twin"))
      .reduce((sum, [, n]) => sum + n, 0);
  await world.users();
  expect(await count()).toBe(7);
  await world.users();
  expect(await count()).toBe(7);
});

test("somebody leaves whose organization others have joined: the organization stays, and is listed", async () => {
  await world.atClerk([ana, bea]);
  await world.users();
  const state = await world.state();
  const of = (id: string) => state.users.find((user) => user.external_id === id)?.id ?? "";
  const home = state.organizations.find((one) => one.external_id === "user_bea")?.id ?? "";
  await world.sdk.userManagement.createOrganizationMembership({ userId: of("user_ana"), organizationId: home, roleSlug: "member" });
  await world.atClerk([ana, { ...bea, banned: true }]);
  const { removed } = await world.users();
  expect(removed[0]?.what).toEqual(["account", `organization ${home} stays, because others are members`]);
  expect((await world.state()).organizations.map((one) => one.id)).toContain(home);
});
