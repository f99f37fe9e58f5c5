import type { Event, EventName, WorkOS } from "@workos-inc/node";
import type { Query } from "../client/tenancy.ts";
import { applyChanges, applyEach, endSessions, fetchMissing, isAnswer } from "./apply.ts";
import { changeOf, SYNCED_EVENTS } from "./changes.ts";
import { workosStatus } from "./errors.ts";
import { AGAIN, type ReconcileParts, reconcile } from "./reconcile.ts";
import type { RunJob } from "./run.ts";

export interface SyncParts extends ReconcileParts {
  /** The cursor's name; one for each WorkOS environment. Default `workos`. */
  name?: string;
}

export interface Polled {
  events: number;
  news: number;
  /** Whether everything was compared, because there was no cursor or WorkOS no longer knew it. */
  reconciled: boolean;
}

const DAY_MS = 86_400_000;
// WorkOS keeps events for 90 days and lists at most 30 of them a query (docs events/data-syncing/events-api).
const RETENTION_MS = 29 * DAY_MS;
// Whoever starts from a time reads a little more: clocks differ, and what was read twice changes nothing.
const OVERLAP_MS = 5 * 60_000;

/**
 * Reads the Events API from the stored cursor to its end. Each page is applied and the cursor moved in one transaction; of two pollers at once
 * one finds that the cursor has moved and goes on from there. Without a cursor, and when it is older than what WorkOS lists in one query,
 * everything is compared first.
 */
export async function pollEvents(parts: SyncParts): Promise<Polled> {
  const { workos, run, name = "workos", now = Date.now } = parts;
  const polled: Polled = { events: 0, news: 0, reconciled: false };
  let cursor = await readCursor(run, name);
  let notCompared: unknown;
  if (!cursor || now() - cursor.since.getTime() > RETENTION_MS) {
    ({ cursor, failure: notCompared } = await restart(parts, name, now));
    polled.reconciled = true;
  }
  // A page that cannot be applied keeps the stored cursor where it is, and the next poll tries it again. Those behind it are applied all the same,
  // each change by itself: an order is not needed, and nobody's suspension waits for another's.
  let failure: unknown;
  for (;;) {
    const page = await listEvents(workos, cursor);
    if (page === "cursor_unknown") {
      if (polled.reconciled) throw new Error("WorkOS refuses the cursor it has just given.");
      ({ cursor, failure: notCompared } = await restart(parts, name, now));
      polled.reconciled = true;
      continue;
    }
    const last = page.at(-1);
    if (!last) break;
    const changes = page.map(changeOf).filter((change) => change !== undefined);
    const before = cursor;
    const whole = async (query: Query) => {
      const { rowCount } = await query(
        "update tenancy.cursor set after = $2, since = $3 where name = $1 and after is not distinct from $4 and since = $5",
        [name, last.id, last.createdAt, before.after, before.since],
      );
      return rowCount === 1 ? await applyChanges(query, changes) : undefined;
    };
    try {
      await endSessions(run, changes);
      if (failure !== undefined) await applyEach(run, changes, failure);
      const news = await run(whole).catch((error: unknown) => applyEach(run, changes, error));
      if (news !== undefined) {
        polled.events += page.length;
        polled.news += news;
      }
      cursor = (await readCursor(run, name)) ?? cursor;
    } catch (error) {
      if (!isAnswer(error)) throw error;
      failure = error;
      cursor = { after: last.id, since: new Date(last.createdAt) };
    }
  }
  await fetchMissing({ workos, run }, { onlyDoubts: polled.news === 0 && failure === undefined });
  if ((failure ?? notCompared) !== undefined) throw failure ?? notCompared;
  return polled;
}

interface Cursor {
  after: string | null;
  since: Date;
}

async function readCursor(run: RunJob, name: string): Promise<Cursor | undefined> {
  return (await run((query) => query<Cursor>("select after, since from tenancy.cursor where name = $1", [name]))).rows[0];
}

async function listEvents(workos: WorkOS, { after, since }: Cursor): Promise<Event[] | "cursor_unknown"> {
  const from = after === null ? { rangeStart: since.toISOString() } : { after };
  try {
    return (await workos.events.listEvents({ events: [...SYNCED_EVENTS] as EventName[], limit: 100, ...from })).data;
  } catch (error) {
    if (after !== null && [400, 404, 422].includes(workosStatus(error) ?? 0)) return "cursor_unknown";
    throw error;
  }
}

/**
 * Compares everything, then begins a little before the comparison began. What could not be applied in it keeps nothing from beginning: the
 * comparison is due again after ten minutes.
 */
async function restart(parts: SyncParts, name: string, now: () => number): Promise<{ cursor: Cursor; failure: unknown }> {
  const since = new Date(now() - OVERLAP_MS);
  const failure = await reconcile(parts).then(
    () => undefined,
    (error: unknown) => {
      if (!isAnswer(error)) throw error;
      return error;
    },
  );
  await parts.run((query) =>
    query(
      `insert into tenancy.cursor (name, after, since, reconciled)
         values ($1, null, $2, clock_timestamp() - case when $3 then interval '1 day' - $4::interval else interval '0' end)
         on conflict (name) do update set after = null, since = excluded.since, reconciled = excluded.reconciled`,
      [name, since, failure !== undefined, AGAIN],
    ),
  );
  return { cursor: (await readCursor(parts.run, name)) ?? { after: null, since }, failure };
}
