import type { ModuleUse } from "./modules.ts";

/** Modules that connect to Postgres. `drizzle-orm/neon` has policies only. */
const DRIVER =
  /^(?:pg(?:\/.*)?|pg-pool|pg-native|pg-promise|postgres|slonik|knex|@neondatabase\/serverless|@vercel\/postgres|drizzle-orm\/(?:node-postgres|postgres-js|bun-sql|neon-http|neon-serverless|vercel-postgres|aws-data-api\/pg|xata-http|pg-proxy|prisma\/pg)(?:\/.*)?)$/;
/** Of a driver's exports, those that open nothing. */
const HARMLESS = new Set(["escapeIdentifier", "escapeLiteral", "types", "DatabaseError"]);

/** Modules that connect by some of their exports; the rest are words of queries and the product's own types. */
const TOOLKIT = /^(?:kysely|@prisma\/client(?:\/.*)?)$/;
const OPENING = new Set(["Kysely", "PostgresDialect", "PrismaClient", "default", "*"]);

export const isDriver = (module: string): boolean => DRIVER.test(module) || TOOLKIT.test(module);

/** True when a file has something of a driver that can open a connection, under whatever name. */
export function takesDriver({ module, typesOnly, taken }: ModuleUse): boolean {
  if (typesOnly || !isDriver(module)) return false;
  if (taken.length === 0) return true;
  return DRIVER.test(module) ? !taken.every((one) => HARMLESS.has(one)) : taken.some((one) => OPENING.has(one));
}
