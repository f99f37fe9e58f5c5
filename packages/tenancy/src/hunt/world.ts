import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import type { Column, ForeignKey, Persona, Row, Table, World } from "./types.ts";

const TABLES = `
select c.relname as name, pg_get_userbyid(c.relowner) as owner, c.relkind = 'p' as partitioned,
       (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
                 'generated', a.attgenerated <> '' or a.attidentity = 'a',
                 'default', (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = a.attrelid and d.adnum = a.attnum),
                 'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid), '[]'))
               order by a.attnum)
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       (select json_agg(a.attname order by k.ordinality) from pg_index i, unnest(i.indkey) with ordinality k(attnum, ordinality)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum where i.indrelid = c.oid and i.indisprimary) as key,
       coalesce((select json_agg((select json_agg(a.attname order by k.ordinality) from unnest(i.indkey) with ordinality k(attnum, ordinality)
                    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum))
          from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and 0 <> all (i.indkey::int2[])), '[]') as uniques,
       coalesce((select json_agg(json_build_object(
                   'columns', (select json_agg(a.attname order by k.ordinality) from unnest(f.conkey) with ordinality k(attnum, ordinality)
                                 join pg_attribute a on a.attrelid = f.conrelid and a.attnum = k.attnum),
                   'table', case when t.relnamespace = c.relnamespace then t.relname else t.oid::regclass::text end,
                   'targetColumns', (select json_agg(a.attname order by k.ordinality) from unnest(f.confkey) with ordinality k(attnum, ordinality)
                                       join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum)) order by f.conname)
          from pg_constraint f join pg_class t on t.oid = f.confrelid where f.conrelid = c.oid and f.contype = 'f'), '[]') as "foreignKeys",
       exists (select from pg_proc p where p.pronamespace = to_regnamespace('confidential') and p.proname = c.relname and p.prorettype = c.reltype) as confidential
  from pg_class c
 where c.relnamespace = $1::text::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
 order by c.relname`;

const VIEWS = `
select c.relname as name,
       (select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'labels',
                 coalesce((select json_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = a.atttypid), '[]')) order by a.attnum)
          from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c where c.relnamespace = $1::text::regnamespace and c.relkind in ('v', 'm', 'f') order by 1`;

interface FoundTable {
  name: string;
  owner: string;
  partitioned: boolean;
  columns: Column[];
  key: string[] | null;
  uniques: string[][];
  foreignKeys: ForeignKey[];
  confidential: boolean;
}

/** The world, and by row its key as keySql gives it. */
export interface KnownWorld {
  world: World;
  keys: ReadonlyMap<Row, string>;
  /** Whether the owner is a superuser, who may turn foreign keys off. */
  superuser: boolean;
}

/**
 * Reads the tables of a schema and all their rows, past the policies. Rows are held in memory: hunt a small database that has every class of
 * row, not a big one.
 */
export async function readWorld(owner: ClientBase, schema: string, personas: readonly Persona[]): Promise<KnownWorld> {
  const { rows: found } = await owner.query<FoundTable>(TABLES, [escapeIdentifier(schema)]);
  const { rows: views } = await owner.query<{ name: string; columns: World["viewColumns"][string] }>(VIEWS, [escapeIdentifier(schema)]);
  const { rows: clock } = await owner.query<{ now: Date; superuser: boolean }>(
    "select statement_timestamp() as now, current_setting('is_superuser')::boolean as superuser",
  );
  const keys = new Map<Row, string>();
  const rows = await readRows(owner, schema, found, keys);
  const ids = new Set(personas.flatMap(({ userId, orgId }) => [userId, orgId]).filter((id) => id !== null));
  const tables: Record<string, Table> = {};
  for (const table of found) {
    tables[table.name] = {
      ...table,
      key: keyColumns(table),
      identities: table.columns.map(({ name }) => name).filter((name) => rows[table.name]?.some((row) => ids.has(row[name] as string))),
    };
  }
  const world = {
    schema,
    tables,
    rows,
    views: views.map(({ name }) => name),
    viewColumns: Object.fromEntries(views.map((view) => [view.name, view.columns])),
    now: clock[0]?.now ?? new Date(),
  };
  return { world, keys, superuser: clock[0]?.superuser ?? false };
}

const keyColumns = (table: FoundTable) => table.key ?? table.columns.map(({ name }) => name);

async function readRows(
  owner: ClientBase,
  schema: string,
  tables: readonly FoundTable[],
  keys: Map<Row, string>,
): Promise<Record<string, Row[]>> {
  const rows: Record<string, Row[]> = Object.fromEntries(tables.map(({ name }) => [name, []]));
  if (tables.length === 0) return rows;
  const parts = tables.map(
    (table, at) =>
      `select ${at} as at, ${keySql(keyColumns(table))} as key, row_to_json(t)::text as row from ${relation(schema, table.name)} t`,
  );
  const { rows: found } = await owner.query<{ at: number; key: string; row: string }>(parts.join(" union all "));
  for (const { at, key, row: text } of found) {
    const row = JSON.parse(text) as Row;
    keys.set(row, key);
    rows[tables[at]?.name ?? ""]?.push(row);
  }
  return rows;
}

/** A row's key as text: the same expression for what is there and for what is seen. */
export const keySql = (columns: readonly string[]): string => `json_build_array(${columns.map(escapeIdentifier).join(", ")})::text`;

export const relation = (schema: string, table: string): string => `${escapeIdentifier(schema)}.${escapeIdentifier(table)}`;
