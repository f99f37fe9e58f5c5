/** Any way to run one statement: a pg client, or the handle of a guarded transaction. */
export interface Queries {
  query<Row extends object>(text: string, params?: readonly unknown[]): Promise<{ rows: Row[] }>;
}

export interface Relation {
  name: string;
  /** The primary key; of a view and of a table without one, the first column. */
  keyColumns: string[];
  columns: string[];
  /** Columns that the role of people may select. */
  openColumns: string[];
  /** Confidential columns are read through a function of schema `confidential`. */
  confidential: boolean;
}

const RELATIONS = `
select c.relname as name,
       coalesce((select json_agg(a.attname order by k.ordinality)
                   from pg_constraint p
                   cross join unnest(p.conkey) with ordinality k(attnum, ordinality)
                   join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
                  where p.conrelid = c.oid and p.contype = 'p'),
                (select json_build_array(a.attname) from pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum limit 1)) as "keyColumns",
       (select json_agg(a.attname order by a.attnum) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and has_column_privilege('authenticated', c.oid, a.attnum, 'select')) as "openColumns",
       exists (select from pg_proc p where p.proname = c.relname and p.pronamespace = to_regnamespace('confidential')) as confidential
  from pg_class c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
 order by c.relname`;

/** Every table and view of schema public, from the catalog and not from a list: one that nobody thought of is examined too. */
export async function readRelations(client: Queries): Promise<Relation[]> {
  return (await client.query<Relation>(RELATIONS)).rows;
}

/** One row's key as text, as SQL: the same expression for what is there and for what is seen. */
export function keyText(relation: Relation): string {
  const columns = relation.keyColumns.map(quoted);
  return columns.length === 1 ? `${columns[0]}::text` : `json_build_array(${columns.join(", ")})::text`;
}

/** A digest of these columns, as SQL; the same on both sides where the zone is (see SAME_TEXT). */
export const digestOf = (columns: readonly string[]): string =>
  columns.length === 0 ? "null" : `md5(json_build_array(${columns.map((name) => quoted(name)).join(", ")})::text)`;

/** Before digests are made, on each side: what json writes of a moment follows the session. */
export const SAME_TEXT = "set local timezone = 'UTC'";

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
