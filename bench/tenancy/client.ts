import { createTenancy } from "@rehome/tenancy";
import pg from "pg";
import { type Goal, ratioGoal } from "../lib/goal.ts";
import { emptyRounds, runRound, type Side, shuffled } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import { type BenchDatabase, idOf } from "./database.ts";
import { BENCH_LOGIN, ROLES } from "./policies.ts";
import type { ProductSize } from "./product.ts";
import { callOf, type Effort, organizationNumber } from "./statements.ts";
import { BEGIN, SELECT, SETTING } from "./transaction.ts";

const SIDES = ["as", "again", "unverified"] as const;

/**
 * `tenancy.as` as a whole, against a transaction that a careful team writes by hand without verifying anything: the same pool settings, the
 * same two round trips (opening, cleaning, identity and one select by key; commit).
 */
export async function compareClients(database: BenchDatabase, size: ProductSize, effort: Effort, progress?: Progress): Promise<Goal[]> {
  const measured = emptyRounds(SIDES);
  for (let round = 0; round < effort.rounds; round++) {
    const organization = organizationNumber(size, {});
    const [user, org] = [idOf("user", organization), idOf("org", organization)];
    const token = database.issuer.token(user, org);
    const claims = JSON.stringify(database.issuer.claims(user, org));
    const pools = ["rehome_login", "rehome_login", BENCH_LOGIN].map((login) => poolOf(database.url(login)));
    const [first, second, third] = pools as [pg.Pool, pg.Pool, pg.Pool];
    const [tenancy, other] = [createTenancy({ pool: first, tickets: true }), createTenancy({ pool: second, tickets: true })];
    const meeting = (i: number) => callOf(size, organization, i).meeting;
    // A pool connects at its first use: in another order each round, because backends differ by it.
    for (const pool of shuffled(pools)) (await pool.connect()).release();
    const sides: Record<(typeof SIDES)[number], Side> = {
      as: (i) => tenancy.as(token, (_db, query) => query(SELECT, [meeting(i)])),
      again: (i) => other.as(token, (_db, query) => query(SELECT, [meeting(i)])),
      unverified: (i) => unverified(third, claims, meeting(i)),
    };
    await runRound(sides, measured, effort);
    await Promise.all(pools.map((pool) => pool.end()));
    progress?.("clients", round + 1, effort.rounds);
  }
  const { as, again, unverified: theirs } = measured;
  return [
    ratioGoal({
      id: "client/repeat",
      claim: "tenancy.as as a whole / a transaction by hand with unverified set_config and the same cleaning",
      goal: 1.25,
      aim: true,
      ours: ["tenancy.as", as],
      theirs: ["by hand", theirs],
      again,
    }),
  ];
}

function poolOf(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 1, pipeline: true });
  pool.on("error", () => {});
  return pool;
}

async function unverified(pool: pg.Pool, claims: string, meeting: number): Promise<void> {
  const client = await pool.connect();
  try {
    await Promise.all([client.query(BEGIN + ROLES.unverified), client.query(SETTING, [claims]), client.query(SELECT, [meeting])]);
    await client.query("commit");
  } finally {
    client.release();
  }
}
