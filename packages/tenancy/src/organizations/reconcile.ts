import { setTimeout as sleep } from "node:timers/promises";
import type { AutoPaginatable, WorkOS } from "@workos-inc/node";
import type { Query } from "../client/tenancy.ts";
import { applyAll, type FetchableKind, fetchChange, isAnswer, orUndefined } from "./apply.ts";
import { type Change, goneChange, invitationChange, membershipChange, organizationChange, userChange } from "./changes.ts";
import type { RunJob } from "./run.ts";

export interface ReconcileParts {
  workos: WorkOS;
  /** As the job `sync`. */
  run: RunJob;
  /** Requests a second. Default 50; WorkOS's limit of reads is 100 for the whole environment. */
  readsPerSecond?: number;
  /** WorkOS's time, in milliseconds since 1970. Default this machine's. */
  now?: () => number;
}

export interface Reconciled {
  /** Objects that WorkOS listed. */
  listed: number;
  /** Objects whose state was news. */
  news: number;
  /** Objects that were known here and are gone at WorkOS. */
  gone: number;
}

const BATCH = 500;
/** When a comparison that failed is tried again. */
export const AGAIN = "10 minutes";
const STATUSES = ["active", "inactive", "pending"] as const;

/**
 * Compares everything WorkOS has with what is known here: persons, organizations, memberships in any state, invitations. What is known but was
 * not listed is asked for by its id, and only a 404 makes it gone: a list that breaks off deletes nothing. What became known after the start is
 * left alone. Cost: one request for 100 persons or organizations, and two for each organization. May be stopped and run again.
 *
 * @throws what the database answered to a change, after all others were applied
 */
export async function reconcile(parts: ReconcileParts): Promise<Reconciled> {
  const { workos, run, readsPerSecond = 50, now = Date.now } = parts;
  const compared = new Date(now());
  const { rows } = await run((query) => query<{ now: string }>("select clock_timestamp()::text as now"));
  const started = rows[0]?.now ?? "";
  const pace = paced(readsPerSecond);
  const listed: Record<Known["kind"], Set<string>> = {
    organization: new Set(),
    user: new Set(),
    membership: new Set(),
    invitation: new Set(),
  };
  const result: Reconciled = { listed: 0, news: 0, gone: 0 };
  const waiting: Change[] = [];
  let failure: unknown;
  const flush = async (atLeast: number) => {
    while (waiting.length > 0 && waiting.length >= atLeast) {
      const batch = waiting.splice(0, BATCH);
      try {
        result.news += await applyAll(run, batch);
      } catch (error) {
        if (!isAnswer(error)) throw error;
        failure = error;
      }
    }
  };
  const take = async <T>(kind: Known["kind"], pages: () => Promise<AutoPaginatable<T>>, toChange: (one: T) => Change) => {
    await pace();
    for (const one of await (await pages()).autoPagination()) {
      const change = toChange(one);
      listed[kind].add(change.id);
      waiting.push(change);
    }
    await flush(BATCH);
  };

  await take("user", () => workos.userManagement.listUsers({ limit: 100 }), userChange);
  await take("organization", () => workos.organizations.listOrganizations({ limit: 100 }), organizationChange);
  for (const organizationId of listed.organization) {
    await take(
      "membership",
      () => workos.userManagement.listOrganizationMemberships({ organizationId, statuses: [...STATUSES], limit: 100 }),
      membershipChange,
    );
    await take("invitation", () => workos.userManagement.listInvitations({ organizationId, limit: 100 }), invitationChange);
  }
  await flush(1);
  result.listed = Object.values(listed).reduce((sum, ids) => sum + ids.size, 0);

  for (const known of await run((query) => readKnown(query, started))) {
    if (listed[known.kind].has(known.id)) continue;
    await pace();
    const change = (await orUndefined(fetchChange(workos, known.kind, known.id))) ?? goneChange(known.kind, known.id, known);
    result.gone += Number(change.deleted);
    waiting.push(change);
  }
  await flush(1);
  if (failure !== undefined) throw failure;
  await run((query) => query("update tenancy.lock set compared = greatest(compared, $1)", [compared]));
  return result;
}

interface Known {
  kind: FetchableKind;
  id: string;
  org_id: string | null;
  user_id: string | null;
}

/** Rows of the mirror from before the first sync are known, too. */
async function readKnown(query: Query, before: string): Promise<Known[]> {
  const { rows } = await query<Known>(
    `select o.kind, o.id, o.org_id, o.user_id from tenancy.object o
      where o.kind in ('organization', 'user', 'membership', 'invitation') and not o.deleted and o.seen_at < $1::timestamptz
     union all
     select 'membership', m.id, m.org_id, m.workos_user_id from tenancy.mirrored() m
      where not exists (select from tenancy.object o where o.kind = 'membership' and o.id = m.id)`,
    [before],
  );
  return rows;
}

/** Lets so many requests a second begin. */
function paced(perSecond: number): () => Promise<void> {
  let next = 0;
  return async () => {
    const at = Math.max(performance.now(), next);
    next = at + 1000 / perSecond;
    const wait = at - performance.now();
    if (wait > 1) await sleep(wait);
  };
}
