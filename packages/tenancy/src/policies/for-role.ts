import { getTableName, sql } from "drizzle-orm";
import { type AnyPgColumn, type PgPolicy, pgPolicy, pgRole } from "drizzle-orm/pg-core";
import { policyName } from "./row-policies.ts";

export type Verb = "select" | "insert" | "update" | "delete";

/**
 * Policies of a background job's role (see jobRole) or of a definer function's: these verbs on all rows of the table, whosesoever they are.
 * Give a job the few tables it needs. `column` is any column of the table.
 */
export function forRole(column: AnyPgColumn, role: string, ...verbs: readonly [Verb, ...Verb[]]): PgPolicy[] {
  const all = sql.raw("true");
  return verbs.map((verb) =>
    pgPolicy(policyName(getTableName(column.table), verb, role.replace(/^rehome_/, "")), {
      for: verb,
      to: pgRole(role).existing(),
      ...(verb === "insert" ? {} : { using: all }),
      ...(verb === "insert" || verb === "update" ? { withCheck: all } : {}),
    }),
  );
}
