import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClerkClient } from "@clerk/backend";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { hold } from "./testing/hold.ts";
import { clerkExport, type DemoWorld } from "./world.ts";

let world: DemoWorld;

beforeAll(async () => {
  world = await testWorld();
  expect((await rehome(world, ["run"])).code).toBe(0);
}, 120_000);

afterAll(() => world?.stop());

const STALE = /proof records \(stale.*proof references \(stale.*|proof references \(stale.*proof records \(stale/;

test.each(["schema", "users"])(
  "after `rehome %s` nothing is proved until the rows are copied and proved again",
  async (verb) => {
    expect(await rehome(world, [verb])).toMatchObject({ code: 0 });
    for (const next of ["verify", "cutover"]) expectRefused(await rehome(world, [next]), "PHASE_REFUSED", /not copied, or not since/);
    expect(await rehome(world, ["copy"])).toMatchObject({ code: 0 });
    expectRefused(await rehome(world, ["cutover"]), "GATE_CLOSED", STALE);
    expect(await rehome(world, ["verify"])).toMatchObject({ code: 0 });
    expect(openChecks(await rehome(world, ["status"]))).toEqual([]);
  },
  120_000,
);

test("a copy that fails keeps the gate shut", async () => {
  const held = await hold(world.sandbox.target.url("target"), "lock table rehome.left_behind in access exclusive mode");
  let kill = () => {};
  const copy = rehome(world, ["copy"], { onStart: (way) => (kill = way) });
  await held.waitedFor();
  kill();
  await copy;
  await held.release();
  expectRefused(await rehome(world, ["cutover"]), "PHASE_REFUSED", /not copied/);
  expect(await rehome(world, ["run"])).toMatchObject({ code: 0 });
}, 120_000);

test("a newcomer, and a name that changed at Clerk, close the gate by name; a newcomer who has no rows yet keeps it shut", async () => {
  const { secretKey, publishableKey, url } = world.sandbox.clerk;
  const clerk = createClerkClient({ secretKey, publishableKey, apiUrl: url, telemetry: { disabled: true } });
  const someone = Object.entries(world.eleva.answers.people).find(([, person]) => person.disposition === "move")?.[0] ?? "";
  await clerk.users.updateUser(someone, { lastName: "Changed Since" });
  expectRefused(await rehome(world, ["cutover"]), "GATE_CLOSED", new RegExp(`1 signed up or changed since.*${someone}`));

  const newcomer = await clerk.users.createUser({ emailAddress: ["late@example.org"], skipPasswordRequirement: true });
  expectRefused(await rehome(world, ["cutover"]), "GATE_CLOSED", new RegExp(`2 signed up or changed since.*${newcomer.id}`));

  const file = join(world.folder, "later.csv");
  writeFileSync(file, await clerkExport(world.sandbox.clerk), { mode: 0o600 });
  world.env["CLERK_EXPORTS"] = file;
  expect((await rehome(world, ["users"])).code).toBe(0);
  for (const next of ["verify", "cutover"]) expectRefused(await rehome(world, [next]), "PHASE_REFUSED", /not copied/);
  expect(await rehome(world, ["run"])).toMatchObject({ code: 0 });
}, 120_000);

test("where the target serves, `schema` and `run` are refused", async () => {
  expect(await rehome(world, ["cutover"])).toMatchObject({ code: 0 });
  for (const verb of ["schema", "run"]) expectRefused(await rehome(world, [verb]), "PHASE_REFUSED", /the product runs on the target/);
  // Not even the move was taken from whoever has it.
  expect((await rehome(world, ["status"])).result).toMatchObject({ move: { state: "switched", side: "target" } });
}, 120_000);

test("a rollback makes every proof stale", async () => {
  expect(await rehome(world, ["rollback"])).toMatchObject({ code: 0 });
  expect(await rehome(world, ["copy"])).toMatchObject({ code: 0 });
  expectRefused(await rehome(world, ["cutover"]), "GATE_CLOSED", STALE);
}, 120_000);

function expectRefused({ code, result }: Outcome, error: string, message: RegExp): void {
  expect(result).toMatchObject({ ok: false, error: { code: error, message: expect.stringMatching(message) } });
  expect(code).toBe(3);
}

function openChecks({ result }: Outcome): string[] {
  return (result["gate"] as { name: string; ok: boolean }[]).filter((check) => !check.ok).map((check) => check.name);
}
