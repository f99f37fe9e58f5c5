import { confidentialAccess, newestShared, policyBuilders, readConfidential } from "@rehome/tenancy";
import { pgRole, QueryBuilder } from "drizzle-orm/pg-core";
import type { Client } from "pg";
import { type Goal, ratioGoal } from "../lib/goal.ts";
import { emptyRounds, runRound, type Side, shuffled } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import { type Call, STATEMENTS } from "./catalog.ts";
import type { BenchDatabase } from "./database.ts";
import { BENCH_LOGIN, ROLES } from "./policies.ts";
import type { ProductSize } from "./product.ts";
import { callOf, type Effort, enter, organizationNumber } from "./statements.ts";
import { productTables } from "./tables.ts";

const SIDES = ["confidential", "again", "guarded"] as const;
const GOAL = 1.3;

interface Pair {
  id: string;
  clinic: boolean;
  confidential: { text: string; params(call: Call): unknown[] };
  guarded: { text: string; params(call: Call): unknown[] };
}

/**
 * Reads of confidential columns, through the function of their table, beside the same read of the same columns by an ordinary statement under the same
 * policy: what they cost before they were confidential. A read by key, and the newest 50 of what two organizations share, both in one statement.
 */
export async function compareConfidential(
  database: BenchDatabase,
  size: ProductSize,
  effort: Effort,
  progress?: Progress,
): Promise<Goal[]> {
  const role = pgRole(ROLES.guardedShared).existing();
  const { meetings } = productTables(role, true);
  policyBuilders({ authenticated: role }).confidential(meetings.title);
  await database.owner.query("begin");
  await confidentialAccess(database.owner, { schema: { meetings } });
  // The other side reads the column as it did before.
  await database.owner.query(`grant select on public.meetings to ${ROLES.guardedShared}`);
  await database.owner.query("commit");

  const page = newestShared(new QueryBuilder(), meetings, {
    orgs: [meetings.expertOrgId, meetings.patientOrgId],
    orderBy: [meetings.startsAt, meetings.id],
    limit: 50,
  }).toSQL();
  const read = readConfidential(new QueryBuilder(), meetings, [0]).toSQL();
  const ordinary = (id: string) => STATEMENTS.find((statement) => statement.id === id) ?? STATEMENTS[0];
  const list = (id: string, clinic: boolean): Pair => ({
    id,
    clinic,
    confidential: { text: page.sql, params: () => page.params },
    guarded: ordinary(clinic ? "shared-list-clinic" : "shared-list") as Pair["guarded"],
  });
  const pairs: Pair[] = [
    {
      id: "point",
      clinic: false,
      confidential: { text: read.sql, params: ({ meeting }) => [[meeting]] },
      guarded: ordinary("point") as Pair["guarded"],
    },
    list("list", false),
    list("list-clinic", true),
  ];
  const goals: Goal[] = [];
  for (const [step, pair] of pairs.entries()) {
    goals.push(await measure(database, size, effort, pair));
    progress?.("confidential columns", step + 1, pairs.length);
  }
  return goals;
}

async function measure(database: BenchDatabase, size: ProductSize, effort: Effort, pair: Pair): Promise<Goal> {
  const measured = emptyRounds(SIDES);
  for (let round = 0; round < effort.rounds; round++) {
    const clients = await Promise.all(SIDES.map(() => database.connect(BENCH_LOGIN)));
    const dealt = shuffled(clients);
    const organization = organizationNumber(size, pair);
    const sides = {} as Record<(typeof SIDES)[number], Side>;
    const counts = new Map<string, number>();
    for (const [place, side] of SIDES.entries()) {
      const client = dealt[place] as Client;
      const { text, params } = side === "guarded" ? pair.guarded : pair.confidential;
      await enter(database, client, ROLES.guardedShared, organization);
      sides[side] = async (i) => {
        const { rowCount } = await client.query(text, params(callOf(size, organization, i)));
        counts.set(side, rowCount ?? 0);
      };
    }
    await runRound(sides, measured, effort);
    if (new Set(counts.values()).size > 1) throw new Error(`confidential/${pair.id}: the sides saw different rows.`);
    for (const client of clients) await client.query("rollback");
    await Promise.all(clients.map((client) => client.end()));
  }
  return ratioGoal({
    id: `confidential/${pair.id}`,
    claim: "whole rows through the function for confidential columns / the same read under the policy",
    goal: GOAL,
    ours: ["confidential", measured.confidential],
    theirs: ["guarded", measured.guarded],
    again: measured.again,
  });
}
