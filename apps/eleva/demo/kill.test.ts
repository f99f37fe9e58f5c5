import { legacyWrites } from "@rehome/eleva-legacy";
import type pg from "pg";
import type { Proof } from "rehome";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { proveAnswers } from "./proofs/answers.ts";
import { fingerprint, proveRerun } from "./proofs/rerun.ts";
import { workosOf, writesSeen } from "./proofs/workos.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { accountsThatDiffer } from "./testing/duplicates.ts";
import { hold } from "./testing/hold.ts";
import type { DemoWorld } from "./world.ts";

const SEED = Number(process.env["REHOME_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KILLS = 10;

let undisturbed: DemoWorld;
let killed: DemoWorld;

beforeAll(async () => {
  [undisturbed, killed] = await Promise.all([testWorld(), testWorld()]);
}, 120_000);

afterAll(async () => {
  await Promise.all([undisturbed?.stop(), killed?.stop()]);
});

test("kill -9 at ten random moments of `run`, then a run to the end: nothing is missing, nothing is there twice", async () => {
  let lengthMs = await lengthOfRun(undisturbed);
  const draw = mulberry32(SEED);
  // The first ten in ascending order, because each run goes on where the last one was killed. A run that finds most of it done may end before its
  // moment: then the moment is drawn anew, from the length that such a run has.
  const moments = Array.from({ length: KILLS }, () => draw() * lengthMs).sort((a, b) => a - b);
  const said: string[] = [];
  for (let struck = 0; struck < KILLS; ) {
    const moment = moments.shift() ?? draw() * lengthMs;
    const { outcome, tookMs } = await killedAfter(killed, moment);
    if (outcome.code === -1) struck += 1;
    else lengthMs = Math.min(lengthMs, tookMs);
    expect([-1, 0]).toContain(outcome.code);
    said.push(`${Math.round(moment)} ms ${outcome.code === -1 ? outcome.stderr.trim().split("\n").at(-1) : "ended before"}`);
  }
  console.info(`REHOME_SEED=${SEED} (set it to repeat). Killed at: ${said.join(", ")}`);

  const last = await rehome(killed, ["run"]);
  expect(last.stderr).not.toContain("Error");
  expect(last.code).toBe(0);
  expect(openProofs(last)).toEqual([]);
  await withTarget(killed, async (target) => {
    const workos = workosOf(killed.sandbox.workos);
    expect(await proveAnswers(target, workos, killed.eleva.answers)).toMatchObject({ ok: true, offenders: [] });
    expect(await accountsThatDiffer(workos, killed.eleva)).toEqual([]);
    const before = await fingerprint(target, await writesSeen(killed.sandbox.workos));
    expect((await rehome(killed, ["run"])).code).toBe(0);
    expect(proveRerun(before, await fingerprint(target, await writesSeen(killed.sandbox.workos)))).toMatchObject({
      ok: true,
      offenders: [],
    });
  });
}, 240_000);

test("the target's connections end in the middle of `run`, then it runs again", async () => {
  const product = await connect(undisturbed.sandbox.legacy.url("legacy", "eleva_app"));
  await legacyWrites(product, undisturbed.eleva, "before the server goes", 60);
  await product.end();
  // The mover waits in the midst of a transaction that carries these changes.
  const held = await hold(undisturbed.sandbox.target.url("target"), "lock table rehome.left_behind in access exclusive mode");
  const running = rehome(undisturbed, ["run"]);
  await held.waitedFor();
  const admin = await connect(undisturbed.sandbox.target.url("postgres"));
  const ended = await admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'rehome%'");
  await admin.end();
  expect(ended.rowCount).toBeGreaterThan(0);
  const outcome = await running;
  await held.release();
  expect(outcome.code).toBe(1);
  expect(outcome.result).toMatchObject({ ok: false, error: { code: expect.stringMatching(/DATABASE_UNREACHABLE|QUERY_FAILED/) } });
  expect(outcome.stderr).toContain("Next:  ");
  expect(outcome.stderr).not.toContain("Unexpected");

  const again = await rehome(undisturbed, ["run"]);
  expect(again.code).toBe(0);
  expect(openProofs(again)).toEqual([]);
  expect(await accountsThatDiffer(workosOf(undisturbed.sandbox.workos), undisturbed.eleva)).toEqual([]);
}, 120_000);

test("two runs at once: who was overtaken is fenced off, and everything is there once", async () => {
  const product = await connect(undisturbed.sandbox.legacy.url("legacy", "eleva_app"));
  await legacyWrites(product, undisturbed.eleva, "before two runs", 30);
  await product.end();
  // The first one waits outside of any transaction of its own, so that the second one can take the move.
  const held = await hold(undisturbed.sandbox.legacy.url("legacy"), "lock table rehome.change in access exclusive mode");
  const first = rehome(undisturbed, ["run"]);
  await held.waitedFor();
  let second: Promise<Outcome> | undefined;
  const taken = new Promise<void>((resolve) => {
    second = rehome(undisturbed, ["run"], { onStderr: (text) => void (text.includes("run: roles") && resolve()) });
  });
  await taken;
  await held.release();
  const [overtaken, taker] = [await first, await second];
  expect(overtaken.result).toMatchObject({ ok: false, error: { code: "FENCED" } });
  expect(overtaken.code).toBe(1);
  expect(taker?.code).toBe(0);
  expect(openProofs(taker as Outcome)).toEqual([]);
  expect(await accountsThatDiffer(workosOf(undisturbed.sandbox.workos), undisturbed.eleva)).toEqual([]);
}, 120_000);

/** Milliseconds from the first sign of work to the end of a run that nobody disturbs. */
async function lengthOfRun(world: DemoWorld): Promise<number> {
  let beganAt = 0;
  const outcome = await rehome(world, ["run"], { onStderr: () => (beganAt ||= performance.now()) });
  expect(outcome.stderr).not.toContain("Error");
  expect(outcome.code).toBe(0);
  return performance.now() - beganAt;
}

/** The time runs from the first sign of work, so that no kill is spent on a process that still loads its modules. */
async function killedAfter(world: DemoWorld, ms: number): Promise<{ outcome: Outcome; tookMs: number }> {
  let timer: NodeJS.Timeout | undefined;
  let beganAt = 0;
  const outcome = await rehome(world, ["run"], {
    onStderr(_, kill) {
      beganAt ||= performance.now();
      timer ??= setTimeout(kill, ms);
    },
  });
  clearTimeout(timer);
  return { outcome, tookMs: performance.now() - beganAt };
}

function openProofs(outcome: Outcome): string[] {
  const { proofs } = outcome.result["verify"] as { proofs: Proof[] };
  expect(proofs.map((proof) => proof.name)).toEqual(expect.arrayContaining(["users", "rows", "references", "records"]));
  return proofs.filter((proof) => !proof.ok).map((proof) => `${proof.name}: ${proof.offenders.join("; ")}`);
}

async function withTarget(world: DemoWorld, use: (target: pg.Client) => Promise<void>): Promise<void> {
  const target = await connect(world.env["TARGET_MOVER_URL"] ?? "");
  await use(target).finally(() => target.end());
}

/** A small generator of equally distributed numbers below 1, the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
