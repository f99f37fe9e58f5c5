import { confidential, deletable, orgScoped } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { type AnyPgColumn, boolean, index, integer, pgPolicy, pgTable, text } from "drizzle-orm/pg-core";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { paymentTransferStatus } from "./enums.ts";
import { orgId } from "./organizations.ts";
import { allRows } from "./policies.ts";
import { job } from "./roles.ts";

/** Transfers to experts. No reference to meetings: a transfer can exist without one, and `event_id` need not be a uuid. */
export const paymentTransfers = pgTable(
  "payment_transfers",
  {
    id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
    orgId: orgId(),
    expertUserId: text("expert_user_id").notNull(),
    paymentIntentId: text("payment_intent_id").notNull().unique(),
    checkoutSessionId: text("checkout_session_id").notNull().unique(),
    eventId: text("event_id").notNull(),
    expertConnectAccountId: text("expert_connect_account_id").notNull(),
    amount: integer("amount").notNull(),
    currency: text("currency").notNull().default("eur"),
    platformFee: integer("platform_fee").notNull(),
    sessionStartTime: moment("session_start_time").notNull(),
    scheduledTransferTime: moment("scheduled_transfer_time").notNull(),
    status: paymentTransferStatus("status").notNull().default("PENDING"),
    transferId: text("transfer_id"),
    payoutId: text("payout_id"),
    stripeErrorCode: text("stripe_error_code"),
    stripeErrorMessage: text("stripe_error_message"),
    retryCount: integer("retry_count").default(0),
    requiresApproval: boolean("requires_approval").default(false),
    adminUserId: text("admin_user_id"),
    adminNotes: text("admin_notes"),
    notifiedAt: moment("notified_at"),
    guestName: text("guest_name"),
    guestEmail: text("guest_email"),
    guestPhone: text("guest_phone"),
    serviceName: text("service_name"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    index("payment_transfers_org_id").on(t.orgId),
    ...confidential(t.guestName, t.guestEmail, t.guestPhone, t.amount, t.platformFee, t.paymentIntentId, t.checkoutSessionId),
    ...confidential(t.expertConnectAccountId, t.transferId, t.payoutId, t.stripeErrorCode, t.stripeErrorMessage, t.adminNotes),
    index("payment_transfers_event_id").on(t.eventId),
    index("payment_transfers_expert_user_id").on(t.expertUserId),
    index("payment_transfers_status_scheduled").on(t.status, t.scheduledTransferTime),
    ...orgScoped(t.orgId, { who: "expert_org", read: { permission: "billing:read" }, write: false, index: false }),
    ...allRows("payment_transfers", job.payments, "select", "insert", "update"),
    ...deletable("payment_transfers", [t.orgId]),
    // Names of the patient stand here too, and no column names the patient's organization: the meeting does.
    // One without a meeting (of a pack) is known by the address alone; what an update makes of it must be visible, too: a transfer of nobody.
    pgPolicy("payment_transfers_select_job_deletion_patient", {
      for: "select",
      to: job.deletion,
      using: sql`${ofErasedPatient(t.eventId)} or ${toErasedAddress(t.guestEmail)} or (${ofNobody(t)})`,
    }),
    pgPolicy("payment_transfers_update_job_deletion", {
      for: "update",
      to: job.deletion,
      using: sql`${ofErasedPatient(t.eventId)} or ${toErasedAddress(t.guestEmail)}`,
      withCheck: ofNobody(t),
    }),
  ],
).enableRLS();

const ofNobody = (t: Record<"guestName" | "guestEmail" | "guestPhone", AnyPgColumn>) =>
  sql`${t.guestName} is null and ${t.guestEmail} is null and ${t.guestPhone} is null`;

/** To a proved address of somebody who is being erased. */
function toErasedAddress(email: AnyPgColumn) {
  return sql`tenancy.email_key(lower(${email})) = any (array(select unnest(d.addresses) from tenancy.deletion d where d.state <> 'done'))`;
}

/** Of a meeting whose patient's organization is being deleted; the meetings are looked up once a statement. */
function ofErasedPatient(eventId: AnyPgColumn) {
  const ending = sql.raw("array(select d.org_id from tenancy.deletion d where d.state <> 'done')");
  return sql`${eventId} = any (array(select m.id::text from public.meetings m where m.patient_org_id = any (${ending})))`;
}
