import type { Event, WorkOS } from "@workos-inc/node";
import type { Query } from "../client/tenancy.ts";
import { TenancyError } from "../errors.ts";
import { type Change, changeOf, invitationChange, membershipChange, organizationChange, userChange } from "./changes.ts";
import { OrganizationError, workosStatus } from "./errors.ts";
import type { RunJob } from "./run.ts";

export interface Applied {
  /** Events of kinds the sync knows. */
  events: number;
  /** Objects whose state was news. */
  news: number;
}

/**
 * Applies events in one transaction: in any order, any number of times, exactly once in effect. All or nothing.
 *
 * @param run as the job `sync`
 */
export async function applyEvents(run: RunJob, events: readonly Event[]): Promise<Applied> {
  const changes = events.map(changeOf).filter((change) => change !== undefined);
  await endSessions(run, changes);
  return { events: changes.length, news: await run((query) => applyChanges(query, changes)) };
}

/** The ends of sessions in a transaction of their own, before all else: nothing that another change waits for, or fails at, delays them. */
export async function endSessions(run: RunJob, changes: readonly Change[]): Promise<void> {
  const ends = changes.filter(({ kind }) => kind === "session");
  if (ends.length > 0 && ends.length < changes.length) await run((query) => applyChanges(query, ends));
}

/** All of them in one transaction; where that cannot be, each by itself, and then the error. @returns how many objects were news */
export async function applyAll(run: RunJob, changes: readonly Change[]): Promise<number> {
  return await run((query) => applyChanges(query, changes)).catch((error: unknown) => applyEach(run, changes, error));
}

/**
 * What of a page can be applied when the whole cannot, one change a transaction: a row that somebody holds delays its own news only. Then the
 * page's error, so that its cursor stays and the page is tried again.
 */
export async function applyEach(run: RunJob, changes: readonly Change[], error: unknown): Promise<never> {
  if (isAnswer(error)) for (const change of changes) await run((query) => applyChanges(query, [change])).catch(() => undefined);
  throw error;
}

/** Whether the database was there and refused, so that another change may well be taken. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof OrganizationError || (error instanceof TenancyError && error.code !== "unreachable");

/** The same inside the caller's transaction. @returns how many objects were news */
export async function applyChanges(query: Query, changes: readonly Change[]): Promise<number> {
  if (changes.length === 0) return 0;
  const text = JSON.stringify(changes, (_, value) => (typeof value === "string" ? storable(value) : value));
  const { rows } = await query<{ news: number }>("select tenancy.apply($1::jsonb) as news", [text]);
  return rows[0]?.news ?? 0;
}

/** Postgres stores neither NUL nor half a surrogate pair; one name that holds them must not stop the sync. */
function storable(text: string): string {
  return Buffer.from(text).toString().replaceAll("\0", "\uFFFD"); // UTF-8 has no half pairs
}

export interface Webhook {
  workos: WorkOS;
  run: RunJob;
  /** The endpoint's secret. */
  secret: string;
  /** The body as received, not parsed: the signature is over these bytes. */
  payload: string;
  /** The header `WorkOS-Signature`. */
  signature: string;
}

/**
 * Receives one webhook: checks the signature by the SDK, applies the event, fetches what it refers to and what is not known yet. Answer 200
 * when this resolves, and not before: WorkOS sends again what was not answered.
 *
 * @throws OrganizationError bad_signature
 */
export async function receiveWebhook({ workos, run, secret, payload, signature }: Webhook): Promise<Applied> {
  if (typeof payload !== "string")
    throw new OrganizationError("bad_signature", { message: "The webhook's body was parsed before its signature was checked." });
  const event = await workos.webhooks.constructEvent({ payload: payload as never, sigHeader: signature, secret }).catch(() => {
    throw new OrganizationError("bad_signature");
  });
  const applied = await applyEvents(run, [event]);
  if (applied.news > 0) await fetchMissing({ workos, run });
  return applied;
}

/**
 * Fetches what is in doubt (two events of one instant said different things, or the row was locked), and organizations and persons that
 * memberships wait for; at most `limit`. What WorkOS does not know (404) stays as it is: the event of its deletion is on its way.
 *
 * @returns how many objects were fetched
 */
export async function fetchMissing(
  { workos, run }: { workos: WorkOS; run: RunJob },
  { limit = 100, onlyDoubts = false }: { limit?: number; onlyDoubts?: boolean } = {},
): Promise<number> {
  const missing = await run(async (query) => (await query<Missing>(onlyDoubts ? DOUBTS : MISSING, [limit])).rows);
  const changes: Change[] = [];
  const unknown: string[] = [];
  for (const { kind, id } of missing) {
    const found = await orUndefined(fetchChange(workos, kind, id));
    if (found) changes.push(found);
    else unknown.push(id);
  }
  // What WorkOS does not know goes behind the others: next time it is their turn.
  if (unknown.length > 0)
    await run((query) => query("update tenancy.object set seen_at = clock_timestamp() where doubt and id = any ($1)", [unknown]));
  if (changes.length > 0) await applyAll(run, changes);
  return changes.length;
}

interface Missing {
  kind: FetchableKind;
  id: string;
}

const DOUBTS =
  "select kind, id from tenancy.object where doubt and kind in ('organization', 'user', 'membership', 'invitation') order by seen_at limit $1";

const MISSING = `
select kind, id from (
  select 'organization' as kind, m.org_id as id from tenancy.object m
   where m.kind in ('membership', 'invitation') and not m.deleted and not exists (select from tenancy.object o where o.kind = 'organization' and o.id = m.org_id)
     and m.org_id is not null
  union
  select 'user', m.user_id from tenancy.object m
   where m.kind = 'membership' and not m.deleted and not exists (select from tenancy.object u where u.kind = 'user' and u.id = m.user_id)
  union
  (select d.kind, d.id from tenancy.object d where d.doubt and d.kind in ('organization', 'user', 'membership', 'invitation') order by d.seen_at limit $1)
) as missing limit $1`;

export type FetchableKind = "organization" | "user" | "membership" | "invitation";

/** One object as WorkOS has it now. */
export function fetchChange(workos: WorkOS, kind: FetchableKind, id: string): Promise<Change> {
  switch (kind) {
    case "organization":
      return workos.organizations.getOrganization(id).then(organizationChange);
    case "user":
      return workos.userManagement.getUser(id).then(userChange);
    case "membership":
      return workos.userManagement.getOrganizationMembership(id).then(membershipChange);
    case "invitation":
      return workos.userManagement.getInvitation(id).then(invitationChange);
  }
}

/** The membership of a person in an organization as WorkOS has it, in any state. */
export async function findMembership(workos: WorkOS, organizationId: string, userId: string): Promise<Change | undefined> {
  const list = await workos.userManagement.listOrganizationMemberships({
    organizationId,
    userId,
    statuses: ["active", "inactive", "pending"],
  });
  const [found] = list.data;
  return found && membershipChange(found);
}

/** Undefined where WorkOS answers 404. */
export async function orUndefined<T>(request: Promise<T>): Promise<T | undefined> {
  try {
    return await request;
  } catch (error) {
    if (workosStatus(error) === 404) return undefined;
    throw error;
  }
}
