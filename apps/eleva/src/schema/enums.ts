import { pgEnum } from "drizzle-orm/pg-core";

export const day = pgEnum("day", ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]);

export const subscriptionStatus = pgEnum("subscription_status", [
  "active",
  "canceled",
  "incomplete",
  "incomplete_expired",
  "past_due",
  "trialing",
  "unpaid",
]);

export const paymentTransferStatus = pgEnum("payment_transfer_status_enum", [
  "PENDING",
  "APPROVED",
  "READY",
  "COMPLETED",
  "FAILED",
  "REFUNDED",
  "DISPUTED",
  "PAID_OUT",
]);

export const packPurchaseStatus = pgEnum("pack_purchase_status", ["active", "fully_redeemed", "expired", "cancelled"]);

export const organizationType = pgEnum("organization_type", ["patient_personal", "expert_individual", "clinic", "educational_institution"]);

export const organizationTier = pgEnum("organization_tier", ["free", "starter", "professional", "clinic", "enterprise"]);

export const invitationStatus = pgEnum("invitation_status", ["pending", "accepted", "revoked", "expired"]);

export const membershipStatus = pgEnum("membership_status", ["active", "invited", "suspended"]);
