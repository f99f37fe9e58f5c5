import { escapeIdentifier } from "pg";
import type { Finding } from "../lint/finding.ts";
import { FAMILIES } from "../lint/rules.ts";
import { type Check, installCall, mendBy, ok, type Patient } from "./check.ts";
import { read } from "./read.ts";

const FORCE_RULES = ["verb-missing", "row-security-off", "row-security-off-with-policies", "row-security-not-forced", "owner-can-log-in"];
const GUARD_RULES = ["guard-table-open", "guard-function-open", "keys-published", "database-rights", "schema-create"];
const ROLE_RULES = FAMILIES["Roles"]?.map(({ id }) => id) ?? [];

/** Roles the guard stands on, whatever the product's own are called. */
const GUARD_ROLES = ["rehome_owner", "rehome_guard", "rehome_keys"];

const INSTALLED_ROLES = [...GUARD_ROLES, "authenticated", "anonymous", "rehome_login"];

/** A role of the product's own. @param becomes of a login: what it may become */
function createRole(name: string, becomes: readonly string[] | undefined): string[] {
  const role = escapeIdentifier(name);
  if (!becomes) return [`create role ${role} nologin noinherit`];
  return [
    `create role ${role} login noinherit`,
    ...becomes.map((other) => `grant ${escapeIdentifier(other)} to ${role} with admin false, inherit false, set true`),
  ];
}

export async function checkRolesExist(patient: Patient): Promise<Check> {
  const { guardSchema, roles } = patient.options;
  const { application, login } = roles;
  const missing = await read<{ name: string }>(patient, "roles", [[...GUARD_ROLES, ...application, ...login]]);
  if (missing.length === 0) return ok("roles", "all are there");
  const names = missing.map(({ name }) => name);
  const ours = names.filter((name) => INSTALLED_ROLES.includes(name));
  // Rights go with a role: installing again gives them.
  const calls = `call installRoles(client, { … }), then ${installCall({ schema: guardSchema, mirror: patient.mirror })}`;
  const sql = names
    .filter((name) => !ours.includes(name))
    .flatMap((name) => createRole(name, login.includes(name) ? application : undefined));
  return { name: "roles", state: "bad", found: `missing: ${names.join(", ")}`, mend: mendBy(sql, ours.length > 0 ? calls : undefined) };
}

/** What the linter says of roles, FORCE and the guard itself: a restored copy, for one, has lost the rights on the database. */
export function checkProtection(findings: readonly Finding[], guardSchema: string): Check[] {
  // Row security on the guard's own tables would hide from it what it has to see: see structure.ts.
  const ofProduct = findings.filter(({ object }) => !object.startsWith(`${guardSchema}.`));
  return [
    summary("roles' rights", ROLE_RULES, findings, "no role of the product is more than it should be"),
    summary("row security", FORCE_RULES, ofProduct, "on and forced on every table, and no right without a policy"),
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
    mend: here.map(({ mend }) => mend).join(";\n"), // some end with a comment
  };
}
