import type { AfterMigrationOptions } from "../policies/after-migration.ts";
import { type Check, ok, type Patient } from "./check.ts";

/** So many differences are named one by one. */
const NAMED = 6;

/**
 * Are the product's policies those that its Drizzle schema declares? Only it can say: a policy that is gone leaves no trace in the catalog.
 * Compares on empty copies, in a transaction or savepoint that is rolled back.
 */
export async function checkDeclared({ client }: Patient, declared: AfterMigrationOptions): Promise<Check> {
  // Drizzle takes a second to load: only who declares something waits for it.
  const { policyProblems } = await import("../policies/after-migration.ts");
  const problems = await policyProblems(client, declared);
  if (problems.length === 0) return ok("policies", "owner, policies and rights are as the schema declares them");
  const rest = problems.length - NAMED;
  return {
    name: "policies",
    state: "bad",
    found: `${problems.slice(0, NAMED).join("; ")}${rest > 0 ? `; and ${rest} more` : ""}`,
    mend: "call afterMigration(client, { schema, … }), and ask who changed them",
  };
}
