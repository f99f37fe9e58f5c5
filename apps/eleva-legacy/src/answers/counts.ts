import type { LegacyTable, Row } from "../world.ts";
import type { Fates } from "./fates.ts";
import { type Known, party } from "./known.ts";
import { rolesIn } from "./people.ts";
import { isExpert } from "./persons.ts";

/** How many rows each target table holds once everybody and everything that moves has moved. */
export function countTargets(known: Known, tables: Record<LegacyTable, Row[]>, fates: Fates): Record<string, number> {
  const moved = (table: LegacyTable) => tables[table].filter((_, index) => fates[table][index] === undefined);
  const count = (table: LegacyTable) => moved(table).length;
  const people = [...known.moved.values()];
  const practices = people.filter(isExpert).length;
  const guests = new Set<string>();
  const note = (rows: readonly Row[], column: string) => {
    for (const row of rows) {
      const organization = party(known, row[column]);
      if ("$guestOrg" in organization) guests.add(organization.$guestOrg);
    }
  };
  note(moved("meetings"), "guestEmail");
  note(moved("records"), "guest_email");
  note(moved("slot_reservations"), "guest_email");
  note(moved("pack_purchases"), "buyer_email");
  return {
    users: people.length,
    organizations: people.length + practices + guests.size,
    memberships: people.length + practices,
    guests: guests.size,
    user_emails: people.reduce((sum, user) => sum + user.emails.filter((email) => !email.primary).length, 0),
    platform_roles: people.reduce((sum, user) => sum + new Set(rolesIn(user.public_metadata["role"])).size, 0),
    expert_setup: practices,
    billing_accounts: count("users"),
    payout_accounts: count("users"),
    identity_verifications: count("users"),
    categories: count("categories"),
    profiles: count("profiles"),
    profile_standing: count("profiles"),
    services: count("events"),
    service_stripe: count("events"),
    schedules: count("schedules"),
    schedule_availabilities: count("scheduleAvailabilities"),
    scheduling_settings: count("scheduling_settings"),
    blocked_dates: count("blocked_dates"),
    meetings: count("meetings"),
    meeting_payments: count("meetings"),
    records: count("records"),
    record_shares: 0,
    payment_transfers: count("payment_transfers"),
    slot_reservations: count("slot_reservations"),
    session_packs: count("session_packs"),
    session_pack_stripe: count("session_packs"),
    pack_purchases: count("pack_purchases"),
    stripe_processed_events: count("stripe_processed_events"),
  };
}
