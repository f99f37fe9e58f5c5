import { deletable, membershipMirror, orgScoped } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { boolean, index, json, pgPolicy, pgTable, primaryKey, text, uniqueIndex } from "drizzle-orm/pg-core";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { invitationStatus, membershipStatus, organizationTier, organizationType } from "./enums.ts";
import { allRows, checkedWrites } from "./policies.ts";
import { fn, job } from "./roles.ts";

/** Homes, practices, clinics, schools. `id` is the WorkOS organization id, or `guest_…` while nobody has claimed it. */
export const organizations = pgTable(
  "organizations",
  {
    id: text("id").primaryKey(),
    type: organizationType("type").notNull(),
    tier: organizationTier("tier").notNull().default("free"),
    /** Null where nobody has said it: a guest may have left only an address. */
    name: text("name"),
    claimed: boolean("claimed").notNull().default(true),
    features: json("features"),
    slug: text("slug").unique(),
    createdAt: createdAt(),
  },
  (t) => [
    ...orgScoped(t.id, { who: "member", write: false, index: false }),
    ...allRows("organizations", job.sync, "select", "insert", "update"),
    ...allRows("organizations", job.claim, "select"),
    // A guest's organization is nobody's: the claim job locks it, and deletes it once its rows are a person's.
    pgPolicy("organizations_update_job_claim", { for: "update", to: job.claim, using: sql`not claimed`, withCheck: sql`not claimed` }),
    pgPolicy("organizations_delete_job_claim", {
      for: "delete",
      to: job.claim,
      using: sql`not claimed and starts_with(id, 'guest_')`,
    }),
    ...allRows("organizations", fn.organizations, "select"),
    // To lock a row, which asks for the right to update it; no update passes the check.
    pgPolicy("organizations_update_fn_organizations", { for: "update", to: fn.organizations, using: sql`true`, withCheck: sql`false` }),
    ...deletable("organizations", [t.id]),
    ...allRows("organizations", job.booking, "select"),
    // Guests are rows of the booking job; it can make no organization that a token could name.
    pgPolicy("organizations_insert_guest", {
      for: "insert",
      to: job.booking,
      withCheck: sql`not ${t.claimed} and ${t.id} like 'guest\\_%' and ${t.type} = 'patient_personal' and ${t.tier} = 'free'`,
    }),
  ],
).enableRLS();

/** The organization a row belongs to. Every product table has it but `categories` and `stripe_processed_events`, which are shared by all. */
export const orgId = () =>
  text("org_id")
    .notNull()
    .references(() => organizations.id);

/** The patient's home: of whoever proved the address, else a guest's unclaimed organization; homes.sql holds it. */
export const patientOrgId = () =>
  text("patient_org_id")
    .notNull()
    .references(() => organizations.id);

/** The mirror of WorkOS memberships; the guard asks it in every statement. `id` is the WorkOS membership id. */
export const memberships = pgTable(
  "memberships",
  {
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull(),
    id: text("id").notNull().unique(),
    roleSlug: text("role_slug").notNull(),
    permissions: text("permissions").array().notNull().default(sql`'{}'`),
    status: membershipStatus("status").notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.orgId, t.workosUserId] }),
    uniqueIndex("memberships_one_owner").on(t.orgId).where(sql`role_slug = 'owner' and status = 'active'`),
    ...membershipMirror(t),
    ...allRows("memberships", fn.check, "select"),
    ...allRows("memberships", fn.organizations, "select"),
    ...deletable("memberships", [t.orgId]),
    ...allRows("memberships", job.sync, "select", "insert", "update", "delete"),
  ],
).enableRLS();

/** The mirror of WorkOS invitations: seven days, with a role. `id` is the WorkOS invitation id; a pending one past its end counts as expired. */
export const invitations = pgTable(
  "invitations",
  {
    id: text("id").primaryKey(),
    orgId: orgId(),
    email: text("email").notNull(),
    roleSlug: text("role_slug"),
    status: invitationStatus("status").notNull(),
    inviterUserId: text("inviter_user_id"),
    expiresAt: moment("expires_at").notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("invitations_org_id").on(t.orgId),
    ...orgScoped(t.orgId, { write: false, index: false }),
    ...allRows("invitations", job.sync, "select", "insert", "update"),
    ...deletable("invitations", [t.orgId]),
  ],
).enableRLS();

/** Who booked without an account: the address, until its owner proves it. */
export const guests = pgTable(
  "guests",
  {
    orgId: orgId().primaryKey(),
    /** White space around it removed, lower case. */
    emailKey: text("email_key").notNull().unique(),
    email: text("email").notNull(),
    name: text("name"),
  },
  (t) => [
    ...allRows("guests", job.booking, "select"),
    ...checkedWrites("guests", job.booking, sql`exists (select from public.organizations o where o.id = ${t.orgId} and not o.claimed)`),
    ...allRows("guests", job.claim, "select", "insert", "update", "delete"),
    ...deletable("guests", [t.orgId]),
  ],
).enableRLS();
