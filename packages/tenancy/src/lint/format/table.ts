import { type Finding, LEVELS, type Level } from "../finding.ts";
import { tally } from "./words.ts";

const COLOUR: Readonly<Record<Level, number>> = { error: 31, warn: 33, info: 36 };

/** Findings for a person: one line each, then why and the SQL, rule by rule. `colours` only where somebody looks. */
export function asTable(findings: readonly Finding[], colours = false): string {
  const paint = (code: number, text: string) => (colours ? `\u001b[${code}m${text}\u001b[0m` : text);
  if (findings.length === 0) return "Clean: no findings.";
  const width = (of: (finding: Finding) => string) => Math.max(...findings.map((finding) => of(finding).length));
  const rule = width((finding) => finding.rule);
  const object = width((finding) => finding.object);
  const lines = findings.map(
    (finding) =>
      `${paint(COLOUR[finding.level], finding.level.padEnd(5))}  ${finding.rule.padEnd(rule)}  ${finding.object.padEnd(object)}  ${finding.what}`,
  );
  return [...lines, "", ...rulesOf(findings).map((name) => mendOf(findings, name, paint)), `Found: ${tally(findings)}.`].join("\n");
}

function rulesOf(findings: readonly Finding[]): string[] {
  const worst = [...findings].sort((a, b) => LEVELS.indexOf(a.level) - LEVELS.indexOf(b.level));
  return [...new Set(worst.map(({ rule }) => rule))];
}

function mendOf(findings: readonly Finding[], rule: string, paint: (code: number, text: string) => string): string {
  const here = findings.filter((finding) => finding.rule === rule);
  const mends = [...new Set(here.map(({ mend }) => mend))];
  return [paint(1, rule), `  ${here[0]?.why}`, ...mends.map((mend) => `    ${mend}${mend.includes("--") ? "" : ";"}`), ""].join("\n");
}
