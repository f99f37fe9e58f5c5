import type { Finding, Level } from "../finding.ts";

export const countOf = (findings: readonly Finding[], level: Level): number => findings.filter((finding) => finding.level === level).length;

/** `2 errors, 1 warning, 3 notes`. */
export function tally(findings: readonly Finding[]): string {
  const words: [Level, string][] = [
    ["error", "error"],
    ["warn", "warning"],
    ["info", "note"],
  ];
  const said = words.flatMap(([level, word]) => {
    const count = countOf(findings, level);
    return count === 0 ? [] : [`${count} ${word}${count === 1 ? "" : "s"}`];
  });
  return said.length === 0 ? "no findings" : said.join(", ");
}
