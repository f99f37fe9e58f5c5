import { randomUUID } from "node:crypto";
import { escapeIdentifier, escapeLiteral } from "pg";
import { cloneOf, isIdentityOrParent, representatives } from "./candidates.ts";
import { insertSql } from "./inserts.ts";
import { grantedColumns, isRefusal, type Judgement, mayInsert, mayRead, type Probe, type Target } from "./probe.ts";
import type { Outcome } from "./session.ts";
import type { Limit, Row } from "./types.ts";
import { keySql, relation } from "./world.ts";
import { harmlessColumn } from "./write-parts.ts";

// How many rows of others are met: such as cannot be seen, and such as can.
const HIDDEN = 2;
const SEEN = 1;

/** An existence that shows: two statements whose outcomes differ where nothing hidden may make a difference. */
export interface Existence {
  table: string;
  route: Limit["route"];
  columns: readonly string[];
  /** With something hidden, and with nothing. */
  sqls: [hidden: string, nothing: string];
  answer?: boolean;
  differs(hidden: Outcome, nothing: Outcome): boolean;
  what: string;
  /** The oracle closes these columns to the role: then it is a finding. */
  closed?: boolean;
}

/** INSERT … ON CONFLICT that meets somebody else's row: it must not change it, and must not be a way around a missing INSERT. */
export function conflictProbes(target: Target): Probe[] {
  const { world, table, rule, keys } = target;
  const others = representatives(world, table).filter((row) => !(rule.update?.rows(row) ?? false));
  const hidden = others.filter((row) => !mayRead(target, row)).slice(0, HIDDEN);
  const seen = others.filter((row) => mayRead(target, row)).slice(0, SEEN);
  const allowedBase = base(target);
  const arbiter = table.uniques.find((unique) => unique.join() === table.key.join()) ?? table.uniques[0];
  const column = harmlessColumn(table, grantedColumns(target, "update"), grantedColumns(target, "read"));
  if (!arbiter || !column || !(rule.insert || target.first)) return [];
  const name = escapeIdentifier(column.name);
  const on = arbiter.map(escapeIdentifier).join(", ");
  return [...hidden, ...seen].map((row): Probe => {
    const mine = allowedBase ? withKeyOf(target, arbiter, allowedBase, row) : row;
    const sql = `${insertSql(target, mine)} on conflict (${on}) do update set ${name} = excluded.${name} returning ${keySql(table.key)}`;
    const otherKey = keys.get(row);
    const judge = (outcome: Outcome): Judgement => {
      const { state, rows, answer } = outcome;
      if (state !== null)
        return state.startsWith("23") || isRefusal(state) ? { is: "right" } : { is: "untried", what: `SQLSTATE ${state}` };
      // A key that the database gives itself meets nobody's: then a new row of one's own is all that was made.
      const tooMuch = rows > 0 && (answer === otherKey || !allowedBase);
      return tooMuch ? { is: "open", what: "somebody else's row was changed, or one was made" } : { is: "right" };
    };
    return { table: table.name, verb: "insert", route: "on conflict", way: "do update", sql, answer: true, granted: false, judge };
  });
}

/** What shows that a hidden row exists: a unique key that is taken, a parent that can be named, an estimate that differs. */
export function existences(target: Target): Existence[] {
  return [...takenKeys(target), ...namedParents(target), ...estimates(target)];
}

function takenKeys(target: Target): Existence[] {
  const { world, table } = target;
  const bases = insertable(target);
  const hidden = (world.rows[table.name] ?? []).filter((row) => !mayRead(target, row));
  return table.uniques.flatMap((unique): Existence[] => {
    const taken = firstTaken(target, unique, bases, hidden);
    if (!taken) return [];
    const secret = unique.some((name) => table.columns.find((column) => column.name === name)?.type === "uuid");
    return [
      {
        table: table.name,
        route: "unique key",
        columns: unique,
        sqls: [insertSql(target, taken), `${insertSql(target, taken)} on conflict do nothing`],
        differs: (plain, quiet) => plain.state === "23505" || (quiet.state === null && quiet.rows === 0),
        what: secret ? "a taken key shows; nobody can guess one" : "a taken key shows, and can be guessed",
      },
    ];
  });
}

function namedParents(target: Target): Existence[] {
  const { world, table } = target;
  const own = base(target);
  if (!own) return [];
  return table.foreignKeys.flatMap(({ columns, table: parent, targetColumns }): Existence[] => {
    const [column, targetColumn] = [columns[0] ?? "", targetColumns[0] ?? ""];
    const type = table.columns.find(({ name }) => name === column)?.type;
    if (columns.length !== 1 || table.identities.includes(column) || !["uuid", "text", "integer", "bigint"].includes(type ?? "")) return [];
    const hidden = (world.rows[parent] ?? []).filter((row) => !target.rules[parent]?.read?.rows(row));
    const other = hidden.map((row) => row[targetColumn]).find((value) => value !== own[column]);
    if (other === undefined) return [];
    const nobody = type === "uuid" ? randomUUID() : type === "text" ? "hunt_nobody" : 1_999_999_999;
    const naming = (value: unknown) => insertSql(target, { ...cloneOf(table, own), [column]: value });
    return [
      {
        table: table.name,
        route: "foreign key",
        columns: [column],
        sqls: [naming(other), naming(nobody)],
        differs: (hidden, nothing) => (hidden.state === null || hidden.state === "23505") && nothing.state === "23503",
        what: `naming a row of ${parent} tells whether it exists`,
      },
    ];
  });
}

function estimates(target: Target): Existence[] {
  const { world, table, rule } = target;
  if (!rule.read) return [];
  return table.identities.flatMap((column): Existence[] => {
    const hidden = (world.rows[table.name] ?? []).find((row) => !mayRead(target, row) && row[column] !== null);
    if (!hidden || (rule.read?.columns && !rule.read.columns.includes(column))) return [];
    const plan = (value: unknown) =>
      `explain (format json) select from ${relation(world.schema, table.name)} where ${escapeIdentifier(column)} = ${escapeLiteral(String(value))}`;
    const rowsOf = ({ answer }: Outcome): unknown => JSON.stringify(answer?.match(/"Plan Rows": \d+/g));
    return [
      {
        table: table.name,
        route: "estimate",
        columns: [column],
        sqls: [plan(hidden[column]), plan("hunt_nobody")],
        answer: true,
        differs: (one, other) => one.state === null && rowsOf(one) !== rowsOf(other),
        what: "EXPLAIN estimates with statistics of hidden rows",
      },
    ];
  });
}

/** A new row that this persona may insert, with the key of a row that it may not see. */
function firstTaken(target: Target, unique: readonly string[], bases: readonly Row[], hidden: readonly Row[]): Row | undefined {
  for (const own of bases)
    for (const row of hidden) {
      if (unique.some((name) => row[name] === null)) continue;
      const taken = { ...own, ...Object.fromEntries(unique.map((name) => [name, row[name]])) };
      if (mayInsert(target, taken)) return taken;
    }
  return undefined;
}

/** New rows that this persona may insert. */
function insertable(target: Target): Row[] {
  if (!target.rule.insert) return [];
  const copies = (rows: readonly Row[]) => rows.map((row) => cloneOf(target.table, row)).filter((row) => mayInsert(target, row));
  const found = copies(representatives(target.world, target.table));
  return found.length > 0 ? found : copies(target.world.rows[target.table.name] ?? []).slice(0, 1);
}

const base = (target: Target): Row | undefined => insertable(target)[0];

function withKeyOf({ table }: Target, unique: readonly string[], own: Row, other: Row): Row {
  const key = unique.filter((name) => !isIdentityOrParent(table, name));
  return { ...own, ...Object.fromEntries(key.map((name) => [name, other[name]])) };
}
