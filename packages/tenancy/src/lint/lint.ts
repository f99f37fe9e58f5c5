import type { ClientBase } from "pg";
import { applyAccepted } from "./accept.ts";
import { readCatalog } from "./catalog.ts";
import { isUnchecked } from "./families/keys.ts";
import { POLICY_CHECKS } from "./families/policy-checks.ts";
import { type Finding, worstFirst } from "./finding.ts";
import { type LintOptions, OptionsError, settle } from "./options.ts";
import { ruleOf, SQL_RULES } from "./rules.ts";

/**
 * Looks in the catalog for what would let one organization see or change another's rows. Reads only, writes nothing, sees one snapshot;
 * may run inside a transaction. Any role may run it: the catalog is open to all.
 *
 * @returns findings that are not accepted, the worst first
 * @throws OptionsError when the options cannot be used; TenancyError when the database does not answer
 */
export async function lint(client: ClientBase, options: LintOptions = {}): Promise<Finding[]> {
  const settled = settle(options);
  for (const { rule } of settled.accept) {
    if (!ruleOf(rule)) throw new OptionsError(`An accepted finding names rule ${rule}, and there is no such rule.`);
  }
  const catalog = await readCatalog(client, SQL_RULES, settled);
  const hits = [
    ...catalog.rows.filter((row) => row.rule !== "foreign-key-crosses-organizations" || isUnchecked(row, catalog.facts)),
    ...Object.entries(POLICY_CHECKS).flatMap(([rule, check]) => check(catalog.facts).map((hit) => ({ rule, ...hit }))),
  ];
  const findings = hits.map(({ rule, object, what, mend }): Finding => {
    const { level, why } = ruleOf(rule) as NonNullable<ReturnType<typeof ruleOf>>;
    return { rule, level, object, what, why, mend };
  });
  return applyAccepted(findings, settled.accept).sort(worstFirst);
}
