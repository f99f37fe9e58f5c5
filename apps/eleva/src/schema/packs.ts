import { claimable, deletable, orgScoped, published, sharedBetween } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { boolean, index, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { publishedBy, services } from "./catalog.ts";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { packPurchaseStatus } from "./enums.ts";
import { organizations, orgId } from "./organizations.ts";
import { allRows, checkedWrites, ofService, ownedByOrg } from "./policies.ts";
import { job } from "./roles.ts";

/** N sessions of a service, sold as a promotion code. */
export const sessionPacks = pgTable(
  "session_packs",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull(),
    serviceId: uuid("service_id")
      .notNull()
      .references(() => services.id),
    name: text("name").notNull(),
    description: text("description"),
    sessionsCount: integer("sessions_count").notNull(),
    priceCents: integer("price_cents").notNull(),
    currency: text("currency").notNull().default("eur"),
    isActive: boolean("is_active").notNull().default(true),
    expirationDays: integer("expiration_days").default(180),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("session_packs_workos_user_id").on(t.workosUserId),
    index("session_packs_service_id").on(t.serviceId),
    ...ownedByOrg(t, {
      insert: ofService({ serviceId: t.serviceId, orgId: t.orgId }),
    }),
    ...published(t.isActive, { also: publishedBy(t.workosUserId), index: false }),
    ...allRows("session_packs", job.payments, "select"),
    ...deletable("session_packs", [t.orgId]),
  ],
).enableRLS();

export const sessionPackStripe = pgTable(
  "session_pack_stripe",
  {
    packId: uuid("pack_id")
      .primaryKey()
      .references(() => sessionPacks.id, { onDelete: "cascade" }),
    orgId: orgId(),
    stripeProductId: text("stripe_product_id"),
    stripePriceId: text("stripe_price_id"),
  },
  (t) => [
    ...orgScoped(t.orgId, { write: false }),
    ...allRows("session_pack_stripe", job.payments, "select", "insert", "update"),
    ...deletable("session_pack_stripe", [t.orgId]),
  ],
).enableRLS();

export const packPurchases = pgTable(
  "pack_purchases",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    /** The buyer's home: of whoever proved the address, else a guest's unclaimed organization; homes.sql holds it. */
    buyerOrgId: text("buyer_org_id")
      .notNull()
      .references(() => organizations.id),
    packId: uuid("pack_id")
      .notNull()
      .references(() => sessionPacks.id),
    expertUserId: text("expert_user_id"),
    buyerEmail: text("buyer_email").notNull(),
    buyerName: text("buyer_name"),
    buyerPhone: text("buyer_phone"),
    packNameSnapshot: text("pack_name_snapshot"),
    serviceNameSnapshot: text("service_name_snapshot"),
    stripeCustomerId: text("stripe_customer_id"),
    stripeSessionId: text("stripe_session_id").unique(),
    stripePaymentIntentId: text("stripe_payment_intent_id").unique(),
    stripeCouponId: text("stripe_coupon_id"),
    stripePromotionCodeId: text("stripe_promotion_code_id"),
    currency: text("currency"),
    grossAmount: integer("gross_amount"),
    platformFee: integer("platform_fee"),
    netAmount: integer("net_amount"),
    promotionCode: text("promotion_code").notNull().unique(),
    maxRedemptions: integer("max_redemptions").notNull(),
    redemptionsUsed: integer("redemptions_used").notNull().default(0),
    expiresAt: moment("expires_at"),
    status: packPurchaseStatus("status").notNull().default("active"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("pack_purchases_pack_id").on(t.packId),
    ...sharedBetween(t.orgId, t.buyerOrgId, { write: false }),
    ...allRows("pack_purchases", job.payments, "select"),
    ...checkedWrites(
      "pack_purchases",
      job.payments,
      sql`exists (select from public.session_packs p where p.id = ${t.packId} and p.org_id = ${t.orgId})`,
    ),
    ...claimable("pack_purchases", t.buyerOrgId),
    ...deletable("pack_purchases", [t.orgId, t.buyerOrgId], { released: [t.buyerOrgId] }),
  ],
).enableRLS();
