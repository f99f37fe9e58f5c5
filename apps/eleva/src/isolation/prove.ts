import { expectedVisible, SEEN_BY_ALL, SEEN_BY_NOBODY, type Who } from "./expected.ts";
import type { Queries } from "./relations.ts";
import { type Snapshot, takeSnapshot } from "./snapshot.ts";
import { readVisible, type Seen, throughFunction } from "./visible.ts";

/** Somebody who asks, with the token; without one the transaction is anonymous. */
export interface Persona {
  /** For the report: "owner of a clinic, suspended". Never an address. */
  name: string;
  who: Who;
  token?: string;
}

export interface IsolationOptions {
  /** A connection past row security (rehome_mover or a superuser), not inside a transaction. */
  bypass: Queries;
  /** Runs `use` in one guarded transaction under the token, or as anonymous. */
  openAs<T>(token: string | undefined, use: (db: Queries) => Promise<T>): Promise<T>;
  personas: readonly Persona[];
  /** Tables that may hold no row at all, such as record_shares right after a move. A table with rows must show and hide one regardless. */
  emptyAllowed?: readonly string[];
}

export interface Difference {
  persona: string;
  table: string;
  /** Rows seen that must not be seen. */
  extra: number;
  /** Rows not seen that must be seen. */
  missing: number;
  /** Rows of which something else was seen than stands there. */
  changed: number;
}

export interface Isolation {
  holds: boolean;
  /** Comparisons that had to be made: personas × relations, and functions for confidential columns. */
  expected: number;
  checked: number;
  /** Rows that the personas saw, in sum. */
  rowsSeen: number;
  differences: Difference[];
  /** Relations of which somebody saw a row, and of which a row was hidden from somebody. */
  tablesShown: Set<string>;
  tablesHidden: Set<string>;
  /** Why it does not hold beside the differences: a table over which it says nothing. */
  gaps: string[];
}

/**
 * Proves that each persona sees exactly the rows that docs/who-sees-what.md gives it, over all tables and views of schema public: their open
 * columns by selecting them, all columns through the functions of schema `confidential`.
 *
 * The expected side is computed from all rows, past the policies, by code that shares nothing with them. Rows may change meanwhile: a
 * difference counts only when a second look, at new rows, finds one in the same place. Writes nothing.
 */
export async function proveIsolation({ bypass, openAs, personas, emptyAllowed = [] }: IsolationOptions): Promise<Isolation> {
  let snapshot = await takeSnapshot(bypass);
  const proof: Isolation = {
    holds: false,
    expected: personas.length * waysOf(snapshot).length,
    checked: 0,
    rowsSeen: 0,
    differences: [],
    tablesShown: new Set(),
    tablesHidden: new Set(),
    gaps: [],
  };
  for (const persona of personas) {
    let seen = await look(openAs, persona, snapshot);
    let found = compare(persona, snapshot, seen);
    if (found.length > 0) {
      const first = new Set(found.map(({ table }) => table));
      snapshot = await takeSnapshot(bypass);
      seen = await look(openAs, persona, snapshot);
      found = compare(persona, snapshot, seen).filter(({ table }) => first.has(table));
    }
    proof.differences.push(...found);
    for (const { name, table } of waysOf(snapshot)) {
      const count = seen[name]?.size ?? 0;
      const all = rowCount(snapshot, table);
      proof.checked++;
      proof.rowsSeen += count;
      if (count > 0) proof.tablesShown.add(name);
      if (count < all) proof.tablesHidden.add(name);
    }
  }
  proof.gaps = gaps(proof, snapshot, new Set(emptyAllowed));
  proof.holds = proof.expected > 0 && proof.checked === proof.expected && proof.differences.length === 0 && proof.gaps.length === 0;
  return proof;
}

function look(openAs: IsolationOptions["openAs"], persona: Persona, snapshot: Snapshot): Promise<Seen> {
  return openAs(persona.token, (db) => readVisible(db, snapshot));
}

function compare(persona: Persona, snapshot: Snapshot, seen: Seen): Difference[] {
  const expected = expectedVisible(snapshot, persona.who);
  return waysOf(snapshot).flatMap(({ name, table, digest }) => {
    // Nobody calls a function without being somebody.
    const must = name !== table && persona.who.kind === "anonymous" ? new Set<string>() : (expected[table] ?? new Set());
    const does = seen[name] ?? new Map<string, string | null>();
    const keys = new Set(does.keys());
    const [extra, missing] = [lacking(must, keys), lacking(keys, must)];
    const changed = (snapshot.rows[table] ?? []).filter((row) => (does.get(row.key) ?? row[digest]) !== row[digest]).length;
    return extra + missing + changed > 0 ? [{ persona: persona.name, table: name, extra, missing, changed }] : [];
  });
}

/** A table's open columns, and all of them through its function. */
function waysOf({ relations }: Snapshot): { name: string; table: string; digest: "open" | "whole" }[] {
  return relations.flatMap(({ name, confidential }) => [
    { name, table: name, digest: "open" as const },
    ...(confidential ? [{ name: throughFunction(name), table: name, digest: "whole" as const }] : []),
  ]);
}

/** How many of `others` are not in the set. */
const lacking = (set: ReadonlySet<string>, others: ReadonlySet<string>) => [...others].filter((key) => !set.has(key)).length;

/** A view has no rows of its own: one line of it stands for one payment. */
function rowCount(snapshot: Snapshot, name: string): number {
  return snapshot.rows[name === "meeting_receipts" ? "meeting_payments" : name]?.length ?? 0;
}

/** A proof over nothing does not hold: each table must have shown a row to somebody and hidden one from somebody. */
function gaps(proof: Isolation, snapshot: Snapshot, emptyAllowed: ReadonlySet<string>): string[] {
  return waysOf(snapshot).flatMap(({ name, table }) => {
    if (rowCount(snapshot, table) === 0) return emptyAllowed.has(table) ? [] : [`${name} holds no row`];
    if (SEEN_BY_NOBODY.has(name)) return proof.tablesShown.has(name) ? [`${name} was seen by somebody`] : [];
    const missing: string[] = [];
    if (!proof.tablesShown.has(name)) missing.push(`nobody saw a row of ${name}`);
    if (!SEEN_BY_ALL.has(name) && !proof.tablesHidden.has(name)) missing.push(`no row of ${name} was hidden from anybody`);
    return missing;
  });
}
