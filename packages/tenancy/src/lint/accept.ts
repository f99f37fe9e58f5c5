import { ACCEPT_RULE } from "./families/options.ts";
import type { Finding } from "./finding.ts";
import type { Accept } from "./options.ts";

/**
 * Takes out what is accepted; an entry that matches nothing becomes a finding itself.
 *
 * @param list what the config calls the entries
 */
export function applyAccepted(findings: readonly Finding[], accepted: readonly Accept[], list = "accept"): Finding[] {
  const matches = accepted.map((one) => ({ one, matches: matcher(one) }));
  return [
    ...findings.filter((finding) => !matches.some(({ matches }) => matches(finding))),
    ...matches
      .filter(({ matches }) => !findings.some(matches))
      .map(({ one }) => ({
        rule: ACCEPT_RULE.id,
        level: ACCEPT_RULE.level,
        object: one.object,
        what: `${one.rule} is accepted here, and finds nothing`,
        why: ACCEPT_RULE.why,
        mend: `-- take the entry out of \`${list}\``,
      })),
  ];
}

function matcher({ rule, object }: Accept): (finding: Finding) => boolean {
  const parts = object.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const whole = new RegExp(`^${parts.join(".*")}$`);
  return (finding) => finding.rule === rule && whole.test(finding.object);
}
