import type { Route } from "./routes.ts";
import type { Outcome, Try } from "./session.ts";
import type { Persona, Row, Table, TableRule, Verb, World } from "./types.ts";

/** One statement to try, and what the oracle says of it. */
export interface Probe extends Try {
  table: string;
  verb: Verb | "call";
  route: Route;
  /** See Finding. */
  way?: string;
  /** Its answer holds values of rows: they are searched for hidden ones. */
  shows?: boolean;
  /** Whether the oracle lets it through, at least in part. */
  granted: boolean;
  judge(outcome: Outcome): Judgement;
  /** Rows it must reach, of all; for the matrix. */
  counts?: { allowed: number; all: number };
}

/** `right`: as the oracle says. `stopped`: the locks let it through as they must, a constraint did not. */
export type Judgement =
  | { is: "right"; reached?: number }
  | { is: "stopped" }
  | { is: "open"; what: string }
  | { is: "closed"; what: string }
  | { is: "untried"; what: string };

/** What is needed to build the probes of one persona on one table. */
export interface Target {
  world: World;
  keys: ReadonlyMap<Row, string>;
  table: Table;
  rule: TableRule;
  /** The persona's rules of all tables. */
  rules: Readonly<Record<string, TableRule>>;
  persona: Persona;
  personas: readonly Persona[];
  /** The policies are tried alone: every verb and column is granted. */
  allGranted: boolean;
  /** Triggers and foreign keys are off, too. */
  triggersOff: boolean;
  /** What the rules of all personas of the role give by columns: its grants are for all of them. */
  ofRole: readonly TableRule[];
  /** The first persona of its role: it tries what depends on the role's grants only. */
  first: boolean;
}

export const mayRead = ({ rule }: Target, row: Row): boolean => rule.read?.rows(row) ?? false;
export const mayInsert = ({ rule }: Target, row: Row): boolean => rule.insert?.rows(row) ?? false;
export const mayDelete = ({ rule }: Target, row: Row): boolean => rule.delete?.rows(row) ?? false;
export function mayUpdate({ rule: { update } }: Target, before: Row, after: Row): boolean {
  return update?.rows(before) === true && (update.to ?? update.rows)(after, before);
}

export const columnNames = (table: Table): string[] => table.columns.map(({ name }) => name);

/** Columns that the grants must give for a verb: by the persona's rule, else by those of others in its role. */
export function grantedColumns(target: Target, verb: "read" | "insert" | "update"): readonly string[] {
  const all = columnNames(target.table);
  if (target.allGranted) return all;
  const given = target.rule[verb] ? [target.rule] : target.ofRole;
  return [...new Set(given.flatMap(({ [verb]: rule }) => (rule ? (rule.columns ?? all) : [])))];
}

export const keyIsReadable = (target: Target): boolean =>
  target.table.key.every((column) => grantedColumns(target, "read").includes(column));

// 42501: no right, or a policy's check. 0A000: COPY FROM under row security. 55000: a view that is not updatable.
const REFUSALS = new Set(["42501", "0A000", "55000"]);
export const isRefusal = (state: string): boolean => REFUSALS.has(state);

/** Rows came through the locks, or a constraint (class 23) stopped what they had let through: locks are asked first. */
export const letThrough = ({ state, rows }: Outcome): boolean => (state === null ? rows > 0 : state.startsWith("23"));

/** Judges a statement that must touch exactly one row, or none. */
export function oneRow(expected: boolean) {
  return (outcome: Outcome): Judgement => {
    const { state } = outcome;
    if (state !== null && !state.startsWith("23") && !REFUSALS.has(state)) return { is: "untried", what: `SQLSTATE ${state}` };
    if (letThrough(outcome) === expected) return state?.startsWith("23") ? { is: "stopped" } : { is: "right", reached: expected ? 1 : 0 };
    return expected ? { is: "closed", what: state ?? "0 rows" } : { is: "open", what: state ?? `${outcome.rows} rows` };
  };
}

/** Judges a statement that must be refused outright. */
export function refused() {
  return (outcome: Outcome): Judgement => {
    if (outcome.state !== null && REFUSALS.has(outcome.state)) return { is: "right" };
    if (outcome.state !== null && !outcome.state.startsWith("23")) return { is: "untried", what: `SQLSTATE ${outcome.state}` };
    return { is: "open", what: outcome.state ?? `${outcome.rows} rows` };
  };
}

/** Judges an answer that is a JSON array of keys. */
export function sameKeys(expected: readonly string[], mustRun: boolean) {
  return ({ state, answer }: Outcome): Judgement => {
    if (state?.startsWith("23")) return expected.length > 0 ? { is: "stopped" } : { is: "open", what: state };
    if (state !== null && !REFUSALS.has(state)) return { is: "untried", what: `SQLSTATE ${state}` };
    if (state !== null) return mustRun && expected.length > 0 ? { is: "closed", what: state } : { is: "right", reached: 0 };
    const got = new Set(JSON.parse(answer ?? "[]") as string[]);
    const extra = [...got].filter((key) => !expected.includes(key)).length;
    const missing = expected.filter((key) => !got.has(key)).length;
    if (extra > 0) return { is: "open", what: `${extra} rows too many` };
    if (missing > 0) return { is: "closed", what: `${missing} rows too few` };
    return { is: "right", reached: got.size };
  };
}

/** Judges how many rows a statement touched, or the number it answered. */
export function sameCount(expected: number, mustRun: boolean) {
  return ({ state, answer, rows }: Outcome): Judgement => {
    if (state?.startsWith("23")) return expected > 0 ? { is: "stopped" } : { is: "open", what: state };
    if (state !== null && !REFUSALS.has(state)) return { is: "untried", what: `SQLSTATE ${state}` };
    if (state !== null) return mustRun && expected > 0 ? { is: "closed", what: state } : { is: "right", reached: 0 };
    const got = answer === null ? rows : Number(answer);
    if (got > expected) return { is: "open", what: `${got} rows instead of ${expected}` };
    if (got < expected) return { is: "closed", what: `${got} rows instead of ${expected}` };
    return { is: "right", reached: got };
  };
}
