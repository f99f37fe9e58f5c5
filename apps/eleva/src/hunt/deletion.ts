import type { Row, TableRule, World } from "@rehome/tenancy";
import { factsOf } from "./facts.ts";

/** The organizations of the hunt's world that are being deleted; world.sql. */
const ENDING: readonly unknown[] = ["org_eva", "org_eva_home", "org_gus_home", "guest_2"];
/** The persons who are being erased; world.sql. */
const ERASED: readonly unknown[] = ["user_eva", "user_gus"];
/** A transfer for a pack names its buyer by the address alone. */
const ERASED_ADDRESS = "eva@example.test";
/** Whose rows are once their party is gone. */
const NOBODY = "org_erased";

const OWN = ["org_id"];
const SHARED = ["org_id", "patient_org_id"];

/** The columns that name an organization, by table. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    `billing_accounts blocked_dates expert_setup guests identity_verifications invitations memberships payment_transfers payout_accounts
     platform_roles profile_standing profiles record_shares schedule_availabilities schedules scheduling_settings service_stripe services
     session_pack_stripe session_packs user_emails users`
      .split(/\s+/)
      .map((table) => [table, OWN]),
  ),
  meetings: SHARED,
  meeting_payments: SHARED,
  records: SHARED,
  slot_reservations: SHARED,
  pack_purchases: ["org_id", "buyer_org_id"],
};

/** The column that lets go of the organization, and what of the person is blanked with it. */
const RELEASED: Readonly<Record<string, readonly [column: string, ...blanked: string[]]>> = {
  meetings: ["patient_org_id", "guest_email", "guest_name", "guest_phone", "guest_notes"],
  meeting_payments: ["patient_org_id", "stripe_metadata"],
  pack_purchases: ["buyer_org_id", "buyer_email", "buyer_name", "buyer_phone", "stripe_customer_id"],
  services: ["org_id", "workos_user_id", "description", "is_active"],
};

/** The column of each table that names a person with whom the row goes, wherever it is. */
const PERSON: Readonly<Record<string, string>> = {
  blocked_dates: "workos_user_id",
  expert_setup: "workos_user_id",
  platform_roles: "workos_user_id",
  profiles: "workos_user_id",
  record_shares: "grantee_user_id",
  schedules: "workos_user_id",
  scheduling_settings: "workos_user_id",
  user_emails: "workos_user_id",
};

/** What the deletion job may do: rows of an organization that is being deleted, in every table, those of a person who is being erased, and no other row. */
export function deletionRules(world: World): Record<string, TableRule> {
  const rules: Record<string, TableRule> = {
    organizations: {
      read: { rows: (row) => ENDING.includes(row["id"]), columns: ["id"] },
      delete: { rows: (row) => ENDING.includes(row["id"]) },
    },
  };
  for (const [table, columns] of Object.entries(NAMES)) {
    const person = PERSON[table];
    const ending = (row: Row) =>
      columns.some((column) => ENDING.includes(row[column])) || (person !== undefined && ERASED.includes(row[person]));
    const [column, ...blanked] = RELEASED[table] ?? [];
    rules[table] = { read: { rows: ending }, delete: { rows: ending } };
    if (column === undefined) continue;
    // Another organization's row stays: it lets go of this one.
    rules[table].delete = { rows: (row) => ENDING.includes(row["org_id"]) };
    const gone = (row: Row) => row[column] === NOBODY;
    rules[table].read = { rows: (row) => ending(row) || gone(row) };
    rules[table].update = { rows: (row) => ENDING.includes(row[column]), to: gone, columns: [column, ...blanked] };
  }
  const patients = new Set(
    factsOf(world)
      .rows("meetings")
      .filter((row) => ENDING.includes(row["patient_org_id"]))
      .map((row) => row["id"]),
  );
  const named = (row: Row) => patients.has(row["event_id"]) || String(row["guest_email"]).toLowerCase() === ERASED_ADDRESS;
  const person = ["guest_name", "guest_email", "guest_phone"];
  const ofNobody = (row: Row) => person.every((column) => row[column] === null);
  rules["payment_transfers"] = {
    // Those that name nobody any more as well: what it has just made of one.
    read: { rows: (row) => ENDING.includes(row["org_id"]) || named(row) || ofNobody(row) },
    update: { rows: named, to: ofNobody, columns: person },
    delete: { rows: (row) => ENDING.includes(row["org_id"]) },
  };
  return rules;
}
