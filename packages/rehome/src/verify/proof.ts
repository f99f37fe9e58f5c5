/** A check over all rows that can fail, with the figure it found. */
export interface Proof {
  name: string;
  ok: boolean;
  /** How many things it really examined. */
  checked: number;
  /** How many it had to examine; it does not hold below that, nor over nothing. */
  expected: number;
  /** What it found, in words for a person. */
  figure: string;
  /** Names of what is wrong (ids, tables, reasons; never values), at most twenty. */
  offenders: readonly string[];
}

const NAMED_AT_MOST = 20;

/** Judges a proof: it holds when nothing is wrong and all that had to be examined was, which must be something. */
export function judge(found: { name: string; checked: number; expected: number; figure: string; offenders: readonly string[] }): Proof {
  return {
    ...found,
    ok: found.offenders.length === 0 && found.checked === found.expected && found.expected > 0,
    offenders: found.offenders.slice(0, NAMED_AT_MOST),
  };
}
