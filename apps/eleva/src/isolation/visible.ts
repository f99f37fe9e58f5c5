import { keyText, type Queries, quoted, type Relation } from "./relations.ts";

interface Right {
  name: string;
  /** May read some column. */
  some: boolean;
  /** May read every key column. */
  key: boolean;
}

/**
 * What one open guarded transaction sees: by relation, the keys of its rows. Two round trips: what the role may read, then all keys at once.
 *
 * A relation of which the role may read some columns but not the key shows its rows under numbers, so that none goes unnoticed.
 */
export async function readVisible(db: Queries, relations: readonly Relation[]): Promise<Record<string, Set<string>>> {
  const visible: Record<string, Set<string>> = Object.fromEntries(relations.map(({ name }) => [name, new Set<string>()]));
  const rights = await readRights(db, relations);
  const parts = relations.flatMap((relation) => {
    const right = rights.get(relation.name);
    if (!right?.some) return [];
    const key = right.key ? keyText(relation) : "'row ' || row_number() over ()";
    return `select '${relation.name.replaceAll("'", "''")}' as relation, ${key} as key from public.${quoted(relation.name)}`;
  });
  if (parts.length === 0) return visible;
  const { rows } = await db.query<{ relation: string; key: string }>(parts.join(" union all "));
  for (const { relation, key } of rows) visible[relation]?.add(key);
  return visible;
}

async function readRights(db: Queries, relations: readonly Relation[]): Promise<Map<string, Right>> {
  const { rows } = await db.query<Right>(
    `select r ->> 'name' as name, has_any_column_privilege(c.oid, 'select') as some,
            (select bool_and(has_column_privilege(c.oid, k, 'select')) from jsonb_array_elements_text(r -> 'keyColumns') k) as key
       from jsonb_array_elements($1::jsonb) r
       join pg_class c on c.relname = r ->> 'name' and c.relnamespace = (select oid from pg_namespace where nspname = 'public')`,
    [JSON.stringify(relations)],
  );
  return new Map(rows.map((right) => [right.name, right]));
}
