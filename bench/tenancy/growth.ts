import { type Goal, judge } from "../lib/goal.ts";
import type { Progress } from "../lib/progress.ts";
import { median } from "../lib/statistics.ts";
import { STATEMENTS } from "./catalog.ts";
import { type BenchDatabase, guardedDatabase } from "./database.ts";
import { buffersOf, planShape } from "./plan.ts";
import { BENCH_LOGIN } from "./policies.ts";
import { loadProduct, type ProductSize } from "./product.ts";
import { callOf, enter, organizationNumber, paramsOf, roleOf, textOf } from "./statements.ts";

export interface GrowthEffort {
  /** Numbers of organizations, ascending; the ends are compared. */
  sizes: readonly number[];
  /** Rows of one organization. */
  each: number;
  /** Organizations asked at each size. */
  samples: number;
}

/** Runs of a statement; the last counts, when hints are set and catalogs are read. */
const RUNS = 3;

/**
 * How the buffers of a statement grow with the number of organizations, each with equally many rows. An index grows by at most its depth, so
 * the goal is one depth for each index that the hand-written form goes down, and one for all that the guard adds to that form. Buffers are
 * counted, not timed: nothing here depends on what else the machine does.
 */
export async function measureGrowth(serverUrl: string, { sizes, each, samples }: GrowthEffort, progress?: Progress): Promise<Goal[]> {
  const seen = new Map<string, Buffers[]>();
  let depth = 0;
  for (const [step, organizations] of sizes.entries()) {
    const database = await guardedDatabase(serverUrl);
    try {
      const size = { organizations, meetings: organizations * each, clinicMeetings: 0 };
      await loadProduct(database, size);
      for (const buffers of await buffersAt(database, size, samples)) seen.set(buffers.id, [...(seen.get(buffers.id) ?? []), buffers]);
      depth = await deepestIndex(database);
    } finally {
      await database.drop();
    }
    progress?.("growth", step + 1, sizes.length);
  }
  return [...seen.values()].flatMap((steps) => goalsOf(steps, depth, `${sizes[0]} → ${sizes.at(-1)} organizations`));
}

interface Buffers {
  id: string;
  guarded: number;
  byHand: number;
  /** Indexes that the hand-written form goes down. */
  descents: number;
}

function goalsOf(steps: readonly Buffers[], depth: number, range: string): Goal[] {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!first || !last) return [];
  const [guarded, byHand] = [last.guarded - first.guarded, last.byHand - first.byHand];
  const base = { unit: "buffers", aim: false, noise: null } as const;
  const path = (side: "guarded" | "byHand") => steps.map((step) => step[side]).join(" → ");
  const indexes = `${last.descents} index${last.descents > 1 ? "es" : ""} of up to ${depth} levels`;
  return [
    judge({
      ...base,
      id: `growth/${last.id}`,
      claim: `buffers of the statement, ${range}; it goes down ${indexes}`,
      goal: depth * last.descents,
      ...exactly(guarded),
      note: `guarded ${path("guarded")}; by hand ${path("byHand")}; ${indexes}`,
    }),
    judge({
      ...base,
      id: `growth/${last.id}/guard`,
      claim: `what the guard adds to that, ${range}`,
      goal: depth,
      ...exactly(guarded - byHand),
    }),
  ];
}

const exactly = (figure: number): Pick<Goal, "figure" | "interval"> => ({ figure, interval: [figure, figure] });

/** The median over several organizations of a run with warm caches. */
async function buffersAt(database: BenchDatabase, size: ProductSize, samples: number): Promise<Buffers[]> {
  const client = await database.connect(BENCH_LOGIN);
  const found: Buffers[] = [];
  for (const statement of STATEMENTS.filter(({ clinic }) => !clinic)) {
    const counts: Record<"guarded" | "byHand", number[]> = { guarded: [], byHand: [] };
    let plan = "";
    for (let sample = 0; sample < samples; sample++) {
      const organization = organizationNumber(size, statement);
      for (const side of ["guarded", "byHand"] as const) {
        await enter(database, client, roleOf(side, statement), organization);
        for (let run = 0; run < RUNS; run++) {
          const call = callOf(size, organization, run);
          const buffers = await buffersOf(client, textOf(statement, side), paramsOf(statement, side, call));
          if (run === RUNS - 1) counts[side].push(buffers);
        }
        if (side === "byHand") plan = await planShape(client, statement.byHand, paramsOf(statement, side, callOf(size, organization, 0)));
        await client.query("rollback");
      }
    }
    const descents = Math.max(1, plan.match(/Index (?:Only )?Scan/g)?.length ?? 0);
    found.push({ id: statement.id, guarded: median(counts.guarded), byHand: median(counts.byHand), descents });
  }
  await client.end();
  return found;
}

/** Pages from the root to a leaf of the deepest index that the statements use, read from its meta page. */
async function deepestIndex({ owner }: BenchDatabase): Promise<number> {
  await owner.query("create extension pageinspect");
  const { rows } = await owner.query<{ pages: number }>(
    `select max((bt_metap(indexrelid::regclass::text)).level) + 1 as pages from pg_index
       where indrelid in ('meetings'::regclass, 'records'::regclass, 'payments'::regclass, 'memberships'::regclass)`,
  );
  return Number(rows[0]?.pages);
}
