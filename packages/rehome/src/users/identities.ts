import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { MoveError } from "../errors.ts";
import { holdEpoch, saveDecisions } from "../ledger/ledger.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { type Decision, rolesOf } from "../plan/dispositions.ts";
import { query, transaction } from "../postgres/query.ts";
import { quietly } from "../postgres/quietly.ts";

/** One person to move, as far as it has come. */
export interface Identity {
  legacyUserId: string;
  attempted: boolean;
  organizationName: string;
  /** Null for one who has no practice. */
  practiceName: string | null;
  workosUserId: string | null;
  workosOrganizationId: string | null;
  workosMembershipId: string | null;
  workosPracticeId: string | null;
  workosPracticeMembershipId: string | null;
  /** Of what WorkOS was sent last; see account.ts. */
  accountPrint: string | null;
  totpPrint: string | null;
}

/** Under which external id WorkOS keeps somebody's practice; the home has the legacy user id itself. */
export const practiceExternalId = (legacyUserId: string): string => `practice:${legacyUserId}`;

/**
 * Writes what was decided, and everyone into the identity map: who moves with what Clerk knows of him, who stays with a stand-in. One statement a kind.
 *
 * A person who is already there keeps all ids; what Clerk says of him is brought up to date. Whoever was to have a practice when the first request was
 * sent keeps it, whatever Clerk says by now: it may be there, with rows in it.
 */
export async function saveIdentities(
  client: ClientBase,
  users: readonly LegacyUser[],
  decisions: readonly Decision[],
  config: MoveConfig["users"],
  epoch: string,
): Promise<void> {
  const moving = new Set(decisions.filter(moves).map((decision) => decision.legacyUserId));
  const people = users.map((user) => {
    const roles = rolesOf(user);
    const practice = config.organizations.practice(user, roles);
    return {
      legacy_user_id: user.id,
      moved: moving.has(user.id),
      email: user.primaryAddress?.address.trim() ?? null,
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
  const addresses = users.filter((user) => moving.has(user.id)).flatMap(addressesOf);
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await saveDecisions(client, decisions);
    await quietly(client, "write the identity map", SAVE_PEOPLE, JSON.stringify(people));
    await query(client, "clear the addresses", "delete from rehome.address");
    await quietly(client, "write the addresses", SAVE_ADDRESSES, JSON.stringify(addresses));
    await refuseSharedAddresses(client);
  });
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

const SAVE_PEOPLE = `
insert into rehome.identity as i (legacy_user_id, moved, email, email_verified, username, first_name, last_name, image_url, country, security_preferences,
                             organization_type, organization_name, practice_type, practice_name, practice_due, roles, clerk_created_at, clerk_updated_at)
select legacy_user_id, moved, email, email_verified, username, first_name, last_name, image_url, country, security_preferences::json,
       organization_type, organization_name, practice_type, practice_name, practice_type is not null, roles, clerk_created_at, clerk_updated_at
  from json_to_recordset($1) p(legacy_user_id text, moved boolean, email text, email_verified boolean, username text, first_name text, last_name text,
       image_url text, country text, security_preferences text, organization_type text, organization_name text, practice_type text,
       practice_name text, roles text[],
       clerk_created_at timestamptz, clerk_updated_at timestamptz)
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
select distinct on (legacy_user_id, email) legacy_user_id, email, rehome.email_key(email), verified, is_primary
  from json_to_recordset($1) a(legacy_user_id text, email text, verified boolean, is_primary boolean)
 order by legacy_user_id, email, is_primary desc`;

function addressesOf(user: LegacyUser): unknown[] {
  const primary = user.primaryAddress ? [{ ...user.primaryAddress, is_primary: true }] : [];
  const others = user.otherAddresses.map((other) => ({ ...other, is_primary: false }));
  return [...primary, ...others].map(({ address, verified, is_primary }) => ({
    legacy_user_id: user.id,
    email: address,
    verified,
    is_primary,
  }));
}

/** Everyone who moves, in a fixed order. */
export async function readIdentities(client: ClientBase): Promise<Identity[]> {
  return query<Identity & { [name: string]: unknown }>(
    client,
    "read the identity map",
    `select legacy_user_id as "legacyUserId", attempted_at is not null as attempted, organization_name as "organizationName",
            case when practice_type is not null then coalesce(practice_name, organization_name) end as "practiceName", workos_user_id as "workosUserId",
            workos_organization_id as "workosOrganizationId", workos_membership_id as "workosMembershipId", workos_practice_id as "workosPracticeId",
            workos_practice_membership_id as "workosPracticeMembershipId", account_print as "accountPrint", totp_print as "totpPrint"
       from rehome.identity where moved order by legacy_user_id`,
  );
}
