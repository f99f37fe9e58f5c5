import { createDatabase, withDatabase } from "@rehome/sandbox";
import type { DemoWorld } from "../world.ts";

/** An empty database beside the world's target, as environment for `rehome`. The world removes it with its server. */
export async function freshTarget(world: DemoWorld, name: string): Promise<Record<string, string>> {
  await createDatabase(world.sandbox.target.url("postgres"), name);
  return targetNamed(world, name);
}

/** The environment in which `name` is the target. */
export function targetNamed({ env }: Pick<DemoWorld, "env">, name: string): Record<string, string> {
  const urls = Object.entries(env).filter(([, value]) => /^postgres.*\/target$/.test(value));
  return Object.fromEntries(urls.map(([key, url]) => [key, withDatabase(url, name)]));
}
