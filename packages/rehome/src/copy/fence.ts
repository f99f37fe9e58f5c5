import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { query } from "../postgres/query.ts";

/** A transaction that is seen for longer than this is waited for without standing in the queue. On a busy server more counts as short, with time. */
const SHORT_MS = 150;
const SHORT_SHARE = 1 / 5;
/** An attempt may stand in the queue for the fence a little longer than a short transaction lasts: newcomers are refused meanwhile. */
const ATTEMPT_MORE_MS = 50;
const LOOK_EVERY_MS = 20;

/** A transaction that wrote and is still open. */
interface Blocker {
  [name: string]: unknown;
  pid: number;
  /** Names the transaction: a backend may have the next one by the next look. */
  transaction: string;
  role: string | null;
  application: string | null;
  /** Null where the server hides it: to see it takes membership in the other role, or in pg_read_all_stats. */
  ageMs: number | null;
}

/** Opens or closes a database for the product's writes. Takes effect at once, for old snapshots too, and is not undone by a rollback. */
export async function setFence(client: ClientBase, state: "open" | "closed"): Promise<void> {
  await query(client, `set the fence to ${state}`, "select setval('rehome.fence_state', $1)", [state === "open" ? 1 : 2]);
}

export async function readFence(client: ClientBase): Promise<"open" | "closed" | "absent"> {
  const [found] = await query<{ there: boolean }>(
    client,
    "look for the fence",
    "select to_regclass('rehome.fence_state') is not null as there",
  );
  if (!found?.there) return "absent";
  const [row] = await query<{ state: string }>(client, "read the fence", "select last_value::text as state from rehome.fence_state");
  return row?.state === "2" ? "closed" : "open";
}

/**
 * Freezes: once every transaction that wrote has ended, new writes are refused (RH001) while this client's transaction stays open, which this
 * begins. Writers go on while it only waits: a transaction that stays is looked at from outside, and the lock is asked for when none does.
 *
 * The server itself ends the freeze: the session is idle from here on, and ends with its transaction after `deadlineMs`
 * (`idle_in_transaction_session_timeout`, and `transaction_timeout` from Postgres 17 on), whatever becomes of this process. Send nothing on this
 * client but `closeForGood`, or the statement that ends the transaction: each statement starts that time anew.
 *
 * @param patienceMs how long to wait for open transactions
 * @throws MoveError FREEZE_BLOCKED naming the transactions that stayed; nothing is frozen then
 */
export async function freeze(client: ClientBase, patienceMs: number, deadlineMs: number): Promise<void> {
  await query(client, "limit the freeze", `set idle_in_transaction_session_timeout = ${Math.round(deadlineMs)}`);
  await query(
    client,
    "limit the freeze",
    "select set_config('transaction_timeout', $1, false) from pg_settings where name = 'transaction_timeout'",
    [String(Math.round(deadlineMs + patienceMs * SHORT_SHARE) + SHORT_MS)],
  );
  const since = performance.now();
  const firstSeen = new Map<string, number>();
  let watchedSince: number | undefined; // the first look may take long: what it finds may be old
  for (;;) {
    const blockers = await readBlockers(client);
    const now = performance.now();
    watchedSince ??= now;
    for (const { transaction } of blockers) firstSeen.set(transaction, firstSeen.get(transaction) ?? now);
    const seenMs = ({ transaction }: Blocker): number => now - (firstSeen.get(transaction) ?? now);
    const shortMs = Math.max(SHORT_MS, (now - since) * SHORT_SHARE);
    const settled = blockers.length === 0 || (now - watchedSince > SHORT_MS && blockers.every((blocker) => seenMs(blocker) < shortMs));
    if (settled && (await attempt(client, shortMs + ATTEMPT_MORE_MS))) return;
    if (performance.now() - since > patienceMs) throw blocked(blockers, patienceMs, seenMs);
    if (!settled) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function attempt(client: ClientBase, waitMs: number): Promise<boolean> {
  await query(client, "begin the freeze", `begin; set local lock_timeout = ${Math.round(waitMs)}`);
  try {
    await query(client, "freeze writes", "lock table rehome.fence in exclusive mode");
    return true;
  } catch (error) {
    await query(client, "go back behind the freeze", "rollback");
    if (error instanceof MoveError && error.refusal === "55P03") return false;
    throw error;
  }
}

function readBlockers(client: ClientBase): Promise<Blocker[]> {
  return query<Blocker>(
    client,
    "look for open transactions",
    `select distinct on (l.pid) l.pid, l.virtualtransaction as transaction, a.usename::text as role, a.application_name as application,
            (extract(epoch from clock_timestamp() - a.xact_start) * 1000)::float8 as "ageMs"
       from pg_locks l left join pg_stat_activity a on a.pid = l.pid
      where l.locktype = 'relation' and l.database = (select oid from pg_database where datname = current_database())
        and l.relation = 'rehome.fence'::regclass and l.granted and l.pid is distinct from pg_backend_pid()
      order by l.pid`,
  );
}

function blocked(blockers: readonly Blocker[], patienceMs: number, seenMs: (blocker: Blocker) => number): MoveError {
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
  const named = blockers.map(
    (blocker) =>
      `pid ${blocker.pid} (role ${blocker.role ?? "unknown"}, application ${blocker.application || "without a name"}, open for ${
        blocker.ageMs === null ? `at least ${seconds(seenMs(blocker))}` : seconds(blocker.ageMs)
      })`,
  );
  return new MoveError(
    "FREEZE_BLOCKED",
    named.length > 0
      ? `Could not freeze writes in ${seconds(patienceMs)}: transactions that wrote stay open: ${named.slice(0, 10).join(", ")}.`
      : `Could not freeze writes in ${seconds(patienceMs)}: at each attempt some transaction was just writing.`,
    {
      next: "Nothing was frozen. Let these transactions end, or end them by pg_terminate_backend(pid), then run the same command again.",
      retry: true,
    },
  );
}

/**
 * Closes the database for good from inside a freeze, and ends the freeze. When this returns, the closing is on the disk: `setval` alone is not
 * flushed, the commit after it is, and a server that crashes comes back closed. Both go in one message, so this process cannot stop between them.
 *
 * @param client the one that `freeze` was called with
 * @throws MoveError FREEZE_EXPIRED when the freeze has ended by itself; nothing is closed then
 */
export async function closeForGood(client: ClientBase): Promise<void> {
  const results = (await client
    .query(
      `select setval('rehome.fence_state', 2) from pg_locks
        where pid = pg_backend_pid() and relation = 'rehome.fence'::regclass and mode = 'ExclusiveLock' and granted; commit`,
    )
    .catch(() => {
      throw freezeExpired();
    })) as unknown as { rowCount: number | null }[];
  if (results[0]?.rowCount !== 1) throw freezeExpired();
}

/** The deadline has passed, or the server that was frozen went away. */
export const freezeExpired = (): MoveError =>
  new MoveError("FREEZE_EXPIRED", "The freeze ended before the switch: its deadline passed, or its connection was lost.", {
    next: "The side that served serves on. If the steps inside the freeze take longer than `maxFreezeMs` of rehome.config.ts, raise it; then run the same command again.",
    retry: true,
  });
