import { digestOf, keyText, type Queries, quoted, type Relation, readRelations, SAME_TEXT } from "./relations.ts";

/** What the oracle must know of a row: its key, and the columns on which docs/who-sees-what.md makes visibility depend. */
export interface SnapshotRow {
  key: string;
  /** Digests of the columns that people may select, and of all. */
  open: string | null;
  whole: string | null;
  [column: string]: unknown;
}

/** All rows of all tables, past the policies. */
export interface Snapshot {
  relations: Relation[];
  rows: Readonly<Record<string, readonly SnapshotRow[]>>;
  /** When it was taken, by the database's clock. */
  now: Date;
}

const NEEDED_COLUMNS = new Set([
  "id",
  "org_id",
  "patient_org_id",
  "buyer_org_id",
  "workos_user_id",
  "expert_user_id",
  "grantee_user_id",
  "record_id",
  "profile_id",
  "meeting_id",
  "status",
  "published",
  "is_active",
  "expires_at",
  "permissions",
]);

/**
 * Reads all rows (keys, digests and the needed columns) in one snapshot of the database.
 *
 * Rows are held in memory: about 400 bytes each. Not inside a transaction.
 *
 * @param bypass a connection past row security (rehome_mover or a superuser)
 */
export async function takeSnapshot(bypass: Queries): Promise<Snapshot> {
  await bypass.query("begin isolation level repeatable read read only");
  try {
    await bypass.query(SAME_TEXT);
    const relations = await readRelations(bypass);
    const columns = await readColumns(bypass);
    const rows: Record<string, SnapshotRow[]> = {};
    for (const { relation, isTable } of relations.map((one) => ({ relation: one, isTable: columns.has(one.name) }))) {
      if (!isTable) continue;
      const wanted = relation.columns.filter((column) => NEEDED_COLUMNS.has(column));
      const digests = [`${digestOf(relation.openColumns)} as open`, `${digestOf(relation.columns)} as whole`];
      const list = [`${keyText(relation)} as key`, ...digests, ...wanted.map(quoted)].join(", ");
      rows[relation.name] = (await bypass.query<SnapshotRow>(`select ${list} from public.${quoted(relation.name)}`)).rows;
    }
    const { rows: clock } = await bypass.query<{ now: Date }>("select statement_timestamp() as now");
    return { relations, rows, now: clock[0]?.now ?? new Date() };
  } finally {
    await bypass.query("commit");
  }
}

/** Columns by table; views are not rows of their own. */
async function readColumns(bypass: Queries): Promise<Map<string, string[]>> {
  const { rows } = await bypass.query<{ name: string; columns: string[] }>(
    `select c.relname as name, json_agg(a.attname) as columns
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
      group by c.relname`,
  );
  return new Map(rows.map((row) => [row.name, row.columns]));
}
