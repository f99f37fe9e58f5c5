import { setTimeout as wait } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { seededRandom } from "./random.ts";

export interface FaultOrder {
  /** A regular expression on the request's path, without the query. */
  pathPattern: string;
  /** Any method when absent. */
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
  #struck = 0;

  arm(order: FaultOrder): void {
    this.#armed.push({
      order,
      path: new RegExp(order.pathPattern),
      left: order.times ?? Number.POSITIVE_INFINITY,
      random: seededRandom(order.seed ?? 1),
    });
  }

  clear(): number {
    return this.#armed.splice(0).length;
  }

  /** How many requests have been struck. */
  get struck(): number {
    return this.#struck;
  }

  strike(method: string, path: string): FaultOrder | undefined {
    for (const fault of this.#armed) {
      const { order } = fault;
      if (fault.left <= 0 || !fault.path.test(path) || (order.method && order.method.toUpperCase() !== method)) continue;
      if (order.rate !== undefined && fault.random() >= order.rate) continue;
      fault.left -= 1;
      this.#struck += 1;
      return order;
    }
    return undefined;
  }
}

/**
 * Checks a fault order that came by HTTP.
 *
 * @param refuse makes the error of the twin's service for a field and what is wrong with it
 */
export function readFaultOrder(body: Readonly<Record<string, unknown>>, refuse: (field: string, problem: string) => Error): FaultOrder {
  const { pathPattern, kind, method } = body;
  if (typeof pathPattern !== "string") throw refuse("pathPattern", "must be a regular expression");
  try {
    new RegExp(pathPattern);
  } catch {
    throw refuse("pathPattern", "is not a regular expression");
  }
  if (!KINDS.includes(kind)) throw refuse("kind", `must be one of ${KINDS.join(", ")}`);
  if (method !== undefined && typeof method !== "string") throw refuse("method", "must be a string");
  for (const field of ["status", "latencyMs", "times", "rate", "seed"]) {
    if (body[field] !== undefined && typeof body[field] !== "number") throw refuse(field, "must be a number");
  }
  return body as unknown as FaultOrder;
}

/**
 * Lets a fault that is armed strike this request; otherwise goes on.
 *
 * @param answer the answer of the twin's service for a `status`
 */
export async function underFaults(
  faults: Faults,
  c: Context,
  next: () => Promise<void>,
  answer: (status: number) => Response,
): Promise<Response | undefined> {
  const fault = faults.strike(c.req.method, c.req.path);
  const { incoming } = c.env as HttpBindings;
  if (fault?.kind === "status") return answer(fault.status ?? 500);
  if (fault?.kind === "latency") await wait(fault.latencyMs ?? 1_000);
  if (fault?.kind === "reset_before") {
    incoming.socket.destroy();
    return c.body(null, 503); // reaches nobody
  }
  await next();
  if (fault?.kind === "reset_after") incoming.socket.destroy();
  return undefined;
}
