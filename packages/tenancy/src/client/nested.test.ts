import type { Pool } from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createTenancy, type Query } from "../index.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";

// A call inside the callback of another needs a second connection while it holds the first.

let world: ClientWorld;
const pools: Pool[] = [];
beforeAll(async () => {
  world = await clientWorld();
});
afterAll(() => world.drop());
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.end()));
});

function poolOf(max: number, connectionString = world.loginUrl): Pool {
  const pool = quietPool({ connectionString, max });
  pools.push(pool);
  return pool;
}
const one = (_db: unknown, query: Query) => query("select 1");
const EXHAUSTED = {
  name: "TenancyError",
  code: "exhausted",
  retryable: true,
  httpStatus: 503,
  next: expect.stringMatching(/handed.*pool/),
};

/** Fails the test rather than hang it. */
const soon = <T>(work: Promise<T>): Promise<T> =>
  Promise.race([work, new Promise<never>((_, reject) => setTimeout(() => reject(new Error("it waits")), 4000).unref())]);

test("on a pool of one connection, held by the outer call, it is an error at once", async () => {
  const tenancy = createTenancy({ pool: poolOf(1) });
  const outer = tenancy.as(world.a(), async (_db, query) => {
    await query("select 1");
    await tenancy.as(world.b(), one);
  });
  await expect(soon(outer)).rejects.toMatchObject(EXHAUSTED);
  await soon(tenancy.as(world.a(), one)); // the connection came back
  const caught = tenancy.as(world.a(), async (_db, query) => {
    await query("select 1");
    const inner = await tenancy.anonymous(one).catch((error: { code: string }) => error.code);
    return [inner, (await query("select auth.org_id() as org")).rows];
  });
  expect(await soon(caught)).toEqual(["exhausted", [{ org: "org_01A" }]]);
});

test("with a free connection it works, three deep; the one too deep is the error", async () => {
  const tenancy = createTenancy({ pool: poolOf(3) });
  const deep = (levels: number): Promise<number> =>
    tenancy.as(world.a(), async (_db, query) => {
      await query("select 1");
      return levels === 1 ? 1 : 1 + (await deep(levels - 1));
    });
  expect(await soon(deep(3))).toBe(3);
  await expect(soon(deep(4))).rejects.toMatchObject(EXHAUSTED);
});

test("an outer call that has not asked anything yet holds no connection", async () => {
  const tenancy = createTenancy({ pool: poolOf(1) });
  const outer = tenancy.as(world.a(), async (_db, query) => {
    const inner = await tenancy.as(world.b(), async (_, ask) => (await ask("select auth.org_id() as org")).rows);
    return [inner, (await query("select auth.org_id() as org")).rows];
  });
  expect(await soon(outer)).toEqual([[{ org: "org_01B" }], [{ org: "org_01A" }]]);
});

test("calls side by side that each hold one and wait for one more: as many fail as must, the others go on", async () => {
  const tenancy = createTenancy({ pool: poolOf(4) });
  let holding = 0;
  let all = () => {};
  const everybody = new Promise<void>((resolve) => {
    all = resolve;
  });
  const call = () =>
    tenancy.as(world.a(), async (_db, query) => {
      await query("select 1");
      if (++holding === 4) all();
      await everybody;
      await tenancy.as(world.b(), one);
    });
  const ended = await soon(Promise.allSettled([call(), call(), call(), call()]));
  const failed = ended.filter((end) => end.status === "rejected");
  expect(failed.length).toBeGreaterThanOrEqual(1);
  expect(failed.length).toBeLessThan(4);
  for (const { reason } of failed) expect(reason).toMatchObject(EXHAUSTED);
});

test("while others hold a connection and work on, it waits for theirs; so does a call that is not nested", async () => {
  const pool = poolOf(2);
  const tenancy = createTenancy({ pool });
  let free = () => {};
  const freed = new Promise<void>((resolve) => {
    free = resolve;
  });
  const busy = tenancy.as(world.a(), (_db, query) => query("select 1").then(() => freed));
  const nested = tenancy.as(world.a(), async (_db, query) => {
    await query("select 1");
    await tenancy.as(world.b(), one);
    return "served";
  });
  await expect.poll(() => pool.waitingCount).toBe(1);
  const plain = tenancy.as(world.a(), one).then(() => "served");
  await expect.poll(() => pool.waitingCount).toBe(2);
  free();
  await busy;
  expect(await soon(Promise.all([nested, plain]))).toEqual(["served", "served"]);
});

test("a connection that other code took from the pool is no reason to give up", async () => {
  const pool = poolOf(2);
  const tenancy = createTenancy({ pool });
  const taken = await pool.connect();
  const nested = tenancy.as(world.a(), async (_db, query) => {
    await query("select 1");
    await tenancy.as(world.b(), one);
    return "served";
  });
  await expect.poll(() => pool.waitingCount).toBe(1);
  taken.release();
  expect(await soon(nested)).toBe("served");
});

test("jobs count, too: two pools that wait for each other", async () => {
  const tenancy = createTenancy({ pool: poolOf(1), workers: poolOf(1, world.workerUrl) });
  const job = (work: () => Promise<unknown>) => tenancy.job("client_test", (_db, query) => query("select 1").then(work));
  const person = (work: () => Promise<unknown>) => tenancy.as(world.a(), (_db, query) => query("select 1").then(work));
  expect(await soon(person(() => job(async () => "served")))).toBe("served");
  let holding = 0;
  let both = () => {};
  const together = new Promise<void>((resolve) => {
    both = resolve;
  });
  const meet = async () => {
    if (++holding === 2) both();
    await together;
  };
  const ended = await soon(
    Promise.allSettled([
      person(() => meet().then(() => job(async () => "served"))),
      job(() => meet().then(() => person(async () => "served"))),
    ]),
  );
  expect(ended.filter((end) => end.status === "rejected").map((end) => end.reason.code)).toEqual(["exhausted"]);
});
