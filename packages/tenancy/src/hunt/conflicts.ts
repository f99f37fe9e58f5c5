import { randomUUID } from "node:crypto";
import { escapeIdentifier, escapeLiteral } from "pg";
import { cloneOf, isIdentityOrParent, representatives } from "./candidates.ts";
import { insertSql } from "./inserts.ts";
import { grantedColumns, type Judgement, mayInsert, mayRead, mayUpdate, type Probe, type Target } from "./probe.ts";
import type { Outcome } from "./session.ts";
import type { Limit, Row } from "./types.ts";
import { keySql, relation } from "./world.ts";
import { harmlessColumn } from "./write-parts.ts";

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
}

/** INSERT … ON CONFLICT that meets somebody else's row: it must not change it, and must not be a way around a missing INSERT. */
export function conflictProbes(target: Target): Probe[] {
  const { world, table, rule, keys } = target;
  const hidden = representatives(world, table).filter((row) => !mayRead(target, row) && !mayUpdate(target, row, row));
  const allowedBase = base(target);
  const key = table.key.map(escapeIdentifier).join(", ");
  const column = harmlessColumn(table, grantedColumns(target, "update"));
  if (table.uniques.length === 0 || !column || !(rule.insert || target.first)) return [];
  const name = escapeIdentifier(column.name);
  return hidden.slice(0, 2).map((row): Probe => {
    const mine = allowedBase ? withKeyOf(target, allowedBase, row) : row;
    const sql = `${insertSql(target, mine)} on conflict (${key}) do update set ${name} = excluded.${name} returning ${keySql(table.key)}`;
    const hiddenKey = keys.get(row);
    // A key that the database gives itself meets nobody's: then a new row of one's own is all that was made.
    const judge = (outcome: Outcome): Judgement => {
      const tooMuch = outcome.state === null && outcome.rows > 0 && (outcome.answer === hiddenKey || !allowedBase);
      return tooMuch ? { is: "open", what: "somebody else's row was changed, or one was made" } : { is: "right" };
    };
    return { table: table.name, verb: "insert", route: "on conflict do update", sql, answer: true, granted: false, judge };
  });
}

/** What shows that a hidden row exists: a unique key that is taken, a parent that can be named, an estimate that differs. */
export function existences(target: Target): Existence[] {
  return [...takenKeys(target), ...namedParents(target), ...estimates(target)];
}

function takenKeys(target: Target): Existence[] {
  const { world, table } = target;
  const own = base(target);
  const hidden = (world.rows[table.name] ?? []).find((row) => !mayRead(target, row));
  if (!own || !hidden) return [];
  return table.uniques.flatMap((unique): Existence[] => {
    const taken = { ...cloneOf(table, own), ...Object.fromEntries(unique.map((name) => [name, hidden[name]])) };
    if (unique.some((name) => hidden[name] === null) || !mayInsert(target, taken)) return [];
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
    const other = (world.rows[parent] ?? []).map((row) => row[targetColumn]).find((value) => value !== own[column]);
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

/** A new row that this persona may insert. */
function base(target: Target): Row | undefined {
  if (!target.rule.insert) return undefined;
  const clones = representatives(target.world, target.table).map((row) => cloneOf(target.table, row));
  return clones.find((row) => mayInsert(target, row));
}

function withKeyOf({ table }: Target, own: Row, other: Row): Row {
  const key = table.key.filter((name) => !isIdentityOrParent(table, name));
  return { ...own, ...Object.fromEntries(key.map((name) => [name, other[name]])) };
}
