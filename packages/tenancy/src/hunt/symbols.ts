import type { Cell, Finding, Matrix, Verb } from "./types.ts";

export const VERBS: readonly Verb[] = ["select", "insert", "update", "delete"];

const LETTER: Readonly<Record<Verb, string>> = { select: "r", insert: "i", update: "u", delete: "d" };

export const LEGEND: readonly [symbol: string, meaning: string][] = [
  ["r i u d", "reads, inserts, updates, deletes some rows: those that the oracle gives, and no other"],
  ["R I U D", "all rows, as the oracle says"],
  ["-", "nothing, as the oracle says"],
  ["!", "not as the oracle says: see the findings"],
  ["?", "not tried"],
];

/** One sign for one verb of one persona on one table. */
export function symbolOf(cell: Cell | undefined, verb: Verb): string {
  if (!cell || cell.probes === 0) return "?";
  if (cell.findings > 0) return "!";
  if (cell.allowed === 0) return "-";
  return cell.allowed === cell.all ? LETTER[verb].toUpperCase() : LETTER[verb];
}

/** Cells by table, persona and verb. */
export function cellFinder({ cells, findings }: Matrix): (table: string, persona: string, verb: Verb) => Cell | undefined {
  const key = (table: string, persona: string, verb: string) => `${table}\n${persona}\n${verb}`;
  const found = new Map(cells.map((cell) => [key(cell.table, cell.persona, cell.verb), cell]));
  const wrong = new Set(findings.map(({ table, persona, verb }) => key(table, persona, verb)));
  return (table, persona, verb) => {
    const cell = found.get(key(table, persona, verb));
    return cell && wrong.has(key(table, persona, verb)) ? { ...cell, findings: cell.findings + 1 } : cell;
  };
}

/** The route of a finding, and the way more closely. */
export const routeOf = ({ route, way }: Finding): string => (way === undefined ? route : `${route} (${way})`);

/** The one line that says how it went. */
export function summaryOf({
  holds,
  probes,
  denied,
  granted,
  stopped,
  routes,
  personas,
  tables,
  findings,
  gaps,
  limits,
  seconds,
}: Matrix): string {
  const count = (amount: number, one: string, many = `${one}s`) => `${amount.toLocaleString("en")} ${amount === 1 ? one : many}`;
  return [
    holds ? "Holds" : "Does not hold",
    `${count(probes, "statement")} tried`,
    `${granted.toLocaleString("en")} had to go through (${stopped.toLocaleString("en")} of them a constraint stopped)`,
    `${denied.toLocaleString("en")} had to be refused`,
    count(routes.filter(({ statements }) => statements > 0).length, "route"),
    count(personas.length, "persona"),
    count(tables.length, "table"),
    count(findings.length, "finding"),
    count(gaps.length, "gap"),
    count(limits.length, "limit"),
    `${seconds.toFixed(1)} s`,
  ].join(" · ");
}
