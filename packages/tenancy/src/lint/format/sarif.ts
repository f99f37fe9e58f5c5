import { posix } from "node:path";
import { SarifBuilder, SarifResultBuilder, SarifRuleBuilder, SarifRunBuilder } from "node-sarif-builder";
import type { Finding, Level } from "../finding.ts";
import { RULES } from "../rules.ts";

const SARIF_LEVEL: Readonly<Record<Level, "error" | "warning" | "note">> = { error: "error", warn: "warning", info: "note" };
const PAGE = "docs/lint.md";

/**
 * SARIF 2.1.0, for code hosts that show findings beside the code.
 *
 * @param file where a finding without a place is shown, because a catalog has no lines: usually the config file, from whose folder places are named
 */
export function asSarif(findings: readonly Finding[], file: string): string {
  const run = new SarifRunBuilder().initSimple({ toolDriverName: "tenancy lint", toolDriverVersion: "0.1.0" });
  for (const { id, level, title, why } of RULES) {
    const rule = new SarifRuleBuilder().initSimple({ ruleId: id, shortDescriptionText: title, fullDescriptionText: why });
    rule.rule.help = { text: `${title}. ${why} See ${PAGE}.` };
    rule.rule.defaultConfiguration = { level: SARIF_LEVEL[level] };
    run.addRule(rule);
  }
  for (const { rule, level, object, what, why, mend, place } of findings) {
    const result = new SarifResultBuilder().initSimple({
      ruleId: rule,
      level: SARIF_LEVEL[level],
      messageText: `${object}: ${what}. ${why} Mend: ${mend}`,
      fileUri: place ? posix.join(posix.dirname(file), place.file) : file,
      startLine: place?.line ?? 1,
    });
    result.result.locations =
      result.result.locations?.map((location) => ({
        ...location,
        logicalLocations: [{ fullyQualifiedName: object, kind: "resource" }],
      })) ?? [];
    result.result.partialFingerprints = { "ruleAndObject/v1": `${rule}:${object}` };
    run.addResult(result);
  }
  const log = new SarifBuilder();
  log.addRun(run);
  return log.buildSarifJsonString({ indent: true });
}
