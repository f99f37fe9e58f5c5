import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { hold } from "./testing/hold.ts";
import { sidesThatWrite } from "./testing/sides.ts";
import type { DemoWorld } from "./world.ts";

const LEGACY_SERVES = { legacy: "ok", target: "RH002" };
const TARGET_SERVES = { legacy: "RH002", target: "ok" };

let world: DemoWorld;

beforeAll(async () => {
  world = await testWorld();
  expect((await rehome(world, ["run"])).code).toBe(0);
}, 120_000);

afterAll(() => world?.stop());

test("a row changed behind the mover's back: the proof inside the freeze does not hold, legacy serves as before", async () => {
  const behind = await connect(world.env["TARGET_MOVER_URL"] ?? "");
  const change = (by: number) =>
    behind.query(
      `set rehome.apply = 'on'; update meetings set starts_at = starts_at + ${by} * interval '1 minute' where id = (select id from meetings order by id limit 1)`,
    );
  await change(1);
  const outcome = await rehome(world, ["cutover"]);
  expect(outcome.code).toBe(3);
  expect(outcome.result).toMatchObject({
    ok: false,
    error: { code: "GATE_CLOSED", message: expect.stringContaining("meetings: content differ") },
    next_step: expect.stringMatching(/^Legacy serves as before.*rehome verify/),
  });
  expect(await sidesThatWrite(world)).toEqual(LEGACY_SERVES);
  expect((await rehome(world, ["status"])).result).toMatchObject({ move: { state: "copied", side: "legacy" } });
  await change(-1);
  await behind.end();
}, 120_000);

test("a transaction of the product that stays open longer than the patience: nothing is frozen, legacy serves as before", async () => {
  const open = await hold(
    world.sandbox.legacy.url("legacy", "eleva_app"),
    `update meetings set "guestNotes" = "guestNotes" where id = (select id from meetings order by id limit 1)`,
  );
  const outcome = await rehome(world, ["cutover"]);
  expect(await sidesThatWrite(world)).toEqual(LEGACY_SERVES);
  await open.release("commit");
  expect(outcome.code).toBe(1);
  expect(outcome.result).toMatchObject({
    error: {
      code: "FREEZE_BLOCKED",
      message: expect.stringMatching(/stay open: pid \d+ \(role eleva_app, application .*, open for .*\d s\)/),
    },
    next_step: expect.stringContaining("pg_terminate_backend"),
  });
  expect((await rehome(world, ["status"])).result).toMatchObject({ move: { state: "copied", side: "legacy" } });
}, 120_000);

test("two cutovers at once: the second takes over, the first is fenced off before it closes anything, one switch turns", async () => {
  let send: (signal: NodeJS.Signals) => void = () => {};
  const patient = await hold(world.sandbox.legacy.url("legacy", "eleva_app"), "update categories set name = name");
  let said = "";
  const first = rehome(world, ["cutover"], { onStart: (_, signal) => (send = signal), onStderr: (text) => (said += text) });
  while (!said.includes("cutover: freeze\n")) await new Promise((resolve) => setTimeout(resolve, 5));
  const held = await hold(world.sandbox.target.url("target"), "lock table blocked_dates in access exclusive mode");
  await patient.release();
  // The first stands in its freeze, about to prove. It stops there: a lock alone it would give up after two seconds.
  await held.waitedFor();
  send("SIGSTOP");
  await held.release();
  const epoch = await epochOf(world);
  const second = rehome(world, ["cutover"]);
  await epochAfter(world, epoch);
  send("SIGCONT");
  const [overtaken, taker] = await Promise.all([first, second]);
  expect(overtaken).toMatchObject({ code: 1, result: { error: { code: "FENCED" } } });
  expect(taker).toMatchObject({ code: 0, result: { switched: true } });
  expect(await sidesThatWrite(world)).toEqual(TARGET_SERVES);
  expect((await rehome(world, ["status"])).result).toMatchObject({ move: { state: "switched", side: "target", switchEpoch: "2" } });
}, 120_000);

async function epochOf({ sandbox }: DemoWorld): Promise<bigint> {
  const client = await connect(sandbox.target.url("target"));
  const { rows } = await client.query<{ epoch: string }>("select epoch from rehome.move").finally(() => client.end());
  return BigInt(rows[0]?.epoch ?? 0);
}

/** Until another verb has taken the move. */
async function epochAfter(of: DemoWorld, before: bigint): Promise<void> {
  for (let tries = 0; (await epochOf(of)) === before; tries++) {
    if (tries > 500) throw new Error("Nobody took the move.");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
