import { and, desc, getTableColumns, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { AnyPgColumn, PgTable } from "drizzle-orm/pg-core";
import { keyOf, readConfidential, type Selects } from "../client/read-confidential.ts";
import { confidentialOf } from "./confidential.ts";
import { DEFAULT_WORDS, type GuardWords, namedOrg } from "./guard-words.ts";

export interface NewestShared {
  /** The two columns of `sharedBetween`. */
  orgs: readonly [AnyPgColumn, AnyPgColumn];
  /** Descending. End with the key, so that the order is whole; both indexes hold these columns behind the organization. */
  orderBy: readonly [AnyPgColumn, ...AnyPgColumn[]];
  limit: number;
  /** The next page: the values of `orderBy` in the last row of this one. */
  before?: readonly unknown[];
  /** More conditions, asked in both halves. */
  where?: SQL;
  /** Schema of the guard. */
  guard?: GuardWords["schema"];
}

/**
 * The newest rows that the organization of the token shares with others, from whichever side. One `or` over two columns has no ordered plan
 * (Postgres reads and sorts all rows of the organization); this asks twice, each time along an index, and merges: at most 2 × limit rows are
 * read, however many there are. A row whose two organizations are the same comes once. It shows what the table's policies (`sharedBetween`)
 * show: without row security on the table it would show the rows of whatever organization the identity names. Confidential columns are read with
 * it, in the same statement.
 *
 * A query of Drizzle: await it, or look at it with toSQL().
 *
 * @param db the database of one transaction, as tenancy.as gives it
 */
export function newestShared<T extends PgTable>(db: Selects, table: T, options: NewestShared): NewestSharedQuery<T> {
  const { orgs, orderBy, limit, before, where, guard = DEFAULT_WORDS.schema } = options;
  const [writer, reader] = orgs;
  // Which rows to look at, not which are allowed: that the policies of both halves ask, so the guard need not be asked twice more.
  const own = (column: AnyPgColumn) => sql`${column} = ${namedOrg({ schema: guard })}`;
  const order = orderBy.map((column) => desc(column));
  const behind = before && after(orderBy, before);
  // A limit that the planner cannot read. It knows no organization's size, only the average; with a number above that it would take all rows
  // of the organization and sort them, which for a big one is thousands.
  const atMost = sql`(select ${limit}::bigint)`;
  // Of a table with confidential columns only the keys are asked for here, and what puts them in order.
  const secret = confidentialOf(table) !== undefined;
  const names = Object.entries(getTableColumns(table));
  const fields = secret
    ? Object.fromEntries(names.filter(([, { name }]) => [...keyOf(table), ...orderBy].some((one) => one.name === name)))
    : undefined;
  const half = (...conditions: (SQL | undefined)[]) =>
    (fields ? db.select(fields) : db.select())
      .from(table)
      .where(and(...conditions, behind, where))
      .orderBy(...order)
      .limit(atMost);
  const first = half(own(writer));
  const second = half(own(reader), sql`${writer} is distinct from ${reader}`);
  const together = orderBy.map((column) =>
    desc(sql.identifier(names.find(([, each]) => each.name === column.name)?.[1].name ?? column.name)),
  );
  const page = first
    .unionAll(second)
    .orderBy(...together)
    .limit(atMost);
  return secret ? readConfidential(db, table, page) : page;
}

export interface NewestSharedQuery<T extends PgTable> extends PromiseLike<T["$inferSelect"][]>, SQLWrapper {
  toSQL(): { sql: string; params: unknown[] };
}

/** A row comparison, which an index over the same columns answers; one condition a column would not be one. */
function after(columns: readonly AnyPgColumn[], values: readonly unknown[]): SQL {
  if (values.length !== columns.length) throw new TypeError(`before has ${values.length} values for ${columns.length} columns of orderBy.`);
  const named = sql.join(
    columns.map((column) => sql`${column}`),
    sql.raw(", "),
  );
  const said = columns.map((column, at) => sql`${sql.param(values[at], column)}`);
  return sql`(${named}) < (${sql.join(said, sql.raw(", "))})`;
}
