import { getTableColumns, getTableName, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { type AnyPgColumn, getTableConfig, type PgColumn, type PgTable } from "drizzle-orm/pg-core";
import { CONFIDENTIAL_SCHEMA } from "../policies/confidential-names.ts";

/** What this needs of a Drizzle database. */
export interface Selects {
  // biome-ignore lint/suspicious/noExplicitAny: Drizzle's own select has a type per driver and schema
  select(fields?: any): any;
}

/** A query of Drizzle: await it, or look at it with toSQL(). */
export interface ConfidentialQuery<T extends PgTable> extends Promise<T["$inferSelect"][]>, SQLWrapper {
  toSQL(): { sql: string; params: unknown[] };
}

/** Keys, or a query that gives them: of a key of one column its values, else objects by the keys of the table's columns. */
export type ConfidentialKeys<T extends PgTable> =
  | readonly (string | number | bigint)[]
  | readonly Partial<T["$inferSelect"]>[]
  | SQLWrapper;

/**
 * Whole rows, confidential columns included, of a table that declares some: those of these keys that the table's policies show, in the order of the
 * keys. One statement, also for a list, whose keys come from an ordinary query over open columns:
 *
 *     const page = db.select({ id: meetings.id }).from(meetings).orderBy(desc(meetings.startsAt)).limit(50);
 *     const rows = await readConfidential(db, meetings, page);
 *
 * @param db the database of one transaction, as tenancy.as gives it
 * @throws TypeError when the table has no primary key; TenancyError forbidden as anonymous
 */
export function readConfidential<T extends PgTable>(db: Selects, table: T, keys: ConfidentialKeys<T>): ConfidentialQuery<T> {
  const read = sql`${sql.identifier(CONFIDENTIAL_SCHEMA)}.${sql.identifier(getTableName(table))}`;
  const columns: Record<string, PgColumn> = getTableColumns(table);
  const key = keyOf(table);
  const fields = Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, sql`r.${sql.identifier(column.name)}`.mapWith(column)]),
  );
  const from = isList(keys) ? sql`${read}(${listed(keys, key, columns)}) r` : sql`${gathered(keys, key)}, lateral ${read}(${outOf(key)}) r`;
  return db.select(fields).from(from);
}

export function keyOf(table: PgTable): readonly AnyPgColumn[] {
  const config = getTableConfig(table);
  const key = [...config.columns.filter(({ primary }) => primary), ...config.primaryKeys.flatMap(({ columns }) => columns)];
  if (key.length === 0) throw new TypeError(`${config.name} has no primary key, by which readConfidential reads.`);
  return key;
}

const isList = <T extends PgTable>(keys: ConfidentialKeys<T>): keys is Exclude<ConfidentialKeys<T>, SQLWrapper> => Array.isArray(keys);

/** One array a key column; they are parameters, so that any number of keys is the same statement. */
function listed(keys: readonly unknown[], key: readonly AnyPgColumn[], columns: Readonly<Record<string, PgColumn>>): SQL {
  const named = (column: AnyPgColumn) => Object.keys(columns).find((name) => columns[name]?.name === column.name) ?? column.name;
  const valueIn = (one: unknown, column: AnyPgColumn) =>
    typeof one === "object" && one !== null ? (one as Record<string, unknown>)[named(column)] : one;
  const arrays = key.map((column) => sql.param(keys.map((one) => column.mapToDriverValue(valueIn(one, column)))));
  return sql.join(
    arrays.map((array) => sql`${array}`),
    sql.raw(", "),
  );
}

/** The keys of a query as arrays in the query's order: it runs once, whatever its key is made of. */
function gathered(query: SQLWrapper, key: readonly AnyPgColumn[]): SQL {
  const arrays = key.map((column, at) => sql`array_agg(k.${sql.identifier(column.name)}) as ${sql.identifier(`key_${at + 1}`)}`);
  return sql`(select ${sql.join(arrays, sql.raw(", "))} from (${query.getSQL()}) k) x`;
}

const outOf = (key: readonly AnyPgColumn[]): SQL =>
  sql.join(
    key.map((_column, at) => sql`x.${sql.identifier(`key_${at + 1}`)}`),
    sql.raw(", "),
  );
