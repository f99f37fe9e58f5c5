import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { holdEpoch, saveDecisions } from "../ledger/ledger.ts";
import { addressKey, stripAddress } from "../legacy/address.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { type Decision, rolesOf } from "../plan/dispositions.ts";
import { query, transaction } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";
import { saveRefusals } from "./known.ts";

/** Somebody whom the database does not take: a NUL in a name, a date before all calendars. */
export interface Unwritable {
  id: string;
  code: string;
  what: string;
}

/** How many people one statement writes. */
const CHUNK = 1_000;

/** Under which external id WorkOS keeps somebody's practice; the home has the legacy user id itself. */
export const practiceExternalId = (legacyUserId: string): string => `practice:${legacyUserId}`;

/**
 * Writes what was decided, and everyone into the identity map: who moves with what Clerk knows of him, who stays with a stand-in.
 *
 * A person who is already there keeps all ids; what Clerk says of him is brought up to date. Whoever was to have a practice when the first request was
 * sent keeps it, whatever Clerk says by now: it may be there, with rows in it. Whoever moved once and is not among these people any more (gone from Clerk
 * and from the export) does not move. A person whom the database refuses is refused alone, with the SQLSTATE.
 *
 * @returns whom the database refused
 */
export async function saveIdentities(
  client: ClientBase,
  users: readonly LegacyUser[],
  decisions: readonly Decision[],
  config: MoveConfig["users"],
  epoch: string,
): Promise<Unwritable[]> {
  const moving = new Set(decisions.filter(moves).map((decision) => decision.legacyUserId));
  const unwritable: Unwritable[] = [];
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(client, "note requests that may still be under way", DOUBTS);
    for (let from = 0; from < users.length; from += CHUNK) {
      const chunk = users.slice(from, from + CHUNK);
      unwritable.push(...(await writeEach(client, chunk, (some) => writePeople(client, some, moving, config))));
    }
    const written = new Set(unwritable.map((one) => one.id));
    await saveDecisions(
      client,
      decisions.filter((decision) => !written.has(decision.legacyUserId)),
    );
    await query(client, "note who is gone from Clerk", GONE, [users.map((user) => user.id).filter((id) => !id.includes("\u0000"))]);
    if (unwritable.length > 0) await saveRefusals(client, unwritable);
    await query(client, "clear the addresses", "delete from rehome.address");
    const withAddresses = users.filter((user) => moving.has(user.id) && !written.has(user.id));
    for (let from = 0; from < withAddresses.length; from += CHUNK)
      await quietly(
        client,
        "write the addresses",
        SAVE_ADDRESSES,
        JSON.stringify(withAddresses.slice(from, from + CHUNK).flatMap(addressesOf)),
      );
    await refuseSharedAddresses(client);
  });
  return unwritable;
}

/** Writes all of them; should the database refuse their values, halves them until it is known whose. */
async function writeEach(
  client: ClientBase,
  users: readonly LegacyUser[],
  write: (users: readonly LegacyUser[]) => Promise<void>,
): Promise<Unwritable[]> {
  await query(client, "mark a point to come back to", "savepoint people");
  try {
    await write(users);
    await query(client, "give the point up", "release savepoint people");
    return [];
  } catch (error) {
    // Class 22 is about values, 23 about what they must fit; anything else concerns everybody.
    if (!(error instanceof MoveError) || !/^2[23]/.test(error.refusal ?? "")) throw error;
    await query(client, "come back", "rollback to savepoint people");
    const [only] = users;
    if (users.length === 1 && only) return [{ id: printable(only.id), code: error.refusal as string, what: "write the identity map" }];
    const middle = Math.ceil(users.length / 2);
    return [...(await writeEach(client, users.slice(0, middle), write)), ...(await writeEach(client, users.slice(middle), write))];
  }
}

/** An id that no text column takes is named as JSON writes it. */
const printable = (id: string): string => (id.includes("\u0000") ? JSON.stringify(id).slice(1, -1) : id);

async function writePeople(
  client: ClientBase,
  users: readonly LegacyUser[],
  moving: ReadonlySet<string>,
  config: MoveConfig["users"],
): Promise<void> {
  const people = users.map((user) => {
    const roles = rolesOf(user);
    const practice = config.organizations.practice(user);
    return {
      legacy_user_id: user.id,
      moved: moving.has(user.id),
      email: user.primaryAddress ? stripAddress(user.primaryAddress.address) : null,
      email_verified: user.primaryAddress?.verified ?? null,
      username: user.username,
      first_name: user.firstName,
      last_name: user.lastName,
      image_url: user.imageUrl,
      country: user.country,
      security_preferences: user.securityPreferences === null ? null : JSON.stringify(user.securityPreferences),
      organization_type: config.organizations.personal.type,
      organization_name: config.organizations.personal.name(user),
      practice_type: practice?.type ?? null,
      practice_name: practice?.name ?? null,
      roles,
      clerk_created_at: user.createdAt?.toISOString() ?? null,
      clerk_updated_at: user.updatedAt?.toISOString() ?? null,
    };
  });
  await quietly(client, "write the identity map", SAVE_PEOPLE, JSON.stringify(people));
}

/** The plan holds both claims to one address. Should one slip through, no row may go to either: rows are given away by address. */
async function refuseSharedAddresses(client: ClientBase): Promise<void> {
  const shared = await query<{ ids: string[] }>(
    client,
    "look for addresses that two people proved",
    "select array_agg(distinct legacy_user_id) as ids from rehome.address where verified group by email_key having count(distinct legacy_user_id) > 1",
  );
  if (shared.length === 0) return;
  const people = shared.flatMap((row) => row.ids).slice(0, 20);
  throw new MoveError("GATE_CLOSED", `Two people who would move have proved the same address: ${people.join(", ")}.`, {
    next: "Settle in Clerk whose address it is, take a fresh export, then run the same command again. Nothing was changed.",
  });
}

const moves = (decision: Decision): boolean => decision.disposition === "move" || decision.disposition === "move_reset_password";

// Before the upsert below changes `moved`: rows of whoever turns must be judged anew once rows were copied.
const SAVE_PEOPLE = `
with p as (
select *
  from json_to_recordset($1) p(legacy_user_id text, moved boolean, email text, email_verified boolean, username text, first_name text, last_name text,
       image_url text, country text, security_preferences text, organization_type text, organization_name text, practice_type text, practice_name text,
       roles text[], clerk_created_at timestamptz, clerk_updated_at timestamptz)),
turned as (
insert into rehome.rejudge (legacy_user_id)
select p.legacy_user_id from p join rehome.identity i using (legacy_user_id)
 where p.moved <> i.moved and exists (select from rehome.task where verb = 'copy')
    on conflict do nothing)
insert into rehome.identity as i (legacy_user_id, moved, email, email_verified, username, first_name, last_name, image_url, country, security_preferences,
                             organization_type, organization_name, practice_type, practice_name, practice_due, roles, clerk_created_at, clerk_updated_at)
select legacy_user_id, moved, email, email_verified, username, first_name, last_name, image_url, country, security_preferences::json,
       organization_type, organization_name, practice_type, practice_name, practice_type is not null, roles, clerk_created_at, clerk_updated_at
  from p
    on conflict (legacy_user_id) do update set
       practice_type = case when excluded.practice_type is null and (i.attempted_at is not null or i.workos_practice_id is not null) then i.practice_type else excluded.practice_type end,
       practice_name = case when excluded.practice_type is null and (i.attempted_at is not null or i.workos_practice_id is not null) then i.practice_name else excluded.practice_name end,
       practice_due = excluded.practice_due, moved = excluded.moved, email = excluded.email, email_verified = excluded.email_verified, username = excluded.username,
       first_name = excluded.first_name, last_name = excluded.last_name, image_url = excluded.image_url, country = excluded.country,
       security_preferences = excluded.security_preferences, organization_type = excluded.organization_type,
       organization_name = excluded.organization_name, roles = excluded.roles,
       clerk_created_at = excluded.clerk_created_at, clerk_updated_at = excluded.clerk_updated_at`;

const SAVE_ADDRESSES = `
insert into rehome.address (legacy_user_id, email, email_key, verified, is_primary)
select distinct on (legacy_user_id, email) legacy_user_id, email, email_key, verified, is_primary
  from json_to_recordset($1) a(legacy_user_id text, email text, email_key text, verified boolean, is_primary boolean)
 order by legacy_user_id, email, is_primary desc`;

/** Who moved and is in neither source any more. Whom Clerk refused on a way back was never in it: those are settled by name. */
const GONE = `
with gone as (
  update rehome.disposition d set disposition = 'exclude', reason = 'deleted_in_clerk', decided_at = now()
   where d.disposition in ('move', 'move_reset_password', 'refused') and not (d.legacy_user_id = any($1))
  returning d.legacy_user_id),
turned as (
  insert into rehome.rejudge (legacy_user_id) select legacy_user_id from gone where exists (select from rehome.task where verb = 'copy') on conflict do nothing)
update rehome.identity i set moved = false from gone where i.legacy_user_id = gone.legacy_user_id`;

const DOUBTS = "update rehome.identity set doubt_since = now(), in_flight = null where in_flight is not null";

function addressesOf(user: LegacyUser): unknown[] {
  const primary = user.primaryAddress ? [{ ...user.primaryAddress, is_primary: true }] : [];
  const others = user.otherAddresses.map((other) => ({ ...other, is_primary: false }));
  return [...primary, ...others].map(({ address, verified, is_primary }) => ({
    legacy_user_id: user.id,
    email: address,
    email_key: addressKey(address),
    verified,
    is_primary,
  }));
}
