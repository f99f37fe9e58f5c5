import { type Estimate, estimate, median } from "./statistics.ts";

/** One comparison and what became of it. The JSON output is a list of these. */
export interface Goal {
  id: string;
  /** What is compared with what, in words. */
  claim: string;
  unit: "ratio" | "ms" | "buffers" | "µs";
  /** The most that `interval[0]` may be; null: shown, nothing is asked of it. */
  goal: number | null;
  /** An aim is wished for, not promised: it never makes the run fail. */
  aim: boolean;
  figure: number;
  /** 95 % of the median over rounds. */
  interval: [low: number, high: number];
  /** The same figure and interval of one side against itself; null where there is nothing to repeat. */
  noise: Estimate | null;
  /** Null where nothing is asked. */
  holds: boolean | null;
  /** False when the distance to the goal is within what A against A shows: the machine cannot tell. */
  resolved: boolean | null;
  /** Median microseconds of both sides. */
  sides?: { [name: string]: number };
  note?: string;
}

interface Comparison {
  id: string;
  claim: string;
  goal?: number;
  aim?: boolean;
  /** Name and per-round medians (µs) of the side that is judged. */
  ours: readonly [name: string, rounds: readonly number[]];
  theirs: readonly [name: string, rounds: readonly number[]];
  /** Ours once more, on a connection of its own. */
  again: readonly number[];
  note?: string;
}

/** Ours divided by theirs, paired by round. */
export function ratioGoal(comparison: Comparison): Goal {
  return paired(comparison, "ratio", (x, y) => x / y);
}

/** Ours minus theirs in milliseconds, paired by round. */
export function differenceGoal(comparison: Comparison): Goal {
  return paired(comparison, "ms", (x, y) => (x - y) / 1000);
}

function paired(comparison: Comparison, unit: Goal["unit"], compare: (x: number, y: number) => number): Goal {
  const { ours, theirs, again, goal = null, aim = false, note } = comparison;
  const against = (other: readonly number[]) => estimate(ours[1].map((x, round) => compare(x, other[round] ?? Number.NaN)));
  const sides = { [ours[0]]: round(median(ours[1]), 1), [theirs[0]]: round(median(theirs[1]), 1) };
  const base = { id: comparison.id, claim: comparison.claim, unit, goal, aim, sides, ...(note ? { note } : {}) };
  return judge({ ...base, ...rounded(against(theirs[1])), noise: rounded(against(again)) });
}

export function judge(goal: Omit<Goal, "holds" | "resolved">): Goal {
  if (goal.goal === null) return { ...goal, holds: null, resolved: null };
  const reach = goal.noise ? (goal.noise.interval[1] - goal.noise.interval[0]) / 2 : 0;
  return { ...goal, holds: goal.interval[0] <= goal.goal, resolved: Math.abs(goal.figure - goal.goal) >= reach };
}

function rounded({ figure, interval: [low, high] }: Estimate): Estimate {
  return { figure: round(figure, 3), interval: [round(low, 3), round(high, 3)] };
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
