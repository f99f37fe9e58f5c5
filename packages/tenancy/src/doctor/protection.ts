import type { Finding } from "../lint/finding.ts";
import { FAMILIES } from "../lint/rules.ts";
import { type Check, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

const FORCE_RULES = ["row-security-off", "row-security-off-with-policies", "row-security-not-forced", "owner-can-log-in"];
const GUARD_RULES = ["guard-table-open", "guard-function-open", "keys-published", "database-rights", "schema-create"];
const ROLE_RULES = FAMILIES["Roles"]?.map(({ id }) => id) ?? [];

/** Roles the guard stands on, whatever the product's own are called. */
const GUARD_ROLES = ["rehome_owner", "rehome_guard", "rehome_keys"];

export async function checkRolesExist(patient: Patient): Promise<Check> {
  const { application, login } = patient.options.roles;
  const missing = await read<{ name: string }>(patient, "roles", [[...GUARD_ROLES, ...application, ...login]]);
  if (missing.length === 0) return ok("roles", "all are there");
  return {
    name: "roles",
    state: "bad",
    found: `missing: ${missing.map(({ name }) => name).join(", ")}`,
    mend: "call installRoles(client, { … })",
  };
}

/** What the linter says of roles, FORCE and the guard itself: a restored copy, for one, has lost the rights on the database. */
export function checkProtection(findings: readonly Finding[]): Check[] {
  return [
    summary("roles' rights", ROLE_RULES, findings, "no role of the product is more than it should be"),
    summary("row security", FORCE_RULES, findings, "on and forced on every table"),
    summary("guard's rights", GUARD_RULES, findings, "nobody of the product reaches into the guard or shadows its names"),
  ];
}

function summary(name: string, rules: readonly string[], findings: readonly Finding[], fine: string): Check {
  const here = findings.filter(({ rule }) => rules.includes(rule));
  if (here.length === 0) return ok(name, fine);
  return {
    name,
    state: here.some(({ level }) => level === "error") ? "bad" : "warn",
    found: here.map(({ object, what }) => `${object}: ${what}`).join("; "),
    mend: here.map(({ mend }) => mend).join("; "),
  };
}
