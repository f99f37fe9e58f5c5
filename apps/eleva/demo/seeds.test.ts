import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { type Outcome, rehome } from "./rehome.ts";
import { type Line, startLine } from "./testing/partition.ts";
import { type Sides, sidesThatWrite } from "./testing/sides.ts";
import { startWriters, type Writers } from "./testing/writers.ts";
import type { DemoWorld } from "./world.ts";

/** How many seeds. `npm run test:long` sets more. */
const SEEDS = Number(process.env["REHOME_SEEDS"] ?? 1);
/** The first one: the same each time, so that the gate says the same twice. Set it to draw others. */
const FIRST = Number(process.env["REHOME_SEED"] ?? 300);
const PATIENCE_MS = 90_000;
const MOST_TRIES = 6;
const SERVES: Record<string, Sides> = { cutover: { legacy: "RH002", target: "ok" }, rollback: { legacy: "ok", target: "RH002" } };

let world: DemoWorld;
let lines: { legacy: Line; target: Line };

beforeAll(async () => {
  world = await testWorld();
  lines = {
    legacy: await startLine(portOf(world.sandbox.legacy.url("legacy"))),
    target: await startLine(portOf(world.sandbox.target.url("target"))),
  };
  expect((await rehome(world, ["run"])).code).toBe(0);
}, 120_000);

afterAll(async () => {
  await Promise.all([lines?.legacy.stop(), lines?.target.stop()]);
  await world?.stop();
});

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  test(`seed ${seed}: kill, stop, partition and crash while cutover and rollback run under writers: nothing is lost`, async () => {
    const draw = mulberry32(seed);
    const writers = startWriters(world, { perSecond: 60, writers: 4, name: `seed ${seed}`, patienceMs: PATIENCE_MS });
    const said: string[] = [];
    try {
      for (const verb of ["cutover", "rollback"] as const) {
        said.push(await disturbed(verb, draw));
        await throughToTheEnd(verb, writers);
      }
      expect(await rehome(world, ["run"])).toMatchObject({ code: 0 });
    } finally {
      await writers.stop();
    }
    console.info(`REHOME_SEED=${seed}: ${said.join("; ")}; ${writers.acknowledged()} writes`);
    expect(writers.failed()).toBe(0);
    expect(await writers.wrongOn("legacy")).toEqual([]);
  }, 300_000);
}

type Fault = "kill" | "stop" | "cut legacy" | "cut target" | "crash legacy" | "crash target";
const STEPS = {
  cutover: ["gate", "catch up", "freeze", "drain", "prove", "switch"],
  rollback: ["bring back people", "carry back", "freeze", "drain", "prove", "switch"],
};
const FAULTS: Fault[] = ["kill", "kill", "stop", "stop", "cut legacy", "cut target", "crash legacy", "crash target"];

/** Runs a verb and disturbs it once, at a moment drawn from its steps. */
async function disturbed(verb: "cutover" | "rollback", draw: () => number): Promise<string> {
  const fault = FAULTS[Math.floor(draw() * FAULTS.length)] as Fault;
  const step = STEPS[verb][Math.floor(draw() * STEPS[verb].length)] as string;
  const [laterMs, lastsMs] = [draw() * 150, 500 + draw() * 8_000];
  let control: { kill(): void; send(signal: NodeJS.Signals): void } | undefined;
  let strike: Promise<unknown> | undefined;
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const act = async (): Promise<void> => {
    await wait(laterMs);
    if (fault === "kill") control?.kill();
    else if (fault === "stop") {
      control?.send("SIGSTOP");
      await wait(lastsMs);
      control?.send("SIGCONT");
    } else {
      const [how, side] = fault.split(" ") as ["cut" | "crash", "legacy" | "target"];
      if (how === "crash") return world.sandbox[side].crash();
      lines[side].cut();
      await wait(lastsMs);
      lines[side].heal();
    }
  };
  const outcome = await rehome(world, [verb], {
    env: throughLines(),
    onStart: (kill, send) => (control = { kill, send }),
    onStderr: (text) => {
      if (text.includes(`${verb}: ${step}`)) strike ??= act();
    },
  });
  await strike;
  return `${verb} ${fault} at ${step} +${Math.round(laterMs)} ms: code ${outcome.code}${strike ? "" : " (not struck)"}`;
}

/** The same verb again, until it is done: then the right side serves, alone. */
async function throughToTheEnd(verb: "cutover" | "rollback", writers: Writers): Promise<void> {
  let outcome: Outcome | undefined;
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    outcome = await rehome(world, [verb]);
    const over = verb === "rollback" && (outcome.result["error"] as { code?: string } | undefined)?.code === "PHASE_REFUSED";
    if (outcome.code === 0 || over) break;
  }
  expect(await sidesThatWrite(world), `${verb}: ${outcome?.stderr}`).toEqual(SERVES[verb]);
  expect(writers.failed()).toBe(0);
}

/** The mover's own connections go through lines that can be cut; the product's do not. */
function throughLines(): Record<string, string> {
  const through = (name: string, line: Line): [string, string] => {
    const url = new URL(world.env[name] ?? "");
    url.port = String(line.port);
    return [name, url.toString()];
  };
  return Object.fromEntries([through("LEGACY_DATABASE_URL", lines.legacy), through("TARGET_MOVER_URL", lines.target)]);
}

const portOf = (url: string): number => Number(new URL(url).port);

/** A small generator of numbers from 0 to 1, the same for the same seed. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
