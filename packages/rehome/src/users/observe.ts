import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import { query, transaction } from "../postgres/query.ts";
import { serially } from "./serially.ts";
import { orNull, type PacedWorkos, pagesOf } from "./workos.ts";

export interface Account {
  id: string;
  externalId: string | null;
  email: string;
  emailVerified: boolean;
  firstName: string | null;
  lastName: string | null;
  updatedAt: string;
  lastSignInAt: string | null;
  /** Which move made it, by its metadata. */
  moveId: string | undefined;
}

export interface Organization {
  id: string;
  externalId: string | null;
  name: string;
  updatedAt: string;
  moveId: string | undefined;
}

/** What WorkOS says only when asked for one person. */
export interface Seen {
  memberships: { id: string; organizationId: string; status: string; role: string }[];
  factors: string[];
}

export interface Observed {
  accounts: Account[];
  organizations: Map<string, Organization>;
  /** By WorkOS user id, of those who were to be asked and whom WorkOS has. */
  seen: Map<string, Seen>;
  /** How many people were asked for in this run; of all others the ledger remembered. */
  asked: number;
}

const AT_ONCE = 40;
const SAVE = 50;
/** WorkOS has no event for factors. So many people with one are asked again each time, the longest unasked first. */
const FACTORS_AGAIN = 50;
const EVENTS = [
  "user.created",
  "user.updated",
  "user.deleted",
  "organization_membership.created",
  "organization_membership.updated",
  "organization_membership.deleted",
] as const;

/**
 * Asks WorkOS what is there: users and organizations by pages; memberships and factors once a person, at the allowed rate, and remembered in the ledger. An
 * interrupted run goes on with those who are not asked yet. Afterwards only people are asked whom the Events API has named since, and some with a factor.
 *
 * @param people WorkOS user ids, and whether the person is to have a factor
 * @param fresh forgets what was remembered, and asks for everybody
 */
export async function observeWorkos(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  people: readonly { userId: string; hasFactor: boolean }[],
  onProgress: (done: number, total: number) => void = () => {},
  fresh = false,
): Promise<Observed> {
  const accounts = await listAccounts(workos);
  const organizations = await listOrganizations(workos);
  const changed = [...accounts, ...organizations.values()].map((one) => one.updatedAt);
  await forgetChanged(client, workos, epoch, newest(changed), fresh);
  await forgetSomeFactors(client, epoch, people);
  const there = new Set(accounts.map((account) => account.id));
  const seen = await readSeen(client);
  const toAsk = people.map((person) => person.userId).filter((id) => there.has(id) && !seen.has(id));
  await askEach(client, workos, epoch, toAsk, seen, onProgress);
  return { accounts, organizations, seen, asked: toAsk.length };
}

export async function listAccounts(workos: PacedWorkos): Promise<Account[]> {
  const accounts: Account[] = [];
  for await (const page of pagesOf(workos, "read", "list the users at WorkOS", (from) => workos.sdk.userManagement.listUsers(from))) {
    for (const user of page) {
      const { id, externalId, email, emailVerified, firstName, lastName, updatedAt, lastSignInAt, metadata } = user;
      accounts.push({
        ...{ id, externalId, email, emailVerified, firstName, lastName, updatedAt, lastSignInAt },
        moveId: metadata["rehome_move"],
      });
    }
  }
  return accounts;
}

export async function listOrganizations(workos: PacedWorkos): Promise<Map<string, Organization>> {
  const organizations = new Map<string, Organization>();
  const list = (from: { limit: number; after?: string }) => workos.sdk.organizations.listOrganizations(from);
  for await (const page of pagesOf(workos, "other", "list the organizations at WorkOS", list)) {
    for (const { id, externalId, name, updatedAt, metadata } of page)
      organizations.set(id, { id, externalId, name, updatedAt, moveId: metadata["rehome_move"] });
  }
  return organizations;
}

/** The newest of times that one clock wrote. */
function newest(times: readonly string[]): string {
  return times.reduce((latest, time) => (time > latest ? time : latest), "1970-01-01T00:00:00.000Z");
}

/** Forgets people whom an event names. Where events cannot be read on (they are kept for a time only), everybody is forgotten. */
async function forgetChanged(client: ClientBase, workos: PacedWorkos, epoch: string, now: string, fresh: boolean): Promise<void> {
  const [cursor] = await query<{ since: string; last: string | null }>(
    client,
    "read how far the events are read",
    "select since, last_event as last from rehome.event_cursor",
  );
  const named = cursor && !fresh ? await eventsSince(workos, cursor) : null;
  // Whoever is asked from here on is asked after these events: only later ones count.
  const begin = named ? null : await eventsSince(workos, { since: now, last: null });
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    if (named) {
      await query(client, "forget whom events name", "delete from rehome.seen where workos_user_id = any($1)", [[...named.users]]);
      await query(client, "note how far the events are read", "update rehome.event_cursor set last_event = coalesce($1, last_event)", [
        named.last,
      ]);
      return;
    }
    await query(client, "forget what WorkOS said", "delete from rehome.seen");
    await query(
      client,
      "note from when on events count",
      `insert into rehome.event_cursor (since, last_event) values ($1, $2)
           on conflict (one) do update set since = excluded.since, last_event = excluded.last_event`,
      [now, begin?.last ?? null],
    );
  });
}

async function eventsSince(
  workos: PacedWorkos,
  cursor: { since: string; last: string | null },
): Promise<{ users: Set<string>; last: string | null } | null> {
  const users = new Set<string>();
  let last = cursor.last;
  try {
    for (;;) {
      const from = last === null ? { rangeStart: cursor.since } : { after: last };
      const page = await workos.repeatable("other", "read the events of WorkOS", () =>
        workos.sdk.events.listEvents({ events: [...EVENTS], limit: 100, ...from }),
      );
      for (const { id, event, data } of page.data) {
        const { id: own, userId } = data as { id?: string; userId?: string };
        const user = event.startsWith("user.") ? own : userId;
        if (user) users.add(user);
        last = id;
      }
      if (page.data.length < 100) return { users, last };
    }
  } catch (error) {
    if (error instanceof MoveError && error.refusal) return null;
    throw error;
  }
}

async function forgetSomeFactors(
  client: ClientBase,
  epoch: string,
  people: readonly { userId: string; hasFactor: boolean }[],
): Promise<void> {
  const withFactor = people.filter((person) => person.hasFactor).map((person) => person.userId);
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(
      client,
      "forget some people with a factor",
      `delete from rehome.seen where workos_user_id in
         (select workos_user_id from rehome.seen where workos_user_id = any($1) order by seen_at, 1 limit ${FACTORS_AGAIN})`,
      [withFactor],
    );
  });
}

async function readSeen(client: ClientBase): Promise<Map<string, Seen>> {
  const rows = await query<Seen & { id: string; [name: string]: unknown }>(
    client,
    "read what WorkOS said of people",
    "select workos_user_id as id, memberships, factors from rehome.seen",
  );
  return new Map(rows.map(({ id, memberships, factors }) => [id, { memberships, factors }]));
}

async function askEach(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  ids: readonly string[],
  seen: Map<string, Seen>,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const exclusive = serially();
  const waiting = [...ids];
  let fresh: string[] = [];
  const save = () =>
    exclusive(async () => {
      const part = fresh;
      fresh = [];
      if (part.length > 0) await saveSeen(client, epoch, part, seen);
    });
  const worker = async () => {
    for (let id = waiting.pop(); id; id = waiting.pop()) {
      const one = await ask(workos, id);
      if (!one) continue; // deleted a moment ago
      seen.set(id, one);
      fresh.push(id);
      if (fresh.length >= SAVE) await save();
      onProgress(ids.length - waiting.length, ids.length);
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, worker));
  await save();
  const failed = ended.find((one) => one.status === "rejected");
  if (failed) throw failed.reason;
}

async function ask(workos: PacedWorkos, userId: string): Promise<Seen | null> {
  const { userManagement, multiFactorAuth } = workos.sdk;
  const statuses = ["active" as const, "inactive" as const, "pending" as const];
  const memberships = await workos.repeatable("read", `read the memberships of ${userId}`, () =>
    userManagement.listOrganizationMemberships({ userId, statuses, limit: 100 }),
  );
  const factors = await workos.repeatable("read", `list the factors of ${userId}`, () =>
    orNull(multiFactorAuth.listUserAuthFactors({ userId, limit: 100 })),
  );
  if (!factors) return null;
  return {
    memberships: memberships.data.map(({ id, organizationId, status, role }) => ({ id, organizationId, status, role: role.slug })),
    factors: factors.data.map((factor) => factor.id),
  };
}

async function saveSeen(client: ClientBase, epoch: string, ids: readonly string[], seen: ReadonlyMap<string, Seen>): Promise<void> {
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(
      client,
      "remember what WorkOS said of people",
      `insert into rehome.seen (workos_user_id, memberships, factors)
       select id, memberships, factors from json_to_recordset($1) s(id text, memberships json, factors text[])
           on conflict (workos_user_id) do update set memberships = excluded.memberships, factors = excluded.factors, seen_at = now()`,
      [JSON.stringify(ids.map((id) => ({ id, ...seen.get(id) })))],
    );
  });
}
