import { deletable, ownRow } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { type AnyPgColumn, bigint, boolean, index, json, pgTable, primaryKey, text, uniqueIndex, uuid } from "drizzle-orm/pg-core";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { subscriptionStatus } from "./enums.ts";
import { orgId } from "./organizations.ts";
import { allRows, checkedWrites } from "./policies.ts";
import { job } from "./roles.ts";

// How addresses are compared; docs/dispositions.md. The ledger has the same rule as a function, which is gone after a move.
const EMAIL_KEY = sql.raw(String.raw`translate(btrim(email, E' \t\n\v\f\r'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')`);

/** One row for every WorkOS user. `org_id` is the person's home, and no other's (homes.sql says what a home is). */
export const users = pgTable(
  "users",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull().unique(),
    email: text("email").notNull(),
    emailVerified: boolean("email_verified").notNull().default(false),
    username: text("username").unique(),
    firstName: text("first_name"),
    lastName: text("last_name"),
    imageUrl: text("image_url"),
    country: text("country"),
    securityPreferences: json("security_preferences"),
    legacyEmail: text("legacy_email"),
    legacyFirstName: text("legacy_first_name"),
    legacyLastName: text("legacy_last_name"),
    legacyImageUrl: text("legacy_image_url"),
    legacyCountry: text("legacy_country"),
    legacyRow: boolean("legacy_row").notNull().default(false),
    welcomeEmailSentAt: moment("welcome_email_sent_at"),
    onboardingCompletedAt: moment("onboarding_completed_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex("users_org_id").on(t.orgId),
    index("users_email_key").on(EMAIL_KEY),
    // Which columns is a matter of grants.sql: names, image, country, preferences; never id, organization, address.
    ...ownRow(t.workosUserId, { insert: false, delete: false, index: false, keep: [t.orgId, t.email] }),
    ...allRows("users", job.sync, "select", "insert", "update"),
    ...[job.booking, job.payments, job.identity, job.claim, job.setup].flatMap((role) => allRows("users", role, "select")),
    ...deletable("users", [t.orgId]),
  ],
).enableRLS();

/** Secondary addresses. */
export const userEmails = pgTable(
  "user_emails",
  {
    id: bigint("id", { mode: "number" }).primaryKey().generatedByDefaultAsIdentity(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull(),
    email: text("email").notNull(),
    verified: boolean("verified").notNull().default(false),
  },
  (t) => [
    index("user_emails_org_id").on(t.orgId),
    index("user_emails_workos_user_id").on(t.workosUserId),
    index("user_emails_email_key").on(EMAIL_KEY).where(sql`verified`),
    ...ownRow(t.workosUserId, { write: false, index: false }),
    ...allRows("user_emails", job.sync, "select", "insert", "update", "delete"),
    ...[job.booking, job.claim].flatMap((role) => allRows("user_emails", role, "select")),
    ...deletable("user_emails", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();

/** Roles in the product (not in an organization): user, community_expert, top_expert, lecturer, admin, superadmin. */
export const platformRoles = pgTable(
  "platform_roles",
  {
    workosUserId: text("workos_user_id").notNull(),
    role: text("role").notNull(),
    orgId: orgId(),
  },
  (t) => [
    primaryKey({ columns: [t.workosUserId, t.role] }),
    index("platform_roles_org_id").on(t.orgId),
    ...ownRow(t.workosUserId, { write: false, index: false }),
    ...allRows("platform_roles", job.sync, "select", "insert", "update", "delete"),
    ...allRows("platform_roles", job.setup, "select"),
    ...deletable("platform_roles", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();

const userRow = () => ({
  userRowId: uuid("user_row_id")
    .primaryKey()
    .references(() => users.id, { onDelete: "cascade" }),
  orgId: orgId(),
  workosUserId: text("workos_user_id").notNull(),
});

/** The row names a user together with that user's own person and organization. */
const ofUserRow = (t: { userRowId: AnyPgColumn; orgId: AnyPgColumn; workosUserId: AnyPgColumn }) =>
  sql`exists (select from public.users u where u.id = ${t.userRowId} and u.org_id = ${t.orgId} and u.workos_user_id = ${t.workosUserId})`;

export const billingAccounts = pgTable(
  "billing_accounts",
  {
    ...userRow(),
    stripeCustomerId: text("stripe_customer_id").unique(),
    subscriptionId: text("subscription_id"),
    subscriptionStatus: subscriptionStatus("subscription_status"),
    subscriptionPriceId: text("subscription_price_id"),
    subscriptionCurrentPeriodEnd: moment("subscription_current_period_end"),
    subscriptionCanceledAt: moment("subscription_canceled_at"),
    hasHadSubscription: boolean("has_had_subscription").default(false),
  },
  (t) => [
    index("billing_accounts_org_id").on(t.orgId),
    ...ownRow(t.workosUserId, { write: false }),
    ...allRows("billing_accounts", job.payments, "select"),
    ...checkedWrites("billing_accounts", job.payments, ofUserRow(t)),
    ...deletable("billing_accounts", [t.orgId]),
  ],
).enableRLS();

/** Not unique by account: two legacy users may share one Connect account. */
export const payoutAccounts = pgTable(
  "payout_accounts",
  {
    ...userRow(),
    stripeConnectAccountId: text("stripe_connect_account_id"),
    stripeConnectDetailsSubmitted: boolean("stripe_connect_details_submitted").default(false),
    stripeConnectChargesEnabled: boolean("stripe_connect_charges_enabled").default(false),
    stripeConnectPayoutsEnabled: boolean("stripe_connect_payouts_enabled").default(false),
    stripeConnectOnboardingComplete: boolean("stripe_connect_onboarding_complete").default(false),
    stripeBankAccountLast4: text("stripe_bank_account_last4"),
    stripeBankName: text("stripe_bank_name"),
  },
  (t) => [
    index("payout_accounts_org_id").on(t.orgId),
    index("payout_accounts_workos_user_id").on(t.workosUserId),
    index("payout_accounts_stripe_connect_account_id").on(t.stripeConnectAccountId),
    ...ownRow(t.workosUserId, { write: false, index: false }),
    ...allRows("payout_accounts", job.payments, "select"),
    ...checkedWrites("payout_accounts", job.payments, ofUserRow(t)),
    ...allRows("payout_accounts", job.setup, "select"),
    ...deletable("payout_accounts", [t.orgId]),
  ],
).enableRLS();

export const identityVerifications = pgTable(
  "identity_verifications",
  {
    ...userRow(),
    stripeIdentityVerificationId: text("stripe_identity_verification_id"),
    stripeIdentityVerified: boolean("stripe_identity_verified").default(false),
    stripeIdentityVerificationStatus: text("stripe_identity_verification_status"),
    stripeIdentityVerificationLastChecked: moment("stripe_identity_verification_last_checked"),
  },
  (t) => [
    index("identity_verifications_org_id").on(t.orgId),
    index("identity_verifications_workos_user_id").on(t.workosUserId),
    index("identity_verifications_verification_id").on(t.stripeIdentityVerificationId),
    ...ownRow(t.workosUserId, { write: false, index: false }),
    ...allRows("identity_verifications", job.identity, "select"),
    ...checkedWrites("identity_verifications", job.identity, ofUserRow(t)),
    ...allRows("identity_verifications", job.setup, "select"),
    ...deletable("identity_verifications", [t.orgId]),
  ],
).enableRLS();

/** Six flags, recomputed from data: in Clerk the browser could write them. */
export const expertSetup = pgTable(
  "expert_setup",
  {
    orgId: orgId(),
    workosUserId: text("workos_user_id").primaryKey(),
    profile: boolean("profile").notNull().default(false),
    availability: boolean("availability").notNull().default(false),
    events: boolean("events").notNull().default(false),
    identity: boolean("identity").notNull().default(false),
    payment: boolean("payment").notNull().default(false),
    googleAccount: boolean("google_account").notNull().default(false),
  },
  (t) => [
    index("expert_setup_org_id").on(t.orgId),
    ...ownRow(t.workosUserId, { write: false, index: false }),
    ...allRows("expert_setup", job.setup, "select", "insert", "update", "delete"),
    ...deletable("expert_setup", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();
