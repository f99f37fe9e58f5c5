import type { Client, ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { SWITCH_APPLICATION } from "../copy/backward-pass.ts";
import { closeForGood, freeze, freezeExpired } from "../copy/fence.ts";
import { connect } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";

const PATIENCE_MS = 5_000;
const LOCK_WAIT_MS = 2_000;
/** How much later than the server the mover itself gives a freeze up: the server's end is the one that counts. */
const GRACE_MS = 500;

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
    const legacy = await open("legacy", SWITCH_APPLICATION);
    const target = await open("target");
    return await work({ legacy, target, fence: await open(serving, "rehome fence") });
  } finally {
    for (const client of opened) await client.end().catch(() => {});
  }
}

/** Writes are refused from the beginning until `close` and what follows it, `end`, or the deadline. */
export interface Freeze {
  /** Milliseconds since writes were refused. */
  elapsedMs(): number;
  /**
   * Closes the frozen side for good, on its disk, and ends the freeze; writes are refused on.
   *
   * @throws MoveError FREEZE_EXPIRED
   */
  close(): Promise<void>;
  /** Ends the freeze without closing: the side that served serves on. */
  end(): Promise<void>;
}

/**
 * Freezes the side of `fence`, does what has to be done inside, and ends the freeze whatever happens.
 *
 * Inside, every statement has a limit. The server of `fence` ends the freeze after `maxFreezeMs`; a little later all three connections are given
 * up from here, so that a server that no longer answers cannot hold the mover.
 *
 * @param maxFreezeMs from `rehome.config.ts`
 * @throws MoveError FREEZE_BLOCKED when a transaction of the product stays open longer than the patience of 5 s, FREEZE_EXPIRED
 */
export async function whileFrozen<T>(connections: Connections, maxFreezeMs: number, work: (freeze: Freeze) => Promise<T>): Promise<T> {
  const { legacy, target, fence } = connections;
  await freeze(fence, PATIENCE_MS, maxFreezeMs);
  const frozenAt = performance.now();
  const elapsedMs = (): number => Math.round(performance.now() - frozenAt);
  let given = false;
  const giveUp = setTimeout(() => {
    given = true;
    for (const client of [fence, legacy, target]) destroy(client);
  }, maxFreezeMs + GRACE_MS);
  let open = true;
  try {
    // Whoever holds a table now keeps writes refused for everybody: better to give up and try again.
    for (const client of [legacy, target])
      await query(
        client,
        "limit what is done inside the freeze",
        `set lock_timeout = ${Math.min(LOCK_WAIT_MS, maxFreezeMs)}; set statement_timeout = ${maxFreezeMs}; set idle_in_transaction_session_timeout = ${maxFreezeMs + GRACE_MS}`,
      );
    return await work({
      elapsedMs,
      async close() {
        await closeForGood(fence);
        open = false;
      },
      async end() {
        open = false;
        await query(fence, "end the freeze", "rollback");
      },
    });
  } catch (error) {
    throw open && (given || elapsedMs() >= maxFreezeMs) ? freezeExpired() : error;
  } finally {
    clearTimeout(giveUp);
    if (open) await fence.query("rollback").catch(() => {}); // it may have ended by itself
    for (const client of [legacy, target])
      await client
        .query("set lock_timeout = '10s'; set statement_timeout = 0; set idle_in_transaction_session_timeout = 0")
        .catch(() => {}); // what is broken shows in the next statement
  }
}

/** Without a word to the server, which may not answer. */
function destroy(client: ClientBase): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}
