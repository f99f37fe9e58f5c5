import { membershipMirror, orgScoped } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { boolean, json, pgPolicy, pgTable, primaryKey, text } from "drizzle-orm/pg-core";
import { createdAt } from "./columns.ts";
import { membershipStatus, organizationTier, organizationType } from "./enums.ts";
import { allRows, checkedWrites } from "./policies.ts";
import { fn, job } from "./roles.ts";

/** `id` is the WorkOS organization id, or `guest_…` while nobody has claimed it. */
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

/** The patient's organization: of whoever proved the address, else a guest's unclaimed one. */
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
    ...membershipMirror(t),
    ...allRows("memberships", fn.check, "select"),
    ...allRows("memberships", job.sync, "select", "insert", "update", "delete"),
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
  ],
).enableRLS();
