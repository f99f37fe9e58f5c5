import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import { grantedColumns, mayRead, type Probe, refused, sameCount, type Target } from "./probe.ts";
import type { Outcome } from "./session.ts";
import { relation } from "./world.ts";

// pg answers COPY FROM STDIN with "no source": a server that asks for rows has let it through. 57014 is how it then ends.
const ASKED_FOR_ROWS = "57014";

/**
 * COPY out of and into a table. These are statements of the protocol: no function can run them, each costs its own round trip. Where a role
 * has no right at all, its first persona's try stands for the others'.
 */
export function copyProbes(target: Target): Probe[] {
  const { world, table, rule, first } = target;
  const readable = grantedColumns(target, "read");
  const columns = (readable.length > 0 ? readable : table.columns.map(({ name }) => name)).map(escapeIdentifier).join(", ");
  const from = relation(world.schema, table.name);
  const visible = (world.rows[table.name] ?? []).filter((row) => mayRead(target, row)).length;
  // A partitioned table has no rows of its own to copy.
  const source = table.partitioned ? `(select ${columns} from ${from})` : `${from} (${columns})`;
  const out: Probe = {
    table: table.name,
    verb: "select",
    route: "copy to",
    sql: `copy ${source} to stdout`,
    granted: visible > 0,
    judge: sameCount(visible, rule.read !== undefined),
  };
  const into: Probe = {
    table: table.name,
    verb: "insert",
    route: "copy from",
    sql: `copy ${from} from stdin`,
    granted: false,
    judge: refused(),
  };
  return [...(first || rule.read ? [out] : []), ...(first ? [into] : [])];
}

export async function tryCopy(client: ClientBase, probe: Probe): Promise<Outcome> {
  try {
    const results = await client.query(`savepoint hunt_copy; ${probe.sql}; rollback to hunt_copy; release hunt_copy`);
    const copied = (results as unknown as { rowCount: number | null }[])[1];
    return { state: null, rows: copied?.rowCount ?? 0, answer: null, said: "" };
  } catch (error) {
    await client.query("rollback to hunt_copy; release hunt_copy");
    const { code = "no connection", message } = error as { code?: string; message: string };
    return { state: code === ASKED_FOR_ROWS ? null : code, rows: 1, answer: null, said: message };
  }
}
