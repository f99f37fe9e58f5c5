/** A median and the ends of its 95 % interval. */
export interface Estimate {
  figure: number;
  interval: [low: number, high: number];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The median with its 95 % interval by order statistics: the k-th value from either end, k by the binomial distribution of "below the
 * median". Assumes nothing about the shape of the distribution, only that the values are independent. Below six values no interval of this
 * kind reaches 95 %; then it is the whole range.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = [...values].sort((x, y) => x - y);
  const n = sorted.length;
  const k = Math.max(0, outside(n) - 1);
  return { figure: median(values), interval: [sorted[k] ?? Number.NaN, sorted[n - 1 - k] ?? Number.NaN] };
}

/** The largest k with P(at most k - 1 of n fair coins show heads) <= 2.5 %. */
function outside(n: number): number {
  let chance = 0.5 ** n;
  let sum = 0;
  for (let k = 0; ; k++) {
    sum += chance;
    if (sum > 0.025 || k >= n) return k;
    chance = (chance * (n - k)) / (k + 1);
  }
}
