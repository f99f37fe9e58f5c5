import type { Client, ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { freeze, keepAlive } from "../copy/capture.ts";
import { connect } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";

const PATIENCE_MS = 5_000;
const LOCK_WAIT_MS = 2_000;
/** The server itself ends a freeze whose mover hangs. */
const DEAD_MAN_MS = 60_000;

/** What a switch works with. */
export interface Connections {
  legacy: ClientBase;
  target: ClientBase;
  /** Holds the freeze of the side that serves; the freeze ends with this connection at the latest. */
  fence: ClientBase;
}

/** Opens the three connections of a switch away from `serving`, and closes them whatever happens. */
export async function withConnections<T>(
  config: MoveConfig,
  serving: "legacy" | "target",
  work: (connections: Connections) => Promise<T>,
): Promise<T> {
  const opened: Client[] = [];
  const open = async (side: "legacy" | "target", name?: string) => {
    const client = await connect(side === "legacy" ? config.legacy.database : config.target.mover, side, name);
    opened.unshift(client);
    return client;
  };
  try {
    const legacy = await open("legacy");
    const target = await open("target");
    return await work({ legacy, target, fence: await open(serving, "rehome fence") });
  } finally {
    for (const client of opened) await client.end().catch(() => {});
  }
}

/** Writes are refused from the beginning until `end`. */
export interface Freeze {
  /** Milliseconds since writes were refused. */
  elapsedMs(): number;
  /** Writes go on, on whichever side is open by then. */
  end(): Promise<void>;
}

/**
 * Refuses writes on the side of `fence`, once all transactions that write there are over.
 *
 * @throws MoveError when a transaction of the product stays open longer than the patience of 5 s; nothing is frozen then
 */
export async function beginFreeze({ legacy, target, fence }: Connections): Promise<Freeze> {
  await query(fence, "set the dead-man switch", `set idle_in_transaction_session_timeout = ${DEAD_MAN_MS}`);
  await query(fence, "begin the freeze", "begin");
  const frozenAt = performance.now();
  await freeze(fence, PATIENCE_MS);
  const alive = keepAlive(fence, DEAD_MAN_MS / 4);
  // Whoever holds a table now keeps writes refused for everybody: better to give up and try again.
  for (const client of [legacy, target])
    await query(client, "limit the wait for locks inside the freeze", `set lock_timeout = ${LOCK_WAIT_MS}`);
  return {
    elapsedMs: () => Math.round(performance.now() - frozenAt),
    async end() {
      alive.stop();
      await query(fence, "end the freeze", "commit");
    },
  };
}
