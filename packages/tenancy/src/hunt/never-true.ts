import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import type { Allowance, Mutant } from "./mutants.ts";
import { asPersona, runTries, undone } from "./session.ts";
import type { Persona } from "./types.ts";
import { relation } from "./world.ts";

/**
 * Whether what a mutant adds is true for nobody: its condition, asked by every persona of the roles that gain it, of every row there is, under
 * the persona's own identity and its own view of other tables, holds never or cannot be asked (42501). Such a policy lets nobody through,
 * because what its condition looks up is hidden by other policies, which are hunted themselves. A condition that looks nothing up, but compares
 * the row with the identity, is never called so: there the world only lacks a row. What another policy covers is left out.
 */
export async function isNeverTrue(
  owner: ClientBase,
  { table, adds }: { table: string; adds: NonNullable<Mutant["adds"]> },
  personas: readonly Persona[],
  { schema = "public", guardSchema = "auth" } = {},
): Promise<boolean> {
  const open = adds.filter(({ coveredBy }) => coveredBy === undefined);
  const roles = [...new Set(open.map(({ role }) => role))];
  const asking = personas.filter(({ role }) => roles.includes(role));
  if (asking.length === 0 || roles.some((role) => !asking.some((persona) => persona.role === role))) return false;
  return await undone(owner, async () => {
    const on = relation(schema, table);
    await owner.query(`alter table ${on} disable row level security`);
    await owner.query(`grant select on ${on} to ${roles.map(escapeIdentifier).join(", ")}`);
    for (const persona of asking) {
      const mine = open.filter(({ role }) => role === persona.role);
      const conditions = [...new Set(mine.flatMap(conditionsOf))];
      const tries = conditions.map((condition) => ({ sql: `select count(*) from ${on} where ${condition}`, answer: true }));
      const outcomes = await asPersona(owner, persona, guardSchema, async () => await runTries(owner, tries));
      const never = new Set(
        conditions.filter(
          (_, at) => outcomes[at]?.state === "42501" || (outcomes[at]?.answer === "0" && looksUp(conditions[at] ?? "", guardSchema)),
        ),
      );
      if (!mine.every((allowance) => conditionsOf(allowance).some((condition) => never.has(condition)))) return false;
    }
    return true;
  });
}

/** Whether a condition asks another table, or a function that is not the guard's. */
function looksUp(condition: string, guardSchema: string): boolean {
  const functions = [...condition.matchAll(/(\w+)\.\w+\(/g)].map(([, schema]) => schema);
  return /\bFROM\b/.test(condition) || functions.some((schema) => schema !== guardSchema);
}

/** All must hold for a row to pass: an update's row before and after. */
function conditionsOf({ verb, using, check }: Allowance): string[] {
  if (verb === "insert") return [check ?? using ?? "true"];
  return verb === "update" ? [using ?? "true", check ?? using ?? "true"] : [using ?? "true"];
}
