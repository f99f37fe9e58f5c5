import { cellFinder, LEGEND, routeOf, summaryOf, symbolOf, VERBS } from "./symbols.ts";
import type { Matrix } from "./types.ts";

/** The matrix as text: a line for each table, a column for each persona, four signs in each cell. */
export function matrixText(matrix: Matrix): string {
  const cellOf = cellFinder(matrix);
  const letters = matrix.personas.map((_, at) => columnName(at));
  const width = Math.max(5, ...matrix.tables.map((table) => table.length));
  const line = (first: string, cells: readonly string[]) =>
    `${first.padEnd(width)}  ${cells.map((cell) => cell.padEnd(4)).join(" ")}`.trimEnd();
  const rows = matrix.tables.map((table) =>
    line(
      table,
      matrix.personas.map((persona) => VERBS.map((verb) => symbolOf(cellOf(table, persona, verb), verb)).join("")),
    ),
  );
  return [
    summaryOf(matrix),
    "",
    line("table", letters),
    ...rows,
    "",
    ...matrix.personas.map((persona, at) => `${letters[at]?.padEnd(4)} ${persona}`),
    "",
    ...LEGEND.map(([symbol, meaning]) => `${symbol.padEnd(8)} ${meaning}`),
    ...section(
      "Routes (statements, places, findings)",
      matrix.routes.map(({ route, statements, places, findings }) =>
        [route.padEnd(14), ...[statements, places, findings].map((count) => String(count).padStart(6))].join(" "),
      ),
    ),
    ...section(
      "Findings",
      matrix.findings.map(
        (finding) => `${finding.kind}: ${finding.persona}, ${finding.verb} ${finding.table}, ${routeOf(finding)}: ${finding.what}`,
      ),
    ),
    ...section("Gaps", matrix.gaps),
    ...section(
      "Limits",
      matrix.limits.map(
        ({ table, route, columns, what, personas }) => `${table} (${columns.join(", ")}), ${route}: ${what}; ${personas} personas`,
      ),
    ),
    "",
  ].join("\n");
}

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line}`)];

/** A, B, …, Z, AA, AB … */
export function columnName(at: number): string {
  const letter = String.fromCharCode(65 + (at % 26));
  return at < 26 ? letter : columnName(Math.floor(at / 26) - 1) + letter;
}
