import { timingSafeEqual } from "node:crypto";
import type { Env, Hono } from "hono";
import { type Faults, readFaultOrder } from "./faults.ts";

interface AdminDoor {
  adminToken: string;
  faults: Faults;
  /** The twin's own form of a 401. */
  refuse: () => Error;
  /** The twin's own form of a 422. */
  invalid: (field: string, problem: string) => Error;
}

/** Everything under `/__twin` needs the header `x-twin-admin`; what is the same for every twin, the faults, is here. */
export function addAdminDoor<E extends Env>(app: Hono<E>, { adminToken, faults, refuse, invalid }: AdminDoor): void {
  app.use("/__twin/*", async (c, next) => {
    if (!sameText(c.req.header("x-twin-admin") ?? "", adminToken)) throw refuse();
    await next();
  });

  app.post("/__twin/faults", async (c) => {
    const order: unknown = await c.req.json().catch(() => ({}));
    faults.arm(readFaultOrder({ ...(order as object) }, invalid));
    return c.body(null, 204);
  });

  app.delete("/__twin/faults", (c) => c.json({ removed: faults.clear() }));
}

/** Compares in a time that tells nothing about the secret. */
export function sameText(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
