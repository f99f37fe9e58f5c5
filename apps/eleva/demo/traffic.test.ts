import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { rehome } from "./rehome.ts";
import { startWriters } from "./testing/writers.ts";
import type { DemoWorld } from "./world.ts";

/** A little more than a request may wait for the end of a freeze: its deadline, and the steps around it on a busy machine. */
const PATIENCE_MS = 25_000;

let world: DemoWorld;

beforeAll(async () => {
  world = await testWorld();
  expect((await rehome(world, ["run"])).code).toBe(0);
}, 120_000);

afterAll(() => world?.stop());

test("200 writes a second through cutover, rollback and cutover again: none fails, and the side that serves has every one", async () => {
  const writers = startWriters(world, { perSecond: 200, patienceMs: PATIENCE_MS });
  const said: string[] = [];
  try {
    for (const [verb, side] of [
      ["cutover", "target"],
      ["rollback", "legacy"],
      ["run", "legacy"],
      ["cutover", "target"],
    ] as const) {
      const outcome = await rehome(world, [verb]);
      expect(outcome, `${verb}: ${outcome.stderr}`).toMatchObject({ code: 0 });
      const freezeMs = Number(outcome.result["freezeMs"] ?? 0);
      said.push(`${verb} (${side}) freeze ${freezeMs} ms, longest refusal ${writers.longestRefusalMs()} ms`);
    }
  } finally {
    await writers.stop();
  }
  console.info(`${writers.acknowledged()} writes acknowledged. ${said.join("; ")}`);
  expect(writers.failed()).toBe(0);
  expect(writers.acknowledged()).toBeGreaterThan(100);
  expect(await writers.wrongOn("target")).toEqual([]);
}, 180_000);
