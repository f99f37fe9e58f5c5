import { type DemoOptions, type DemoWorld, startWorld } from "./world.ts";

/**
 * A world for tests: about 40 people, cheap hashes, limits fifty times faster; whoever is held is accepted by name. A freeze may last longer than by
 * default: the machine may be busy.
 */
export async function testWorld(options: Partial<DemoOptions> = {}): Promise<DemoWorld> {
  const world = await startWorld({ users: 40, seed: 1, clockSpeed: 50, ...options });
  const held = Object.entries(world.eleva.answers.people).filter(([, person]) => person.disposition === "hold");
  world.env["MAX_FREEZE_MS"] = "20000";
  world.env["ACCEPT_HELD"] = held.map(([id]) => id).join(",");
  return world;
}
