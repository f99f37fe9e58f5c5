import { AsyncLocalStorage } from "node:async_hooks";
import { TenancyError } from "../errors.ts";
import type { Lease } from "./login.ts";
import type { TenancyPool } from "./wire.ts";

/** A call of createTenancy's and the connection it holds, if it has asked anything yet. */
interface Call {
  outer: Call | undefined;
  lease: Lease | undefined;
}

/** The innermost call in whose callback the running code is, of any tenancy of this process: two pools may wait for each other. */
const running = new AsyncLocalStorage<Call>();

/** Nested calls that wait for a connection of a pool. */
const waiting = new Set<{ pool: TenancyPool; holds: readonly Lease[] }>();

/** Runs `work` as a call inside the one that runs. */
export function asCall<T>(work: (call: Call) => Promise<T>): Promise<T> {
  const call: Call = { outer: running.getStore(), lease: undefined };
  return running.run(call, () => work(call));
}

/**
 * Waits for a connection, which calls that are not nested do for as long as the pool lets them. A nested one holds others meanwhile: if all that
 * hold the pool's connections wait in that way, nobody would ever give one back.
 *
 * @throws TenancyError exhausted, at once, in that case
 */
export async function waitFor<T>(pool: TenancyPool, connect: () => Promise<T>): Promise<T> {
  const holds: Lease[] = [];
  for (let call = running.getStore(); call; call = call.outer) if (call.lease) holds.push(call.lease);
  if (holds.length === 0) return await connect();
  const mine = { pool, holds };
  waiting.add(mine);
  try {
    if (neverServed(mine)) throw new TenancyError("exhausted");
    return await connect();
  } finally {
    waiting.delete(mine);
  }
}

/** Of the waiting ones stay those whose pool is in the hands of those that stay; repeated until nothing changes. */
function neverServed(mine: { pool: TenancyPool; holds: readonly Lease[] }): boolean {
  const stuck = new Set(waiting);
  for (let before = -1; before !== stuck.size; ) {
    before = stuck.size;
    const held = new Set([...stuck].flatMap(({ holds }) => holds));
    for (const one of stuck) {
      const { totalCount = 0, idleCount = 0, options } = one.pool;
      const full = idleCount === 0 && totalCount >= (options?.max ?? Number.POSITIVE_INFINITY);
      const inStuckHands = [...held].filter(({ pool }) => pool === one.pool).length;
      if (!full || inStuckHands < totalCount) stuck.delete(one);
    }
  }
  return stuck.has(mine);
}
