export interface FaultRule {
  /** Regular expression over the path, without the query. */
  pathPattern: string;
  /** Any method when absent. */
  method?: string;
  /**
   * `status`: answer with that status, nothing is done. `latency`: answer late. `reset_before`: cut the connection, nothing is done.
   * `reset_after`: do it, then cut the connection without an answer.
   */
  kind: "status" | "latency" | "reset_before" | "reset_after";
  status?: number;
  latencyMs?: number;
  /** How often it strikes at most. */
  times?: number;
  /** Share of fitting requests it strikes, 0 to 1; drawn from `seed`. */
  rate?: number;
  seed?: number;
}

interface ArmedFault extends FaultRule {
  pattern: RegExp;
  left: number;
  draw: () => number;
}

/** Faults that a test sets on requests, before the twin looks at them. */
export class Faults {
  #armed: ArmedFault[] = [];
  #struck = 0;

  add(rule: FaultRule): void {
    this.#armed.push({
      ...rule,
      pattern: new RegExp(rule.pathPattern),
      left: rule.times ?? Number.POSITIVE_INFINITY,
      draw: uniform(rule.seed ?? 1),
    });
  }

  clear(): void {
    this.#armed = [];
  }

  get struck(): number {
    return this.#struck;
  }

  /** The first fault that strikes this request, used up by one. */
  strike(method: string, path: string): FaultRule | undefined {
    const fault = this.#armed.find(
      (one) =>
        one.left > 0 && (one.method ?? method) === method && one.pattern.test(path) && (one.rate === undefined || one.draw() < one.rate),
    );
    if (!fault) return undefined;
    fault.left -= 1;
    this.#struck += 1;
    return fault;
  }
}

/** Numbers in [0, 1) that follow from the seed alone (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
