import pg from "pg";
import { judge, type Proof } from "rehome";

/**
 * Proves that the way back lost nothing: after cutover, writes on the target and rollback, each legacy table equals that of a second legacy
 * database on which the same writes were replayed in the product's old statements.
 *
 * @param legacy the database that was moved and came back
 * @param replayed a copy from before the cutover, with the writes replayed
 * @param writes how many writes were made; nothing is proved over none
 */
export async function proveWayBack(legacy: pg.Client, replayed: pg.Client, writes: number): Promise<Proof> {
  const tables = await legacyTables(replayed);
  const names = new Set([...(await tableNames(replayed)), ...(await tableNames(legacy))]);
  const compared = new Set(tables.map((table) => table.name));
  const offenders = [...names].filter((name) => !compared.has(name)).map((name) => `${name} cannot be compared`);
  let rows = 0;
  for (const table of tables) {
    const [want, have] = await Promise.all([contents(replayed, table), contents(legacy, table)]);
    rows += want.size;
    const missing = [...want].filter(([key, row]) => have.get(key) !== row).length;
    const extra = [...have.keys()].filter((key) => !want.has(key)).length;
    if (missing + extra > 0) offenders.push(`${table.name}: ${missing} rows differ or are missing, ${extra} too many`);
  }
  if (rows === 0) offenders.push("legacy holds no rows");
  if (writes === 0) offenders.push("no write was made between cutover and rollback");
  const behind = await sequencesBehind(legacy);
  offenders.push(...behind.map((name) => `${name} is behind its keys`));
  const figure = `${writes} writes on the target came back: ${rows.toLocaleString("en-US")} rows in ${tables.length} tables equal, sequences ahead`;
  return judge({ name: "way-back", checked: tables.length, expected: names.size, figure, offenders });
}

async function tableNames(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by 1",
  );
  return rows.map((row) => row.name);
}

/** Tables with a key of one column, which tells their rows apart. */
async function legacyTables(client: pg.Client): Promise<{ name: string; key: string }[]> {
  const { rows } = await client.query<{ name: string; key: string }>(
    `select c.relname as name, a.attname as key
       from pg_class c
       join pg_index i on i.indrelid = c.oid and i.indisprimary
       join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and i.indnkeyatts = 1 order by 1`,
  );
  return rows;
}

/** Row text by key. Compared here and not by checksum, so that the offenders can be counted. */
async function contents(client: pg.Client, { name, key }: { name: string; key: string }): Promise<Map<string, string>> {
  const { rows } = await client.query<{ key: string; row: string }>(
    `select t.${pg.escapeIdentifier(key)}::text as key, t::text as row from public.${pg.escapeIdentifier(name)} t`,
  );
  return new Map(rows.map(({ key, row }) => [key, row]));
}

async function sequencesBehind(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ table: string; column: string; sequence: string }>(
    `select c.relname as "table", a.attname as "column", pg_get_serial_sequence(format('public.%I', c.relname), a.attname) as sequence
       from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and pg_get_serial_sequence(format('public.%I', c.relname), a.attname) is not null`,
  );
  const behind: string[] = [];
  for (const { table, column, sequence } of rows) {
    const found = await client.query<{ behind: boolean }>(
      `select coalesce(max(${pg.escapeIdentifier(column)}), 0) > coalesce(pg_sequence_last_value($1::regclass), 0) as behind from public.${pg.escapeIdentifier(table)}`,
      [sequence],
    );
    if (found.rows[0]?.behind) behind.push(sequence);
  }
  return behind;
}
