import { afterEach, beforeEach, expect, test } from "vitest";
import { verifyCohort } from "../verify/run.ts";
import { type PeopleWorld, peopleWorld, type TestPerson } from "./testing/world.ts";

let world: PeopleWorld;
beforeEach(async () => {
  world = await peopleWorld();
});
afterEach(() => world.stop());

const people: TestPerson[] = Array.from({ length: 30 }, (_, i) => ({ id: `user_${i}`, email: `p${i}@x.test`, password: "first-password" }));

test("a cohort by id, address and organization moves and is proved; the whole run finds these people done", async () => {
  await world.atClerk(people);
  const { createClerkClient } = await import("@clerk/backend");
  const clerk = createClerkClient({ ...world.clerk, apiUrl: world.clerk.url, telemetry: { disabled: true } });
  const organization = await clerk.organizations.createOrganization({ name: "Team", createdBy: "user_20" });

  const first = await world.users({ only: ["user_3", " P7@x.test", organization.id] });
  expect(first.cohort?.toSorted()).toEqual(["user_20", "user_3", "user_7"]);
  expect(first).toMatchObject({ created: 3, workedOn: 3 });
  expect((await world.state()).users.map((user) => user.external_id).toSorted()).toEqual(["user_20", "user_3", "user_7"]);
  expect(await verifyCohort(world.config, first.cohort ?? [])).toMatchObject({ ok: true, checked: 3, expected: 3 });
  expect(await world.signIn("p7@x.test", "first-password")).toBe("in");

  const whole = await world.users();
  expect(whole).toMatchObject({ created: 27, workedOn: 27, changes: [] });
});

test("a name that fits nobody is refused before anything is sent", async () => {
  await world.atClerk(people);
  await expect(world.users({ only: ["user_404"] })).rejects.toMatchObject({
    code: "PHASE_REFUSED",
    message: expect.stringContaining("user_404"),
  });
  expect((await world.state()).users).toEqual([]);
});

test("whom WorkOS refused is listed with the code, and settled by who decided", async () => {
  await world.sdk.userManagement.createUser({ email: "p3@x.test" });
  await world.atClerk(people.slice(0, 5));
  await world.users();
  const { readHeld, resolvePeople } = await import("../ledger/resolutions.ts");
  expect(await readHeld(world.target, [])).toEqual([
    expect.objectContaining({ id: "user_3", disposition: "refused", reason: "email_not_available", decidedBy: null }),
  ]);
  await expect(resolvePeople(world.target, ["user_4"], "Ana", "x")).rejects.toMatchObject({ code: "PHASE_REFUSED" });
  await resolvePeople(world.target, ["user_3"], "Ana Lima", "ticket 512");
  expect(await readHeld(world.target, [])).toEqual([expect.objectContaining({ decidedBy: "Ana Lima", because: "ticket 512" })]);
  // By the config just as well, and recorded.
  await world.target.query("delete from rehome.resolution");
  const accept = [{ id: "user_3", by: "Rui", because: "left the company" }];
  await world.users({}, { ...world.config, users: { ...world.config.users, accept } });
  expect(await readHeld(world.target, [])).toEqual([expect.objectContaining({ decidedBy: "Rui" })]);
});
