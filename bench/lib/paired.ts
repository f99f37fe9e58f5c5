import { median } from "./statistics.ts";

/** One way to do the work; `i` counts its runs, so that a side can use fresh values. */
export type Side = (i: number) => Promise<unknown>;

/** Median microseconds of each side, one entry a round. */
export type Rounds<Name extends string> = Record<Name, number[]>;

export function emptyRounds<Name extends string>(names: readonly Name[]): Rounds<Name> {
  return Object.fromEntries(names.map((name) => [name, []])) as unknown as Rounds<Name>;
}

/**
 * One round: every side `warmUp` times unmeasured, then `samples` times each, interleaved in a new order each time, so that what else the
 * machine does meets all sides alike. Appends each side's median to `rounds`.
 */
export async function runRound<Name extends string>(
  sides: Readonly<Record<Name, Side>>,
  rounds: Rounds<Name>,
  { warmUp, samples }: { warmUp: number; samples: number },
): Promise<void> {
  const names = Object.keys(sides) as Name[];
  const times = emptyRounds(names);
  for (let i = 0; i < warmUp + samples; i++) {
    for (const name of shuffled(names)) {
      const start = process.hrtime.bigint();
      await sides[name](i);
      if (i >= warmUp) times[name].push(Number(process.hrtime.bigint() - start) / 1000);
    }
  }
  for (const name of names) rounds[name].push(median(times[name]));
}

/** In a new random order. */
export function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, place: Math.random() }))
    .sort((x, y) => x.place - y.place)
    .map(({ value }) => value);
}
