import type { ClientBase } from "pg";
import { query } from "./query.ts";
import { sqlFile } from "./sql-file.ts";

const QUIETLY = sqlFile(import.meta.url, "quietly.sql");

/** Makes `quietly` possible on a database that has schema `rehome`. May be run again. */
export async function installQuietly(client: ClientBase): Promise<void> {
  await query(client, "install the quiet runner of statements", QUIETLY);
}

/**
 * Runs a statement that writes people's rows, so that a failure leaves none of their values in the server's log. No setting does that without a
 * superuser, so the server itself catches the error and raises it anew with its facts.
 *
 * @param what what is done and to what, as for `query`
 * @param argument `$1` of the statement: keys as an array, a document as JSON text
 * @throws MoveError QUERY_FAILED
 */
export async function quietly(
  client: ClientBase,
  what: string,
  sql: string,
  argument: readonly string[] | string | null = null,
): Promise<void> {
  const type = typeof argument === "string" ? "json" : "text[]";
  await query(client, what, `select rehome.quietly($1, $2::${type})`, [sql, argument]);
}
