import { COLUMN_RULES } from "./families/columns.ts";
import { GRANT_RULES } from "./families/grants.ts";
import { KEY_RULES } from "./families/keys.ts";
import { ACCEPT_RULE, OPTION_RULES } from "./families/options.ts";
import { POLICY_RULES } from "./families/policies.ts";
import { POLICY_CHECKS } from "./families/policy-checks.ts";
import { ROLE_RULES } from "./families/roles.ts";
import { ROUTE_RULES } from "./families/routes.ts";
import { SOURCE_RULES } from "./families/source.ts";
import { TABLE_RULES } from "./families/tables.ts";
import type { Rule } from "./finding.ts";

/** Every rule, by family, in the order of docs/lint.md. */
export const FAMILIES: Readonly<Record<string, readonly Rule[]>> = {
  Tables: TABLE_RULES,
  Policies: POLICY_RULES,
  Keys: KEY_RULES,
  Columns: COLUMN_RULES,
  Roles: ROLE_RULES,
  Grants: GRANT_RULES,
  Routes: ROUTE_RULES,
  Source: SOURCE_RULES,
  Options: [...OPTION_RULES, ACCEPT_RULE],
};

export const RULES: readonly Rule[] = Object.values(FAMILIES).flat();

const ruleById = new Map(RULES.map((rule) => [rule.id, rule]));
export const ruleOf = (id: string): Rule | undefined => ruleById.get(id);

/** Rules that are a query in sql/; the others look into the policies' expressions, or into source code. */
export const SQL_RULES: readonly string[] = RULES.filter((rule) => !SOURCE_RULES.includes(rule) && rule !== ACCEPT_RULE)
  .map(({ id }) => id)
  .filter((id) => !(id in POLICY_CHECKS));
