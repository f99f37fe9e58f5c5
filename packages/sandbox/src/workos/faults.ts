import { unprocessable } from "./errors.ts";

export interface FaultOrder {
  /** A regular expression on the request's path. */
  pathPattern: string;
  method?: string;
  /** `reset_before` cuts the connection unserved; `reset_after` serves the request, then cuts instead of answering. */
  kind: "status" | "latency" | "reset_before" | "reset_after";
  /** For `status`; default 500. */
  status?: number;
  /** For `latency`; default 1,000. */
  latencyMs?: number;
  /** How many requests it strikes; default all, until removed. */
  times?: number;
  /** The share of matching requests it strikes, 0 to 1; default 1. */
  rate?: number;
  /** Makes the choice of `rate` repeatable. */
  seed?: number;
}

interface ArmedFault {
  order: FaultOrder;
  path: RegExp;
  left: number;
  random: () => number;
}

const KINDS: readonly unknown[] = ["status", "latency", "reset_before", "reset_after"];

/** The faults that are armed. The first armed one that matches and strikes is taken. */
export class Faults {
  readonly #armed: ArmedFault[] = [];

  arm(order: FaultOrder): void {
    this.#armed.push({
      order,
      path: new RegExp(order.pathPattern),
      left: order.times ?? Number.POSITIVE_INFINITY,
      random: mulberry32(order.seed ?? 1),
    });
  }

  clear(): number {
    return this.#armed.splice(0).length;
  }

  strike(method: string, path: string): FaultOrder | undefined {
    for (const fault of this.#armed) {
      const { order } = fault;
      if (fault.left <= 0 || !fault.path.test(path) || (order.method && order.method.toUpperCase() !== method)) continue;
      if (order.rate !== undefined && fault.random() >= order.rate) continue;
      fault.left -= 1;
      return order;
    }
    return undefined;
  }
}

/** Checks a fault order that came by HTTP. */
export function readFaultOrder(body: Readonly<Record<string, unknown>>): FaultOrder {
  const { pathPattern, kind, method } = body;
  if (typeof pathPattern !== "string") throw unprocessable("pathPattern", "must be a regular expression");
  try {
    new RegExp(pathPattern);
  } catch {
    throw unprocessable("pathPattern", "is not a regular expression");
  }
  if (!KINDS.includes(kind)) throw unprocessable("kind", `must be one of ${KINDS.join(", ")}`);
  if (method !== undefined && typeof method !== "string") throw unprocessable("method", "must be a string");
  for (const field of ["status", "latencyMs", "times", "rate", "seed"]) {
    if (body[field] !== undefined && typeof body[field] !== "number") throw unprocessable(field, "must be a number");
  }
  return body as unknown as FaultOrder;
}

/** A small seeded generator (Tommy Ettinger's mulberry32): the same seed gives the same run of faults. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
