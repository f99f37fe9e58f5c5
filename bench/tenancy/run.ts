import { availableParallelism, cpus, loadavg } from "node:os";
import type { Goal } from "../lib/goal.ts";
import type { Progress } from "../lib/progress.ts";
import { measureAccessors } from "./accessors.ts";
import { compareClients } from "./client.ts";
import { compareConfidential } from "./confidential.ts";
import { guardedDatabase, startServer } from "./database.ts";
import { compareExistsPerRow } from "./exists-per-row.ts";
import { PARTS, type Part } from "./flags.ts";
import { type GrowthEffort, measureGrowth } from "./growth.ts";
import { measureHardening } from "./harden.ts";
import { loadProduct, type ProductSize } from "./product.ts";
import { compareStatements, type Effort } from "./statements.ts";
import { compareTransactions } from "./transaction.ts";

interface Plan {
  size: ProductSize;
  effort: Effort;
  growth: GrowthEffort;
}

const FULL: Plan = {
  size: { organizations: 100_000, meetings: 1_000_000, clinicMeetings: 5_000 },
  effort: { rounds: 31, samples: 40, warmUp: 10 },
  growth: { sizes: [1_000, 1_000_000], each: 2, samples: 9 },
};
/** For a smoke test: shows that everything runs, not how fast it is. */
const QUICK: Plan = {
  size: { organizations: 200, meetings: 2_000, clinicMeetings: 100 },
  effort: { rounds: 2, samples: 3, warmUp: 1 },
  growth: { sizes: [500, 5_000], each: 2, samples: 2 },
};

export interface Report {
  bench: "tenancy";
  quick: boolean;
  method: string;
  machine: { cpu: string; cores: number; load: number[]; node: string; postgres: string };
  size: ProductSize;
  effort: Effort;
  growth: GrowthEffort;
  seconds: number;
  goals: Goal[];
}

const METHOD =
  "Client latency over TCP on this machine. A round opens a connection a side, warms up, then runs all sides interleaved in random order and keeps each side's median; " +
  "figure: median over rounds of the paired ratio (or difference); interval: 95 % of that median by order statistics; noise: the judged side against itself on one more connection. " +
  "holds: the interval's lower end is within the goal. resolved: the distance from figure to goal is at least half the width of the noise's interval.";

/**
 * Starts a server of its own, loads it, measures, stops it.
 *
 * @param only the parts to run; all when left out
 * @param guarded stands in the guarded policies where the builders write `(select auth.org_id())`
 */
export async function runBench(
  options: { quick?: boolean; only?: readonly Part[]; guarded?: string; statements?: readonly string[]; progress?: Progress } = {},
): Promise<Report> {
  const { quick = false, progress, guarded, statements } = options;
  // Quickly: the same statements prepared would show nothing more.
  const only = options.only ?? PARTS.filter((part) => !quick || part !== "prepared");
  const { size, effort, growth } = quick ? QUICK : FULL;
  const started = performance.now();
  const load = loadavg();
  const server = await startServer();
  try {
    const database = await guardedDatabase(server.url);
    if (only.some((part) => part !== "growth")) {
      progress?.("loading", 0, 1);
      await loadProduct(database, size, guarded);
    }
    const { rows } = await database.owner.query<{ version: string }>("select current_setting('server_version') as version");
    const measure: Record<Part, () => Promise<Goal[]>> = {
      statements: () =>
        compareStatements(database, size, effort, { ...(statements && { only: statements }), ...(progress && { progress }) }),
      prepared: () => compareStatements(database, size, effort, { prepared: true, ...(progress && { progress }) }),
      "exists-per-row": () => compareExistsPerRow(database, size, effort, progress),
      transactions: () => compareTransactions(database, size, effort, progress),
      client: () => compareClients(database, size, effort, progress),
      accessors: () => measureAccessors(database, size, effort, progress),
      confidential: () => compareConfidential(database, size, effort, progress),
      harden: () => measureHardening(database, size, effort, progress),
      growth: () => measureGrowth(server.url, growth, progress),
    };
    const goals: Goal[] = [];
    for (const part of PARTS) if (only.includes(part)) goals.push(...(await measure[part]()));
    await database.drop();
    return {
      bench: "tenancy",
      quick,
      method: METHOD,
      machine: {
        cpu: cpus()[0]?.model ?? "",
        cores: availableParallelism(),
        load,
        node: process.version,
        postgres: rows[0]?.version ?? "",
      },
      size,
      effort,
      growth,
      seconds: Math.round((performance.now() - started) / 1000),
      goals,
    };
  } finally {
    await server.stop();
  }
}
