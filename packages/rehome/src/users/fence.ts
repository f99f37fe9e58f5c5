import type { ClientBase } from "pg";
import { fenced } from "../ledger/ledger.ts";
import { query } from "../postgres/query.ts";

/** An answer older than this is asked for again: the process may have slept since. */
const VALID_MS = 1_000;

/** Asked right before each request to WorkOS; throws when another verb has taken the move over. */
export type Fence = () => Promise<void>;

/**
 * The fence of one epoch.
 *
 * A worker that is stopped after the question and wakes up hours later finds the old answer waiting. So an answer counts only if the time from the question
 * until now is short, by a clock that runs on while the process sleeps.
 *
 * @param client a connection of its own: no transaction may stand in front of the question
 */
export function fenceOf(client: ClientBase, epoch: string): Fence {
  return async () => {
    for (;;) {
      const askedAt = performance.now();
      const rows = await query(client, "look whether another verb took this move over", "select from rehome.move where epoch = $1", [
        epoch,
      ]);
      if (rows.length !== 1) throw fenced();
      if (performance.now() - askedAt < VALID_MS) return;
    }
  };
}

/**
 * Lets the server end a transaction in which this process does nothing for a while: one that was stopped in the middle would otherwise keep everybody who
 * takes the move over waiting. Shorter than the time that a lock is waited for.
 */
export async function holdNobodyUp(client: ClientBase): Promise<void> {
  await query(client, "limit how long a transaction may lie idle", "set idle_in_transaction_session_timeout = '5s'");
}
