import { pipeline } from "node:stream/promises";
import type { ClientBase } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { queryFailed } from "../postgres/query.ts";

/**
 * Streams the rows of a query on one server into a table on another, in constant memory.
 *
 * @param select a query without parameters, with columns of exactly the types that the table has
 * @param copyIn `copy … from stdin`
 * @returns rows written
 */
export async function streamRows(source: ClientBase, select: string, target: ClientBase, copyIn: string, what: string): Promise<number> {
  // Binary: a failure in the midst of a text copy would put the line it stands at into the server's log.
  const into = target.query(copyFrom(`${copyIn} with (format binary)`));
  try {
    await pipeline(source.query(copyTo(`copy (${select}) to stdout with (format binary)`)), into);
    return into.rowCount;
  } catch (error) {
    throw queryFailed(error, what);
  }
}
