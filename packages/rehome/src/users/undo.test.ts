import { afterEach, beforeEach, expect, test } from "vitest";
import { type PeopleWorld, peopleWorld, type TestPerson } from "./testing/world.ts";
import { undoUsers } from "./undo.ts";

let world: PeopleWorld;
beforeEach(async () => {
  world = await peopleWorld();
});
afterEach(() => world.stop());

const people = (n: number): TestPerson[] =>
  Array.from({ length: n }, (_, i) => ({ id: `user_${i}`, email: `p${i}@x.test`, password: "first-password" }));
const undo = (dry = false) => undoUsers(world.config, { step: () => {}, advance: () => {} }, dry);

test("undo removes what the move made, keeps what others made or changed since by name, and the move can be made again", async () => {
  const stranger = await world.sdk.userManagement.createUser({ email: "stranger@x.test" });
  const foreign = await world.sdk.organizations.createOrganization({ name: "Foreign" });
  await world.atClerk(people(8));
  await world.users();
  const state = await world.state();
  const of = (id: string) => state.users.find((user) => user.external_id === id)?.id ?? "";
  await world.sdk.userManagement.updateUser({ userId: of("user_1"), firstName: "Zed" });
  expect(await world.signIn("p2@x.test", "first-password")).toBe("in");

  const said = await undo(true);
  // 6 organizations, at 80 % of 2,500 deletions a minute.
  expect(said).toMatchObject({ users: 6, organizations: 6, atLeastSeconds: 0 });
  expect((await world.state()).users).toHaveLength(9);

  const figures = await undo();
  expect(figures.kept.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
    { id: "user_1", what: `user ${of("user_1")}: changed since` },
    { id: "user_2", what: `user ${of("user_2")}: signed in since` },
  ]);
  const after = await world.state();
  expect(after.users.map((user) => user.id).toSorted()).toEqual([stranger.id, of("user_1"), of("user_2")].toSorted());
  expect(after.organizations.map((one) => one.external_id ?? one.id).toSorted()).toEqual([foreign.id, "user_1", "user_2"].toSorted());

  await world.users();
  expect((await world.state()).users).toHaveLength(9);
});

test("a killed undo goes on where it stopped", async () => {
  await world.atClerk(people(20));
  await world.users();
  await world.arm({ pathPattern: "^/organizations/", method: "DELETE", kind: "status", status: 401, rate: 0.2, seed: 2 });
  await expect(undo()).rejects.toMatchObject({ code: "WORKOS_REFUSED" });
  await world.disarm();
  const left = (await world.state()).organizations.length;
  expect(left).toBeGreaterThan(0);
  expect(await undo()).toMatchObject({ users: 0, organizations: left, kept: [] });
  const state = await world.state();
  expect([state.users, state.organizations, state.memberships]).toEqual([[], [], []]);
});

test("the time is said before: 5,000 organizations at 50 a minute", async () => {
  const config = {
    ...world.config,
    target: {
      ...world.config.target,
      workos: {
        ...world.config.target.workos,
        shareOfLimit: 1,
        limits: { ...world.config.target.workos.limits, organizationDeletesPer60s: 50 },
      },
    },
  };
  await world.atClerk(people(10));
  await world.users();
  const steps: string[] = [];
  const figures = await undoUsers(config, { step: (name) => void steps.push(name), advance: () => {} }, true);
  expect(figures.atLeastSeconds).toBe(12);
  expect(steps).toContainEqual(expect.stringContaining("at least 12 s"));
});
