import { afterEach, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { type Hold, hold } from "./testing/hold.ts";
import { type Sides, sidesThatWrite, writableWithin } from "./testing/sides.ts";
import type { DemoWorld } from "./world.ts";

let world: DemoWorld | undefined;
afterEach(() => world?.stop());

type Side = "legacy" | "target";
type Verb = "cutover" | "rollback";

/** Whoever sets the fence of this database waits; whoever reads it does not. */
const FENCE_STATE = "alter sequence rehome.fence_state cache 1";
/** Written inside the freeze only. */
const IN_CUTOVERS_FREEZE = "lock table rehome.left_behind_parent in access exclusive mode";
/** Where the mover waits, and on which server: before the freeze, inside it, before the turn, and after it. */
const PLACES: Record<Verb, [string, Side, string][]> = {
  cutover: [
    ["gate", "target", "lock table rehome.proof in access exclusive mode"],
    ["drain", "target", IN_CUTOVERS_FREEZE],
    ["switch", "target", "select from rehome.switch for update"],
    ["switch", "target", FENCE_STATE],
  ],
  rollback: [
    ["prove", "legacy", "alter sequence payment_transfers_id_seq cache 1"],
    ["switch", "target", "select from rehome.switch for update"],
    ["switch", "legacy", FENCE_STATE],
  ],
};

test.each(["legacy", "target"] as const)(
  "the %s server is killed at each step of cutover and rollback: what it takes when it is back is on the side that serves in the end",
  async (dies) => {
    world = await testWorld();
    expect((await rehome(world, ["run"])).code).toBe(0);
    const taken = new Set<string>();
    for (const verb of ["cutover", "rollback"] as const) {
      for (const [step, holder, lock] of PLACES[verb]) {
        await crashedAt(world, dies, verb, step, () => hold(urlOf(world as DemoWorld, holder), lock));
        await writeBoth(world, `${dies} ${verb} ${step} ${taken.size}`, taken);
        // A verb that lost a connection it needed no more has come to its end.
        if ((await standing(world))["side"] === (verb === "cutover" ? "target" : "legacy")) break;
      }
      expect(await rehome(world, [verb])).toMatchObject({ code: expect.toBeOneOf([0, 3]) });
      expect(await sidesThatWrite(world)).toEqual(verb === "cutover" ? TARGET_SERVES : LEGACY_SERVES);
      expect(await missingOn(world, verb === "cutover" ? "target" : "legacy", taken)).toEqual([]);
    }
    expect(taken.size).toBeGreaterThan(2);
  },
  240_000,
);

const LEGACY_SERVES = { legacy: "ok", target: "RH002" };
const TARGET_SERVES = { legacy: "RH002", target: "ok" };

/** Kills a server while the mover waits at a place, lets the mover find its own end, and looks that at most one side takes writes. */
async function crashedAt(of: DemoWorld, dies: Side, verb: Verb, step: string, take: () => Promise<Hold>): Promise<void> {
  const held = await take();
  const running = rehome(of, [verb]);
  await Promise.race([held.waitedFor(), running]);
  await of.sandbox[dies].crash();
  await held.release().catch(() => {});
  const outcome = await running;
  expect(outcome.stderr, `${verb}: ${step}`).toContain(`${verb}: ${step}`);
  expect(Object.values(await sidesThatWrite(of)).filter((answer) => answer === "ok").length).toBeLessThan(2);
}

/** Writes to both sides as the product would, and remembers what was taken. */
async function writeBoth(of: DemoWorld, id: string, taken: Set<string>): Promise<void> {
  for (const url of [of.sandbox.legacy.url("legacy", "eleva_app"), of.env["TARGET_MOVER_URL"] ?? ""]) {
    const client = await connect(url);
    await client
      .query("insert into stripe_processed_events (event_id, event_type) values ($1, 'crash')", [id])
      .then(() => taken.add(id))
      .catch((error: { code?: string }) => expect(error.code).toBe("RH002"));
    await client.end();
  }
}

async function missingOn(of: DemoWorld, side: Side, taken: ReadonlySet<string>): Promise<string[]> {
  const client = await connect(urlOf(of, side));
  const { rows } = await client.query<{ id: string }>("select event_id as id from stripe_processed_events").finally(() => client.end());
  const there = new Set(rows.map((row) => row.id));
  return [...taken].filter((id) => !there.has(id));
}

const urlOf = ({ sandbox }: DemoWorld, side: Side): string =>
  side === "legacy" ? sandbox.legacy.url("legacy") : sandbox.target.url("target");

test("the mover stops inside a freeze for longer than its deadline: writes are back in time, and it changes nothing when it wakes", async () => {
  world = await testWorld();
  world.env["MAX_FREEZE_MS"] = "6000";
  expect((await rehome(world, ["run"])).code).toBe(0);
  const held = await hold(urlOf(world, "target"), IN_CUTOVERS_FREEZE);
  let send: (signal: NodeJS.Signals) => void = () => {};
  const running = rehome(world, ["cutover"], { onStart: (_, signal) => (send = signal) });
  await held.waitedFor();
  send("SIGSTOP");
  expect((await sidesThatWrite(world)).legacy).toBe("RH001");
  await writableWithin(world, "legacy", 6_000 + 1_000);
  await writeBoth(world, "while it sleeps", new Set());
  await held.release();
  const before = await standing(world);
  send("SIGCONT");

  expect(await running).toMatchObject({ code: 1, result: { error: { code: "FREEZE_EXPIRED" } } });
  expect(await standing(world)).toEqual({ ...before, state: "copied" });
  expect(await sidesThatWrite(world)).toEqual(LEGACY_SERVES);
  expect(await rehome(world, ["cutover"], { env: { MAX_FREEZE_MS: "20000" } })).toMatchObject({ code: 0, result: { switched: true } });
  expect(await missingOn(world, "target", new Set(["while it sleeps"]))).toEqual([]);
}, 120_000);

test("steps that take longer than the deadline: the freeze ends, and the verb says so", async () => {
  world = await testWorld();
  world.env["MAX_FREEZE_MS"] = "100";
  expect((await rehome(world, ["run"])).code).toBe(0);
  expect(await rehome(world, ["cutover"])).toMatchObject({
    code: 1,
    result: { error: { code: "FREEZE_EXPIRED" }, next_step: expect.stringContaining("maxFreezeMs") },
  });
  expect(await sidesThatWrite(world)).toEqual(LEGACY_SERVES satisfies Sides);
}, 120_000);

async function standing(of: DemoWorld): Promise<Record<string, unknown>> {
  const client = await connect(urlOf(of, "target"));
  const { rows } = await client
    .query("select m.state, m.epoch::text, s.side, s.epoch::text as switches from rehome.move m, rehome.switch s")
    .finally(() => client.end());
  return rows[0] as Record<string, unknown>;
}
