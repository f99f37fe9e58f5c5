import fc from "fast-check";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTenancy, type Query, type Tenancy } from "../index.ts";
import { type Relay, startRelay } from "./testing/relay.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";

// Many requests of several identities at once over three connections, with failures of every kind among them.

const REQUESTS = 200;
const RUNS = process.env["REHOME_LONG"] ? 20 : 2;
let world: ClientWorld;
let relay: Relay;
let pool: Pool;
let tenancy: Tenancy;
let expired: string;

beforeAll(async () => {
  world = await clientWorld();
  relay = await startRelay(world.loginUrl);
  pool = quietPool({ connectionString: relay.url, max: 3, pipeline: true });
  tenancy = createTenancy({ pool });
  const now = Math.floor(Date.now() / 1000);
  expired = world.a({ iat: now - 400, exp: now - 100 });
});
afterAll(async () => {
  await pool.end();
  await relay.stop();
  await world.drop();
});

type Who = "A" | "B" | "nobody";
const ACTS = ["read", "write", "throw", "fail", "swallow", "leave", "poison", "expired", "cut", "abandon", "dead tickets"] as const;
type Act = (typeof ACTS)[number];

const request = fc.record({
  who: fc.constantFrom<Who>("A", "B", "nobody"),
  act: fc.oneof({ arbitrary: fc.constantFrom<Act>("read", "write"), weight: 6 }, { arbitrary: fc.constantFrom<Act>(...ACTS), weight: 4 }),
  statements: fc.integer({ min: 1, max: 3 }),
});

test(
  `${REQUESTS} requests at once: nobody sees another's rows, what was promised is written and nothing else, connections come back clean`,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), async (seed) => {
        const requests = fc.sample(request, { seed, numRuns: REQUESTS });
        const any = (act: Act) => requests.some((one) => one.act === act);
        await world.owner.query("truncate ticked");
        const tokens = { A: world.a(), B: world.b() };
        const outcomes = await Promise.all(
          requests.map(async ({ who, act, statements }) => {
            const work = (_db: unknown, query: Query) => behave(query, who, act, statements);
            const token = act === "expired" ? expired : who === "nobody" ? undefined : tokens[who];
            return await (token === undefined ? tenancy.anonymous(work) : tenancy.as(token, work)).then(
              (rows) => ({ rows, error: undefined }),
              (error: { code?: string; sqlstate?: string; message: string; seen?: unknown }) => ({ rows: undefined, error }),
            );
          }),
        );
        const written = { A: 0, B: 0 };
        for (const [index, { who, act }] of requests.entries()) {
          const { rows, error } = outcomes[index] ?? {};
          // A cut takes all connections along, so any request may find the database gone.
          if (any("cut") && error?.code === "unreachable") continue;
          // The key that seals identities was forgotten in the middle of this transaction.
          if (any("dead tickets") && (error?.message === "lost" || error?.sqlstate === "RJ019")) continue;
          expect(`${act} ${error?.code ?? error?.message ?? "done"}`).toMatch(EXPECTED[act]);
          if (rows !== undefined) expect(rows).toBe(who === "nobody" ? "nothing" : `org_01${who}`);
          if (act === "write" && rows !== undefined && who !== "nobody") written[who]++;
        }
        const { rows } = await world.owner.query<{ org: string; n: number }>(
          "select org_id as org, count(*)::int as n from ticked group by 1",
        );
        for (const who of ["A", "B"] as const) {
          const found = rows.find(({ org }) => org === `org_01${who}`)?.n ?? 0;
          expect(found).toBeGreaterThanOrEqual(written[who]);
          // A commit whose answer was cut off may have taken place.
          if (!any("cut")) expect(found).toBe(written[who]);
        }
        await everyConnectionIsClean();
      }),
      { numRuns: RUNS, seed: Number(process.env["FC_SEED"] ?? Date.now() % 1_000_000), endOnFailure: true },
    );
  },
  15_000 * RUNS,
);

const EXPECTED: Readonly<Record<Act, RegExp>> = {
  read: / done$/,
  write: / (done|forbidden)$/, // anonymous may not
  throw: / mine$/,
  fail: / query_failed$/,
  swallow: / query_failed$/,
  leave: / query_failed$/,
  poison: / (done|query_failed)$/, // on a loaded machine its second statement meets the timeout its first one sets
  expired: / expired$/,
  cut: / done$/,
  abandon: / done$/,
  "dead tickets": / done$/,
};

/** What a request sees of whose notes; then what it does. */
async function behave(query: Query, who: Who, act: Act, statements: number): Promise<string> {
  let seen = "nothing";
  for (let i = 0; i < statements; i++) {
    const whose =
      who === "nobody" ? "select coalesce(auth.org_id(), 'nothing') as o" : "select string_agg(distinct org_id, '+') as o from note";
    seen = (await query<{ o: string }>(whose)).rows[0]?.o ?? "nothing";
    if (seen === "nothing" && who !== "nobody") throw new Error("lost");
    if (seen !== (who === "nobody" ? "nothing" : `org_01${who}`)) throw new Error(`${who} saw ${seen}`);
  }
  if (act === "write") {
    const { rows } = await query<{ org: string | null }>("insert into ticked default values returning org_id as org");
    if (rows[0]?.org !== seen) throw new Error("lost");
  }
  if (act === "throw") throw new Error("mine");
  if (act === "fail") await query("select 1 / 0");
  if (act === "swallow") await query("select 1 / 0").catch(() => {});
  if (act === "leave") await query(statements === 1 ? "rollback" : "commit");
  if (act === "cut") setTimeout(() => relay.cut(), statements);
  if (act === "abandon") void query("select pg_sleep(0.001)").catch(() => {});
  if (act === "dead tickets") await world.killTickets();
  if (act === "poison") for (const sql of POISON) await query(sql);
  return seen;
}

const POISON = [
  "select set_config('auth.identity', current_setting('auth.identity', true), false), set_config('search_path', 'evil', false), set_config('statement_timeout', '1', false)",
  "set role anonymous",
];

async function everyConnectionIsClean(): Promise<void> {
  const clients = await Promise.all(Array.from({ length: 3 }, () => pool.connect()));
  for (const client of clients) {
    expect(client.getTransactionStatus()).toBe("I");
    client.release();
  }
  const seen = await Promise.all(
    Array.from({ length: 6 }, () =>
      tenancy.anonymous(
        async (_db, query) =>
          (
            await query(
              "select auth.org_id() as o, current_setting('search_path') as p, (select count(*)::int from pg_prepared_statements) as n",
            )
          ).rows[0],
      ),
    ),
  );
  expect(seen).toEqual(Array(6).fill({ o: null, p: '"$user", public', n: 0 }));
  expect(pool.waitingCount).toBe(0);
  expect(pool.idleCount).toBe(pool.totalCount);
}
