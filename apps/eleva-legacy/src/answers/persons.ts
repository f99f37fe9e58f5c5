import type { LegacyClerkUser, Row } from "../world.ts";
import { at, type Known, type TargetRow, type TargetValue } from "./known.ts";
import { rolesIn } from "./people.ts";

export interface PersonRows {
  clerkId: string;
  target: TargetRow[];
}

const EXPERT_ROLES = ["community_expert", "top_expert", "lecturer"];

export function isExpert(user: LegacyClerkUser): boolean {
  return rolesIn(user.public_metadata["role"]).some((role) => EXPERT_ROLES.includes(role));
}

/** The rows of those who move, as many experts as others. */
export function answerPersonRows(known: Known, most: number): PersonRows[] {
  const users = [...known.moved.values()];
  const experts = users.filter(isExpert).slice(0, most / 2);
  const others = users.filter((user) => !isExpert(user)).slice(0, most - experts.length);
  return [...experts, ...others].map((user) => ({ clerkId: user.id, target: personTargets(known, user) }));
}

function personTargets(known: Known, user: LegacyClerkUser): TargetRow[] {
  const legacyRow = known.userRows.get(user.id);
  const owned = { org_id: { $org: user.id }, workos_user_id: { $user: user.id } };
  const practised = { ...owned, org_id: { $practice: user.id } };
  return [
    ...(legacyRow ? userTargets(known, legacyRow) : [{ table: "users", row: userRow(user, undefined) }]),
    { table: "organizations", row: { id: { $org: user.id }, type: "patient_personal", tier: "free", claimed: true } },
    { table: "memberships", row: { ...owned, role_slug: "owner", status: "active" } },
    ...(isExpert(user)
      ? [
          { table: "organizations", row: { id: practised.org_id, type: "expert_individual", tier: "free", claimed: true } },
          { table: "memberships", row: { ...practised, role_slug: "owner", status: "active" } },
          { table: "expert_setup", row: { ...practised, ...setup(known, user.id, legacyRow) } },
        ]
      : []),
    ...[...new Set(rolesIn(user.public_metadata["role"]))].map((role) => ({ table: "platform_roles", row: { ...owned, role } })),
    ...user.emails
      .filter((email) => !email.primary)
      .map(({ address, verified }) => ({ table: "user_emails", row: { ...owned, email: address, verified } })),
  ];
}

/** A legacy row of `users` becomes four rows. */
export function userTargets(known: Known, row: Row): TargetRow[] {
  const id = String(row["clerkUserId"]);
  const user = known.moved.get(id);
  if (!user) throw new Error("A row of users was to move, and its person does not.");
  const hung = { user_row_id: row["id"] ?? null, org_id: { $org: id }, workos_user_id: { $user: id } };
  return [
    { table: "users", row: userRow(user, row) },
    {
      table: "billing_accounts",
      row: {
        ...hung,
        stripe_customer_id: row["stripeCustomerId"] ?? null,
        subscription_id: row["subscriptionId"] ?? null,
        subscription_status: row["subscriptionStatus"] ?? null,
        subscription_price_id: row["subscriptionPriceId"] ?? null,
        subscription_current_period_end: at(row["subscriptionCurrentPeriodEnd"]),
        subscription_canceled_at: at(row["subscriptionCanceledAt"]),
        has_had_subscription: row["hasHadSubscription"] ?? null,
      },
    },
    {
      table: "payout_accounts",
      row: {
        ...hung,
        stripe_connect_account_id: row["stripe_connect_account_id"] ?? null,
        stripe_connect_details_submitted: row["stripe_connect_details_submitted"] ?? null,
        stripe_connect_charges_enabled: row["stripe_connect_charges_enabled"] ?? null,
        stripe_connect_payouts_enabled: row["stripe_connect_payouts_enabled"] ?? null,
        stripe_connect_onboarding_complete: row["stripe_connect_onboarding_complete"] ?? null,
        stripe_bank_account_last4: row["stripe_bank_account_last4"] ?? null,
        stripe_bank_name: row["stripe_bank_name"] ?? null,
      },
    },
    {
      table: "identity_verifications",
      row: {
        ...hung,
        stripe_identity_verification_id: row["stripe_identity_verification_id"] ?? null,
        stripe_identity_verified: row["stripe_identity_verified"] ?? null,
        stripe_identity_verification_status: row["stripe_identity_verification_status"] ?? null,
        stripe_identity_verification_last_checked: at(row["stripe_identity_verification_last_checked"]),
      },
    },
  ];
}

function userRow(user: LegacyClerkUser, legacy: Row | undefined): Record<string, TargetValue> {
  const primary = user.emails.find((email) => email.primary);
  const preferences = user.public_metadata["securityPreferences"];
  const country = user.public_metadata["country"];
  return {
    id: legacy ? (legacy["id"] ?? null) : { $rowId: user.id },
    workos_user_id: { $user: user.id },
    org_id: { $org: user.id },
    legacy_row: legacy !== undefined,
    email: primary?.address ?? null,
    email_verified: primary?.verified ?? null,
    username: user.username,
    first_name: user.first_name,
    last_name: user.last_name,
    image_url: user.image_url,
    country: typeof country === "string" ? country : (legacy?.["country"] ?? null),
    security_preferences: preferences === undefined ? null : { $json: preferences },
    legacy_email: legacy?.["email"] ?? null,
    legacy_first_name: legacy?.["first_name"] ?? null,
    legacy_last_name: legacy?.["last_name"] ?? null,
    legacy_image_url: legacy?.["image_url"] ?? null,
    legacy_country: legacy?.["country"] ?? null,
    welcome_email_sent_at: at(legacy?.["welcome_email_sent_at"]),
    onboarding_completed_at: at(legacy?.["onboarding_completed_at"]),
    created_at: legacy ? at(legacy["createdAt"]) : new Date(user.created_at).toISOString(),
    updated_at: legacy ? at(legacy["updatedAt"]) : new Date(user.updated_at).toISOString(),
  };
}

/** All six flags from data: those in Clerk can be written from a browser. */
function setup({ tables }: Known, id: string, row: Row | undefined): Record<string, boolean> {
  const schedules = new Set(tables.schedules.filter((schedule) => schedule["clerkUserId"] === id).map((schedule) => schedule["id"]));
  return {
    profile: tables.profiles.some((profile) => profile["clerkUserId"] === id && profile["published"] === true),
    availability: tables.scheduleAvailabilities.some((window) => schedules.has(window["scheduleId"] ?? null)),
    events: tables.events.some((event) => event["clerkUserId"] === id),
    identity: row?.["stripe_identity_verified"] === true,
    payment: row?.["stripe_connect_charges_enabled"] === true && row["stripe_connect_payouts_enabled"] === true,
    google_account: false,
  };
}
