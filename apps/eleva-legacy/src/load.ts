import { readFileSync } from "node:fs";
import pg from "pg";
import type { ElevaWorld, LegacyTable, Row } from "./world.ts";
import { LEGACY_TABLES } from "./world.ts";

const ROLES = readFileSync(new URL("roles.sql", import.meta.url), "utf8");
const SCHEMA = readFileSync(new URL("schema.sql", import.meta.url), "utf8");
const AUDIT_SCHEMA = readFileSync(new URL("audit-schema.sql", import.meta.url), "utf8");

/** About what one statement carries: large enough to be fast, small enough to leave memory alone. */
const BATCH_BYTES = 4_000_000;

/**
 * Makes the product's schema in an empty database and fills it; one transaction.
 *
 * @param databaseUrl a superuser, or `eleva_owner` where that role exists and owns the database
 */
export async function loadLegacy(databaseUrl: string, world: Pick<ElevaWorld, "tables">): Promise<void> {
  await load(
    databaseUrl,
    SCHEMA,
    LEGACY_TABLES.map((table) => [table, world.tables[table]] as const),
  );
}

/** Makes and fills the audit database, a database of its own. The same users may call as for `loadLegacy`. */
export async function loadLegacyAudit(databaseUrl: string, world: Pick<ElevaWorld, "auditLogs">): Promise<void> {
  await load(databaseUrl, AUDIT_SCHEMA, [["audit_logs", world.auditLogs]]);
}

async function load(
  databaseUrl: string,
  schema: string,
  tables: readonly (readonly [LegacyTable | "audit_logs", readonly Row[]])[],
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(ROLES);
    await becomeOwner(client);
    await client.query("begin");
    await client.query(schema);
    for (const [table, rows] of tables) await fill(client, table, rows);
    await client.query("commit");
    await client.query("analyze");
  } finally {
    await client.end();
  }
}

/** The tables must belong to eleva_owner, whoever loads. */
async function becomeOwner(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ database: string; other: boolean }>(
    "select current_database() as database, current_user <> 'eleva_owner' as other",
  );
  const [here] = rows;
  if (!here?.other) return;
  await client.query(`alter database ${pg.escapeIdentifier(here.database)} owner to eleva_owner`);
  await client.query("set role eleva_owner");
}

async function fill(client: pg.Client, table: string, rows: readonly Row[]): Promise<void> {
  const columns = await columnsOf(client, table);
  const insert = insertStatement(table, columns);
  for (const batch of batches(rows)) await client.query(insert, [batch]);
  const serial = columns.find((column) => column.serial !== null);
  if (serial) {
    await client.query(`select setval($1, (select max(${pg.escapeIdentifier(serial.name)}) from ${pg.escapeIdentifier(table)}))`, [
      serial.serial,
    ]);
  }
}

interface Column {
  name: string;
  type: string;
  /** The sequence behind the column. */
  serial: string | null;
}

async function columnsOf(client: pg.Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<Column>(
    `select attname as name, format_type(atttypid, atttypmod) as type, pg_get_serial_sequence(quote_ident($1), attname) as serial
     from pg_attribute where attrelid = to_regclass(quote_ident($1)) and attnum > 0 and not attisdropped order by attnum`,
    [table],
  );
  return rows;
}

/** Everything travels as text and is cast at the end: the text of a `json` column reaches it as it is, to the byte. */
function insertStatement(table: string, columns: readonly Column[]): string {
  const names = columns.map((column) => pg.escapeIdentifier(column.name));
  const casts = columns.map((column, index) => `row.${names[index]}::${column.type}`);
  const fields = names.map((name) => `${name} text`);
  return `insert into ${pg.escapeIdentifier(table)} (${names.join(", ")}) select ${casts.join(", ")} from json_to_recordset($1::json) as row (${fields.join(", ")})`;
}

function* batches(rows: readonly Row[]): Generator<string> {
  let texts: string[] = [];
  let bytes = 0;
  for (const row of rows) {
    const text = JSON.stringify(row);
    texts.push(text);
    bytes += text.length;
    if (bytes < BATCH_BYTES) continue;
    yield `[${texts.join(",")}]`;
    texts = [];
    bytes = 0;
  }
  if (texts.length > 0) yield `[${texts.join(",")}]`;
}
