import { digestOf, keyText, type Queries, quoted, type Relation, SAME_TEXT } from "./relations.ts";
import type { Snapshot } from "./snapshot.ts";

/** By relation, or by function of schema `confidential`, the keys of the rows that were seen with a digest of what was seen of them. */
export type Seen = Readonly<Record<string, ReadonlyMap<string, string | null>>>;

/** How the rows of a table are called that came through its function. */
export const throughFunction = (table: string): string => `confidential.${table}`;

interface Right {
  name: string;
  /** May read some column. */
  some: boolean;
  /** May read every key column. */
  key: boolean;
  /** May read every column that people may read. */
  open: boolean;
  /** May call the function that reads confidential columns. */
  call: boolean;
}

/**
 * What one open guarded transaction sees: by relation, the keys of its rows and a digest of their columns; and the same through the functions for
 * confidential columns, which are asked for every key there is. Two questions: what the role may read, then all rows at once.
 *
 * A relation of which the role may read some columns but not the key shows its rows under numbers, so that none goes unnoticed.
 */
export async function readVisible(db: Queries, { relations, rows: all }: Pick<Snapshot, "relations" | "rows">): Promise<Seen> {
  const names = relations.flatMap(({ name, confidential }) => (confidential ? [name, throughFunction(name)] : [name]));
  const visible: Record<string, Map<string, string | null>> = Object.fromEntries(names.map((name) => [name, new Map()]));
  const rights = await readRights(db, relations);
  const keys: string[][] = [];
  const parts = relations.flatMap((relation) => {
    const right = rights.get(relation.name);
    const found: string[] = [];
    if (right?.some) {
      const digest = right.open && relation.name in all ? digestOf(relation.openColumns) : "null";
      const key = right.key ? keyText(relation) : "'row ' || row_number() over ()";
      found.push(part(relation.name, key, digest, `public.${quoted(relation.name)}`));
    }
    if (right?.call) {
      keys.push((all[relation.name] ?? []).map((row) => row.key));
      const from = `confidential.${quoted(relation.name)}($${keys.length})`;
      found.push(part(throughFunction(relation.name), keyText(relation), digestOf(relation.columns), from));
    }
    return found;
  });
  if (parts.length === 0) return visible;
  await db.query(SAME_TEXT);
  const { rows } = await db.query<{ relation: string; key: string; digest: string | null }>(parts.join(" union all "), keys);
  for (const { relation, key, digest } of rows) visible[relation]?.set(key, digest);
  return visible;
}

function part(name: string, key: string, digest: string, from: string): string {
  return `select '${name.replaceAll("'", "''")}' as relation, ${key} as key, ${digest} as digest from ${from}`;
}

async function readRights(db: Queries, relations: readonly Relation[]): Promise<Map<string, Right>> {
  const every = (columns: string) =>
    `(select coalesce(bool_and(has_column_privilege(c.oid, k, 'select')), false) from jsonb_array_elements_text(r -> '${columns}') k)`;
  const { rows } = await db.query<Right>(
    `select r ->> 'name' as name, has_any_column_privilege(c.oid, 'select') as some, ${every("keyColumns")} as key, ${every("openColumns")} as open,
            coalesce((select bool_or(has_function_privilege(p.oid, 'execute') and has_schema_privilege(p.pronamespace, 'usage'))
                        from pg_proc p where p.proname = c.relname and p.pronamespace = (select oid from pg_namespace where nspname = 'confidential')), false) as call
       from jsonb_array_elements($1::jsonb) r
       join pg_class c on c.relname = r ->> 'name' and c.relnamespace = (select oid from pg_namespace where nspname = 'public')`,
    [JSON.stringify(relations)],
  );
  return new Map(rows.map((right) => [right.name, right]));
}
