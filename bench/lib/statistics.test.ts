import { expect, test } from "vitest";
import { differenceGoal, ratioGoal } from "./goal.ts";
import { estimate, median } from "./statistics.ts";

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

test("medians of odd and even many", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

// Ranks of the sign test's table: n = 31 gives the 10th value from either end, n = 20 the 6th, n = 6 the ends.
test.each([
  [5, 1, 5],
  [6, 1, 6],
  [20, 6, 15],
  [31, 10, 22],
])("of %i values the interval runs from the %i-th to the %i-th", (n, low, high) => {
  expect(estimate(upTo(n).reverse()).interval).toEqual([low, high]);
});

test("the interval holds the true median at least as often as it says", () => {
  let held = 0;
  for (let run = 0; run < 2000; run++) {
    const [low, high] = estimate(Array.from({ length: 31 }, () => Math.random() ** 3)).interval;
    if (low <= 0.125 && 0.125 <= high) held++;
  }
  expect(held / 2000).toBeGreaterThan(0.93);
});

const comparison = (ours: number[], theirs: number[], again = ours) =>
  ({ id: "x", claim: "x", goal: 1.1, ours: ["ours", ours], theirs: ["theirs", theirs], again }) as const;
const rounds = (us: number) => Array<number>(31).fill(us);

test("a goal holds by the lower end of its interval, and is resolved when the noise is smaller than the distance", () => {
  expect(ratioGoal(comparison(rounds(105), rounds(100)))).toMatchObject({ figure: 1.05, holds: true, resolved: true });
  expect(ratioGoal(comparison(rounds(120), rounds(100)))).toMatchObject({ figure: 1.2, holds: false, resolved: true });
  const noisy = rounds(0).map((_, i) => (i % 2 ? 90 : 150));
  expect(ratioGoal(comparison(rounds(120), rounds(100), noisy))).toMatchObject({ holds: false, resolved: false });
});

test("ratios are taken round by round, so that a slow hour on both sides changes nothing", () => {
  const slowing = rounds(0).map((_, i) => 100 * (i + 1));
  const goal = ratioGoal(
    comparison(
      slowing.map((us) => us * 1.05),
      slowing,
    ),
  );
  expect(goal).toMatchObject({ figure: 1.05, interval: [1.05, 1.05] });
});

test("differences are milliseconds", () => {
  expect(differenceGoal({ ...comparison(rounds(1500), rounds(1000)), goal: 0.7 })).toMatchObject({ figure: 0.5, unit: "ms", holds: true });
});
