import { spawnTwin } from "../twin/process.ts";
import type { WorkosTwinOptions } from "./options.ts";
import type { WorkosTwin, WorkosTwinAddress } from "./twin.ts";

/** A twin in a process of its own; `pid` is for tests that kill it. */
interface SpawnedWorkosTwin extends WorkosTwin {
  pid: number;
}

/**
 * Starts the WorkOS twin as a process of its own, which ends when this one does, however that happens.
 *
 * @throws Error with what it said, when it does not start within 30 s
 */
export async function spawnWorkosTwin(options: WorkosTwinOptions = {}): Promise<SpawnedWorkosTwin> {
  const { address, pid, stop } = await spawnTwin<WorkosTwinAddress>("WorkOS", new URL("main.ts", import.meta.url), options);
  return { ...address, pid, stop };
}
