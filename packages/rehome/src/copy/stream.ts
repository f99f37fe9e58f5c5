import { once } from "node:events";
import type { ClientBase } from "pg";
import { from as copyFrom, to as copyTo } from "pg-copy-streams";
import { queryFailed } from "../postgres/query.ts";

type CopyIn = ReturnType<typeof copyFrom>;

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
  const out = source.query(copyTo(`copy (${select}) to stdout with (format binary)`));
  let failed: { error: unknown } | undefined;
  into.on("error", (error) => {
    failed ??= { error };
  });
  try {
    for await (const chunk of out) {
      // What is left is read and dropped: a source that is not read to its end would keep its connection busy for ever.
      if (!failed && !into.write(chunk)) await drained(into);
    }
  } catch (error) {
    // The target's log quotes why a copy was given up; the source's own words may quote a row.
    into.destroy(new Error("the source failed"));
    throw queryFailed(error, what, source);
  }
  if (!failed) await ended(into);
  if (failed) throw queryFailed(failed.error, what, target);
  return into.rowCount;
}

/** Until it takes more, or has failed. */
async function drained(into: CopyIn): Promise<void> {
  await once(into, "drain").catch(() => {});
}

/** Until the server has taken all, or has failed. */
async function ended(into: CopyIn): Promise<void> {
  into.end();
  await once(into, "finish").catch(() => {});
}
