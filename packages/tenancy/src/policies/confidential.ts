import { getTableColumns, getTableName } from "drizzle-orm";
import { type AnyPgColumn, getTableConfig, type PgColumn, type PgTable, type PgTableExtraConfigValue } from "drizzle-orm/pg-core";
import type { GuardWords } from "./guard-words.ts";

/** What a table says of its confidential columns. */
export interface Confidential {
  /** Names in the database, in the order of declaration. */
  columns: ReadonlySet<string>;
  /** The role that the functions are for, and whose policies they obey. */
  reader: string;
  /** The application's roles: none of them may select such a column. */
  closedTo: readonly string[];
}

interface Marks extends Confidential {
  columns: Set<string>;
}

const marksByTable = new WeakMap<object, Marks>();

/** @see policyBuilders */
export function confidential(words: GuardWords, first: AnyPgColumn, ...more: readonly AnyPgColumn[]): PgTableExtraConfigValue[] {
  const reader = words.authenticated.name;
  const marks = marksByTable.get(first.table) ?? { columns: new Set(), reader, closedTo: [reader, words.anonymous.name] };
  marksByTable.set(first.table, marks);
  for (const column of [first, ...more]) {
    if (column.table !== first.table) throw new TypeError(`${column.name} is a column of another table than ${getTableName(first.table)}.`);
    marks.columns.add(column.name);
  }
  return []; // Drizzle has no word for it: what was said stands here, and reaches the database through afterMigration.
}

/** What is declared of a table; undefined where no column is confidential. */
export function confidentialOf(table: PgTable): Confidential | undefined {
  getTableConfig(table); // runs the third argument of pgTable, where `confidential` is called
  return marksByTable.get(table);
}

type Columns<T extends PgTable> = T["_"]["columns"];

/**
 * The columns that the application's roles may select, for `db.select(openMeetings).from(meetings)` and `.returning(openMeetings)`: where a column
 * is confidential, `select()` and `returning()` without columns are refused. Once beside the table:
 * `export const openMeetings = openColumns(meetings, "guestEmail", "guestNotes")`.
 *
 * @param confidential the keys of all columns that the table declares confidential: TypeScript cannot see the declaration
 * @throws TypeError when these are others than the table declares
 */
export function openColumns<T extends PgTable, K extends keyof Columns<T> & string = never>(
  table: T,
  ...confidential: readonly K[]
): Omit<Columns<T>, K> {
  const declared = confidentialOf(table)?.columns ?? new Set<string>();
  const all: Record<string, PgColumn> = getTableColumns(table);
  const closed = Object.keys(all).filter((key) => declared.has(all[key]?.name ?? ""));
  const missing = closed.filter((key) => !confidential.includes(key as K));
  const spare = confidential.filter((key) => !closed.includes(key));
  if (missing.length + spare.length > 0)
    throw new TypeError(
      `openColumns(${getTableName(table)}) must name the confidential columns ${closed.join(", ") || "(there are none)"}; ${[
        ...missing.map((key) => `${key} is missing`),
        ...spare.map((key) => `${key} is not declared confidential`),
      ].join(", ")}.`,
    );
  return Object.fromEntries(Object.entries(all).filter(([key]) => !closed.includes(key))) as Omit<Columns<T>, K>;
}
