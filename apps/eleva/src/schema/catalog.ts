import { deletable, orgScoped, published } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { type AnyPgColumn, boolean, index, integer, json, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { orgId } from "./organizations.ts";
import { allRows, checkedWrites, ownedByOrg, readable } from "./policies.ts";
import { anonymous, authenticated, fn, job } from "./roles.ts";

const everyone = [authenticated, anonymous];

/** Of one whose profile is published in the organization that offers it: elsewhere the same person has not shown themselves. */
export const publishedBy = (t: { workosUserId: AnyPgColumn; orgId: AnyPgColumn }) =>
  sql`exists (select from public.profiles p where p.workos_user_id = ${t.workosUserId} and p.org_id = ${t.orgId} and p.published)`;

/** Shared by all; has no org_id. `parent_id` has no foreign key: legacy holds an orphan. */
export const categories = pgTable(
  "categories",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    name: text("name").notNull().unique(),
    description: text("description"),
    image: text("image"),
    parentId: uuid("parent_id"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  () => [
    readable("categories", "everyone", everyone, sql`true`),
    ...allRows("categories", job.admin, "select", "insert", "update", "delete"),
  ],
).enableRLS();

export const profiles = pgTable(
  "profiles",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull().unique(),
    profilePicture: text("profile_picture"),
    firstName: text("first_name").notNull(),
    lastName: text("last_name").notNull(),
    headline: text("headline"),
    shortBio: text("short_bio"),
    longBio: text("long_bio"),
    primaryCategoryId: uuid("primary_category_id").references(() => categories.id),
    secondaryCategoryId: uuid("secondary_category_id").references(() => categories.id),
    socialLinks: json("social_links"),
    published: boolean("published").notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("profiles_primary_category_id").on(t.primaryCategoryId),
    index("profiles_secondary_category_id").on(t.secondaryCategoryId),
    // Nobody deletes one: the cascade would take the agreement in profile_standing along.
    ...ownedByOrg("profile", t, { delete: false }),
    ...published(t.published, { index: false }),
    ...[job.admin, job.booking, job.setup, fn.busy].flatMap((role) => allRows("profiles", role, "select")),
    ...deletable("profiles", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();

/** What the platform says of a profile, and the agreement: not the expert's to write. */
export const profileStanding = pgTable(
  "profile_standing",
  {
    profileId: uuid("profile_id")
      .primaryKey()
      .references(() => profiles.id, { onDelete: "cascade" }),
    orgId: orgId(),
    isVerified: boolean("is_verified").notNull().default(false),
    isTopExpert: boolean("is_top_expert").notNull().default(false),
    displayOrder: integer("display_order").notNull().default(0),
    practitionerAgreementAcceptedAt: moment("practitioner_agreement_accepted_at"),
    practitionerAgreementVersion: text("practitioner_agreement_version"),
    practitionerAgreementIpAddress: text("practitioner_agreement_ip_address"),
  },
  (t) => [
    index("profile_standing_org_id").on(t.orgId),
    // Whoever sees the profile: the subquery is under the reader's own policies on profiles.
    readable("profile_standing", "with_profile", everyone, sql`exists (select from public.profiles p where p.id = ${t.profileId})`),
    ...allRows("profile_standing", job.admin, "select"),
    ...checkedWrites(
      "profile_standing",
      job.admin,
      sql`exists (select from public.profiles p where p.id = ${t.profileId} and p.org_id = ${t.orgId})`,
    ),
    ...deletable("profile_standing", [t.orgId]),
  ],
).enableRLS();

/** `slug` is not unique: legacy holds duplicates. */
export const services = pgTable(
  "services",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull(),
    name: text("name").notNull(),
    slug: text("slug").notNull(),
    description: text("description"),
    durationMinutes: integer("duration_minutes").notNull(),
    isActive: boolean("is_active").notNull().default(true),
    displayOrder: integer("display_order").notNull().default(0),
    priceCents: integer("price_cents").notNull().default(0),
    currency: text("currency").notNull().default("eur"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("services_workos_user_id").on(t.workosUserId),
    // Shows a service in use as not there to delete. What it cannot see (a meeting that commits meanwhile) the foreign keys refuse: they do
    // not cascade, because a cascade goes past all policies and would take meetings and records along.
    ...ownedByOrg("services", t, {
      names: "members",
      delete: sql`public.service_is_unused(${t.id})`,
    }),
    ...published(t.isActive, { also: publishedBy(t), index: false }),
    ...[job.booking, job.payments, job.setup, fn.check, fn.receipts].flatMap((role) => allRows("services", role, "select")),
    ...deletable("services", [t.orgId], { released: [t.orgId] }),
  ],
).enableRLS();

export const serviceStripe = pgTable(
  "service_stripe",
  {
    serviceId: uuid("service_id")
      .primaryKey()
      .references(() => services.id, { onDelete: "cascade" }),
    orgId: orgId(),
    stripeProductId: text("stripe_product_id"),
    stripePriceId: text("stripe_price_id"),
  },
  (t) => [
    ...orgScoped(t.orgId, { read: { permission: "billing:read" }, write: false }),
    ...allRows("service_stripe", job.payments, "select", "insert", "update"),
    ...deletable("service_stripe", [t.orgId]),
  ],
).enableRLS();
