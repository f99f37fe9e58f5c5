import type { Finding } from "../finding.ts";
import { countOf } from "./words.ts";

/** One JSON document; a contract: fields may be added, none renamed. */
export function asJson(findings: readonly Finding[]): string {
  const counts = { error: countOf(findings, "error"), warn: countOf(findings, "warn"), info: countOf(findings, "info") };
  return JSON.stringify({ ok: counts.error + counts.warn === 0, counts, findings });
}
