import type { Client } from "pg";
import { type Goal, ratioGoal } from "../lib/goal.ts";
import { emptyRounds, runRound, type Side, shuffled } from "../lib/paired.ts";
import type { Progress } from "../lib/progress.ts";
import { STATEMENTS } from "./catalog.ts";
import type { BenchDatabase } from "./database.ts";
import { BENCH_LOGIN, ROLES } from "./policies.ts";
import type { ProductSize } from "./product.ts";
import { callOf, type Effort, enter, organizationNumbers } from "./statements.ts";

const SIDES = ["existsPerRow", "again", "guarded"] as const;

/**
 * The form of the seed's documents, `exists (… memberships …)` for each row, beside the guarded policy. Nothing is asked of it: it shows why
 * no policy here is written so. Where it scans a whole table a round is one run.
 */
export async function compareExistsPerRow(
  database: BenchDatabase,
  size: ProductSize,
  effort: Effort,
  progress?: Progress,
): Promise<Goal[]> {
  const statements = STATEMENTS.filter(({ shared }) => !shared);
  const goals: Goal[] = [];
  for (const [step, statement] of statements.entries()) {
    const measured = emptyRounds(SIDES);
    const clients = await Promise.all(SIDES.map(() => database.connect(BENCH_LOGIN)));
    for (let round = 0; round < (statement.scans ? Math.min(7, effort.rounds) : effort.rounds); round++) {
      const sides = {} as Record<(typeof SIDES)[number], Side>;
      const dealt = shuffled(clients);
      const organizations = organizationNumbers(size, SIDES.length);
      for (const [place, side] of SIDES.entries()) {
        const client = dealt[place] as Client;
        const organization = organizations[place] as number;
        await enter(database, client, side === "guarded" ? ROLES.guarded : ROLES.existsPerRow, organization);
        sides[side] = (i) => client.query(statement.text, statement.params(callOf(size, organization, i)));
      }
      await runRound(sides, measured, statement.scans ? { warmUp: 1, samples: 1 } : { warmUp: effort.warmUp, samples: 10 });
      for (const client of clients) await client.query("rollback");
    }
    await Promise.all(clients.map((client) => client.end()));
    goals.push(
      ratioGoal({
        id: `exists-per-row/${statement.id}`,
        claim: "EXISTS over memberships for each row / guarded policy",
        ours: ["exists per row", measured.existsPerRow],
        theirs: ["guarded", measured.guarded],
        again: measured.again,
      }),
    );
    progress?.("exists per row", step + 1, statements.length);
  }
  return goals;
}
