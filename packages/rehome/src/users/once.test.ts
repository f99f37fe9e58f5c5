import { setTimeout as wait } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type PeopleWorld, peopleWorld, type TestPerson } from "./testing/world.ts";

const TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

let world: PeopleWorld;
beforeEach(async () => {
  world = await peopleWorld();
});
afterEach(() => world.stop());

const people = (n: number, rest: Partial<TestPerson> = {}): TestPerson[] =>
  Array.from({ length: n }, (_, i) => ({ id: `user_${i}`, email: `p${i}@x.test`, password: "first-password", totp: TOTP, ...rest }));

async function expectExact(expected: readonly TestPerson[]) {
  const state = await world.state();
  expect(state.users.map((user) => user.external_id).toSorted()).toEqual(expected.map((person) => person.id).toSorted());
  expect(state.organizations.map((one) => one.external_id).toSorted()).toEqual(expected.map((person) => person.id).toSorted());
  expect(state.memberships).toHaveLength(expected.length);
  expect(state.factors).toHaveLength(expected.filter((person) => person.totp).length);
}

test.each([60, 150, 250, 350, 450])(
  "a worker that sleeps %i ms after it began, is overtaken and wakes, sends nothing more",
  async (ms) => {
    await world.atClerk(people(20));
    await world.arm({ pathPattern: "^/(user_management/users|organizations)", kind: "latency", latencyMs: 200 });
    const stale = world.spawn(["users"]);
    await stale.sending;
    await wait(ms);
    stale.signal("SIGSTOP");
    const changed = people(20).map((person, i) => (i === 19 ? { ...person, password: "second-password" as const } : person));
    await world.atClerk(changed);
    const overtaker = await world.users();
    expect(overtaker.refused).toEqual([]);
    const writes = async () =>
      Object.entries(await world.requests())
        .filter(([route]) => !route.startsWith("GET "))
        .reduce((sum, [, n]) => sum + n, 0);
    const before = await writes();
    stale.signal("SIGCONT");
    const ended = await stale.ended;
    expect(ended.code).toBe(1);
    // Stopped in the middle of a transaction of the ledger, it finds that the server has ended it.
    expect(ended.stderr).toMatch(/took over|connection to the target database .* was lost/);
    // A request that was already on its way when it fell asleep counts before; none comes after.
    expect(await writes()).toBe(before);
    await world.disarm();
    await expectExact(changed);
    expect(await world.signIn("p19@x.test", "second-password")).toBe("code");
    expect(await world.signIn("p19@x.test", "first-password")).toBe("refused");
  },
  60_000,
);

test("an answer for a factor that comes too late, and acts after it was given up: one factor", async () => {
  await world.atClerk(people(3));
  // The mover gives a request up after 20 s.
  await world.arm({ pathPattern: "auth_factors$", method: "POST", kind: "latency", latencyMs: 21_000, times: 3 });
  await world.users(
    {},
    { ...world.config, target: { ...world.config.target, workos: { ...world.config.target.workos, settleSeconds: 3 } } },
  );
  await expectExact(people(3));
  expect((await world.users()).workedOn).toBe(0);
}, 60_000);

test("an answer for a factor that is lost: one factor", async () => {
  await world.atClerk(people(5));
  await world.arm({ pathPattern: "auth_factors$", method: "POST", kind: "reset_after", times: 5 });
  await world.users();
  await expectExact(people(5));
});

test("killed while factors are enrolled, then run again: one factor each", async () => {
  await world.atClerk(people(12));
  await world.arm({ pathPattern: "auth_factors$", method: "POST", kind: "latency", latencyMs: 400, times: 12 });
  const killed = world.spawn(["users"]);
  await killed.sending;
  for (let tries = 0; tries < 200 && (await world.state()).factors.length < 4; tries++) await wait(10);
  killed.signal("SIGKILL");
  await killed.ended;
  await world.users();
  await expectExact(people(12));
}, 60_000);

test("429 with Retry-After: waited out, nobody twice", async () => {
  await world.atClerk(people(10));
  await world.arm({ pathPattern: "^/user_management/users$", method: "POST", kind: "status", status: 429, times: 3 });
  await world.users();
  await expectExact(people(10));
}, 60_000);

test("one person for whom WorkOS gives no answer stops nobody, is named, and is made by the next run", async () => {
  await world.atClerk(people(8));
  const first = await world.users().catch(() => undefined);
  expect(first?.created).toBe(8);
  await world.atClerk(people(9));
  await world.arm({ pathPattern: "^/user_management/users$", method: "POST", kind: "status", status: 500 });
  await expect(world.users()).rejects.toMatchObject({ code: "WORKOS_UNREACHABLE", message: expect.stringContaining("user_8") });
  await world.disarm();
  expect(await world.users()).toMatchObject({ refused: [] });
  await expectExact(people(9));
}, 60_000);
