import { getTableName, type SQL } from "drizzle-orm";
import { type AnyPgColumn, index, type PgPolicy, type PgRole, type PgTableExtraConfigValue, pgPolicy } from "drizzle-orm/pg-core";
import { every, type GuardWords, hasPermission, hasRole } from "./guard-words.ts";

/** Who of those whom a builder names may do it, and with which rows. Everything said must hold. */
export interface Gate {
  /** Slugs of roles, one of which the member has in the organization of the token. */
  role?: string | readonly string[];
  /** A permission of the member's role, for example `tasks:write`. */
  permission?: string;
  /** Which existing rows: what is read, changed or deleted. */
  rows?: SQL;
  /** What a new or changed row must fulfil. */
  check?: SQL;
}

export interface RowOptions {
  /** Last part of the policies' names, `<table>_<verb>_<who>`. */
  who?: string;
  /** Default: everyone whom the builder names. False: no policy, so nobody. */
  read?: Gate | false;
  /** A gate before all three writing verbs, on top of their own. False: no writing at all. */
  write?: Gate | false;
  insert?: Gate | false;
  update?: Gate | false;
  delete?: Gate | false;
  /** Columns that nobody may change once a row is made, beside the organizations and persons: `afterMigration` leaves them out of the grants. */
  keep?: readonly AnyPgColumn[];
  /** Columns behind the ones of the policy in its index (for lists in that order); false: the table declares the index itself. */
  index?: readonly AnyPgColumn[] | false;
}

type Verb = "select" | "insert" | "update" | "delete";

/** Columns that say whose a row is, by the policy that rests on them. */
const keptByPolicy = new WeakMap<PgPolicy, readonly AnyPgColumn[]>();

/** Columns that an update must leave alone for this policy to mean anything. A policy cannot see the old row: grants keep them. */
export const keptColumns = (policy: PgPolicy): readonly AnyPgColumn[] => keptByPolicy.get(policy) ?? [];

interface Rows {
  who: string;
  to: PgRole | PgRole[];
  /** Rows that may be read. */
  reads: SQL;
  /** Rows that may be written, and what every written row must be: USING and WITH CHECK alike, so no row leaves its organization. */
  writes: SQL;
  /** Columns that say whose a row is; the first names the table. */
  columns: readonly [AnyPgColumn, ...AnyPgColumn[]];
}

/** One policy a verb; nothing for verbs that the options close. */
export function rowPolicies(words: GuardWords, rows: Rows, options: RowOptions): PgPolicy[] {
  const table = getTableName(rows.columns[0].table);
  const kept = [...rows.columns, ...(options.keep ?? [])];
  const policy = (verb: Verb, using: SQL | undefined, withCheck: SQL | undefined) => {
    const name = policyName(table, verb, options.who ?? rows.who);
    const made = pgPolicy(name, { for: verb, to: rows.to, ...(using && { using }), ...(withCheck && { withCheck }) });
    keptByPolicy.set(made, kept);
    return made;
  };
  const gates = (verb: "insert" | "update" | "delete"): Gate[] | undefined => {
    const { write = {}, [verb]: own = {} } = options;
    return write === false || own === false ? undefined : [write, own];
  };
  const using = (gated: Gate[], base = rows.writes) => pass(words, base, gated, "rows");
  const check = (gated: Gate[]) => pass(words, rows.writes, gated, "check");

  const made: PgPolicy[] = [];
  const { read = {} } = options;
  if (read) made.push(policy("select", using([read], rows.reads), undefined));
  const insert = gates("insert");
  if (insert) made.push(policy("insert", undefined, check(insert)));
  const update = gates("update");
  if (update) made.push(policy("update", using(update), check(update)));
  const remove = gates("delete");
  if (remove) made.push(policy("delete", using(remove), undefined));
  return made;
}

function pass(words: GuardWords, base: SQL, gates: readonly Gate[], rows: "rows" | "check"): SQL {
  const own = gates.flatMap(({ role, permission }) => [
    ...(role === undefined ? [] : [hasRole(words, typeof role === "string" ? [role] : role)]),
    ...(permission === undefined ? [] : [hasPermission(words, permission)]),
  ]);
  const given = gates.map((gate) => gate[rows]).filter((condition) => condition !== undefined);
  return own.length + given.length === 0 ? base : every([base, ...own], given);
}

/** Postgres cuts a longer name off, and the declared one would never be found again. */
export function policyName(table: string, verb: string, who: string): string {
  const name = `${table}_${verb}_${who}`;
  if (Buffer.byteLength(name) <= 63) return name;
  throw new TypeError(`The policy name ${name} is longer than Postgres keeps (63). Give the builder a shorter \`who\`.`);
}

/** The index a policy needs, named `<table>_<columns>`. */
export function policyIndex(options: Pick<RowOptions, "index">, ...columns: [AnyPgColumn, ...AnyPgColumn[]]): PgTableExtraConfigValue[] {
  if (options.index === false) return [];
  const [first, ...rest] = columns;
  const behind = [...rest, ...(options.index ?? [])];
  const name = [getTableName(first.table), ...[first, ...behind].map((column) => column.name)].join("_");
  return [index(name.slice(0, 63)).on(first, ...behind)];
}
