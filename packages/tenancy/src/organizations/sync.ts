import { setTimeout as sleep } from "node:timers/promises";
import { type Polled, pollEvents, type SyncParts } from "./poll.ts";
import { AGAIN, reconcile } from "./reconcile.ts";
import { pushTransfers } from "./transfer.ts";

export interface SyncOptions extends SyncParts {
  signal: AbortSignal;
  /** Between two readings of the Events API. Default 5,000. Webhooks bring most of it sooner. */
  pollMs?: number;
  /** Between two comparisons of everything. Default a day. */
  reconcileMs?: number;
  onPolled?: (polled: Polled) => void;
  /** What failed; the next round begins where this one stopped. Without it the loop ends with the error. */
  onError?: (error: unknown) => void;
}

/**
 * Keeps the mirror equal to WorkOS until the signal: reads the Events API, tells WorkOS of transfers it has not heard of, compares everything
 * once a day. Any number of processes may run it.
 */
export async function syncOrganizations(options: SyncOptions): Promise<void> {
  const { signal, pollMs = 5_000, reconcileMs = 86_400_000, onPolled, onError, name = "workos" } = options;
  while (!signal.aborted) {
    // What fails in one of the three stops neither of the others.
    for (const work of [
      async () => onPolled?.(await pollEvents(options)),
      () => pushTransfers(options),
      () => reconcileWhenDue(options, name, reconcileMs),
    ]) {
      try {
        await work();
      } catch (error) {
        if (!onError) throw error;
        onError(error);
      }
    }
    await sleep(pollMs, undefined, { signal }).catch(() => {});
  }
}

/** Of several processes one takes the turn. A comparison that failed is due again after ten minutes. */
async function reconcileWhenDue(parts: SyncParts, name: string, everyMs: number): Promise<void> {
  const { rowCount } = await parts.run((query) =>
    query(
      "update tenancy.cursor set reconciled = clock_timestamp() where name = $1 and reconciled < clock_timestamp() - make_interval(secs => $2::float8)",
      [name, everyMs / 1000],
    ),
  );
  if (rowCount !== 1) return;
  try {
    await reconcile(parts);
  } catch (error) {
    await parts.run((query) =>
      query("update tenancy.cursor set reconciled = clock_timestamp() - make_interval(secs => $2::float8) + $3::interval where name = $1", [
        name,
        everyMs / 1000,
        AGAIN,
      ]),
    );
    throw error;
  }
}
