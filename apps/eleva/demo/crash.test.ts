import { afterEach, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { hold } from "./testing/hold.ts";
import { sidesThatWrite } from "./testing/sides.ts";
import type { DemoWorld } from "./world.ts";

/** Whoever sets the fence of this database waits; whoever reads it does not. */
const FENCE_STATE = "alter sequence rehome.fence_state cache 1";

let world: DemoWorld | undefined;
afterEach(() => world?.stop());

test("legacy's server dies right after the switch has turned: it comes back closed", async () => {
  world = await testWorld();
  expect((await rehome(world, ["run"])).code).toBe(0);
  const held = await hold(world.sandbox.target.url("target"), FENCE_STATE);
  const cutover = rehome(world, ["cutover"]);
  await held.waitedFor();
  expect(await sideOf(world)).toBe("target");

  await world.sandbox.legacy.crash();
  await held.release();
  await cutover;

  expect((await sidesThatWrite(world)).legacy).toBe("RH002");
  expect(await rehome(world, ["cutover"])).toMatchObject({ code: 0 });
  expect(await sidesThatWrite(world)).toEqual({ legacy: "RH002", target: "ok" });
}, 120_000);

async function sideOf({ sandbox }: DemoWorld): Promise<string | undefined> {
  const client = await connect(sandbox.target.url("target"));
  const { rows } = await client.query<{ side: string }>("select side from rehome.switch").finally(() => client.end());
  return rows[0]?.side;
}
