import type { DemoWorld } from "../world.ts";
import { connect } from "./connect.ts";

export type Answer = "ok" | string;

export interface Sides {
  legacy: Answer;
  target: Answer;
}

/**
 * What each side answers to a write: `ok`, or the SQLSTATE of its refusal. On legacy the product's role asks; on the target the mover's role
 * without its pass (`rehome.apply`), which is a writer like any other there.
 */
export async function sidesThatWrite(world: DemoWorld): Promise<Sides> {
  const [legacy, target] = await Promise.all([
    attempt(world.sandbox.legacy.url("legacy", "eleva_app")),
    attempt(world.env["TARGET_MOVER_URL"] ?? ""),
  ]);
  return { legacy, target };
}

/** Milliseconds until one side takes a write. Asks on; gives up after the bound. */
export async function writableWithin(world: DemoWorld, side: keyof Sides, boundMs: number): Promise<number> {
  const since = performance.now();
  for (;;) {
    const answer = (await sidesThatWrite(world))[side];
    const took = performance.now() - since;
    if (answer === "ok") return took;
    if (took > boundMs) throw new Error(`The ${side} database took no write for ${Math.round(took)} ms (${answer}).`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A write that changes nothing meets the fence as any other does. */
async function attempt(url: string): Promise<Answer> {
  const client = await connect(url);
  try {
    await client.query("update categories set name = name where false");
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? "no answer";
  } finally {
    await client.end();
  }
}
