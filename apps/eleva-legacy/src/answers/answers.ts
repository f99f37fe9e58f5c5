import type { ElevaWorld, LegacyTable } from "../world.ts";
import { countTargets } from "./counts.ts";
import { decideRows, type Reason } from "./fates.ts";
import { type Known, know, type TargetRow } from "./known.ts";
import { answerPeople, type PersonAnswer } from "./people.ts";
import { answerPersonRows, type PersonRows } from "./persons.ts";
import { answerPractices, type PracticeAnswers } from "./practices.ts";
import { keyColumn, targetRows } from "./targets.ts";

export interface RowAnswer {
  /** The primary key, as text. */
  key: string;
  leftBehind?: Reason;
  target?: TargetRow[];
}

export interface RowCount {
  total: number;
  moved: number;
  leftBehind: number;
}

/**
 * What must become of the world, by docs/dispositions.md and docs/mapping.md, worked out by hand-written rules.
 *
 * Nothing here is shared with the mover: a slip on either side shows as a difference.
 */
export interface Answers {
  people: Record<string, PersonAnswer>;
  /** Up to 50 rows of each table, some of each kind that stays behind and some odd ones among them. */
  rows: Record<LegacyTable, RowAnswer[]>;
  /** All rows, counted: table → reason → how many. `audit_logs` stay for the audit package. */
  leftBehind: Record<string, Partial<Record<Reason | "audit_later", number>>>;
  rowCounts: Record<LegacyTable, RowCount>;
  /** How many rows each target table holds after the move. */
  targetCounts: Record<string, number>;
  /** What is made from Clerk alone, for up to 50 people who move: organization, roles, further addresses, setup. */
  persons: PersonRows[];
  practices: PracticeAnswers;
}

type Question = Pick<ElevaWorld, "clerkUsers" | "tables" | "auditLogs">;

const SAMPLE = 50;

export function answer(world: Question): Answers {
  const people = answerPeople(world.clerkUsers);
  const known = know(world, people);
  const fates = decideRows(world.tables, people);
  const answers = { people, rows: {}, leftBehind: {}, rowCounts: {} } as Pick<Answers, "people" | "rows" | "leftBehind" | "rowCounts">;
  for (const [table, rows] of Object.entries(world.tables) as [LegacyTable, ElevaWorld["tables"][LegacyTable]][]) {
    const reasons = fates[table];
    const counted: Partial<Record<Reason, number>> = {};
    for (const reason of reasons) if (reason) counted[reason] = (counted[reason] ?? 0) + 1;
    answers.leftBehind[table] = counted;
    const leftBehind = Object.values(counted).reduce((sum, count) => sum + count, 0);
    answers.rowCounts[table] = { total: rows.length, moved: rows.length - leftBehind, leftBehind };
    answers.rows[table] = sampleOf(rows, reasons).map((index) =>
      answerRow(known, table, rows[index] as (typeof rows)[number], reasons[index]),
    );
  }
  answers.leftBehind["audit_logs"] = { audit_later: world.auditLogs.length };
  return {
    ...answers,
    targetCounts: countTargets(known, world.tables, fates),
    persons: answerPersonRows(known, SAMPLE),
    practices: answerPractices(known),
  };
}

function answerRow(
  known: Known,
  table: LegacyTable,
  row: ElevaWorld["tables"][LegacyTable][number],
  reason: Reason | undefined,
): RowAnswer {
  const key = String(row[keyColumn(table)]);
  return reason ? { key, leftBehind: reason } : { key, target: targetRows(known, table, row) };
}

/** Five rows for each reason, fifteen odd ones, the others at equal distances. */
function sampleOf(rows: readonly Record<string, unknown>[], reasons: readonly (Reason | undefined)[]): number[] {
  if (rows.length <= SAMPLE) return rows.map((_, index) => index);
  const chosen = new Set<number>();
  const seen = new Map<Reason, number>();
  for (const [index, reason] of reasons.entries()) {
    if (!reason || (seen.get(reason) ?? 0) >= 5) continue;
    seen.set(reason, (seen.get(reason) ?? 0) + 1);
    chosen.add(index);
  }
  const withLeftBehind = chosen.size;
  for (const [index, row] of rows.entries())
    if (chosen.size < withLeftBehind + 15 && reasons[index] === undefined && isOdd(row)) chosen.add(index);
  const step = rows.length / SAMPLE;
  for (let i = 0; chosen.size < SAMPLE && i < SAMPLE; i++) chosen.add(Math.floor(i * step));
  return [...chosen].sort((a, b) => a - b);
}

/** White space at the ends, escapes in JSON, or letters past the Latin ones. */
function isOdd(row: Record<string, unknown>): boolean {
  return Object.values(row).some(
    (value) => typeof value === "string" && /\\u[0d]|\t|^\s|\s$|[\u0370-\u1fff\u{1f000}-\u{1ffff}]/u.test(value),
  );
}
