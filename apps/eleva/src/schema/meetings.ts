import { claimable, confidential, deletable, orgScoped, sharedBetween } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { boolean, check, index, integer, json, pgPolicy, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { services } from "./catalog.ts";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { orgId, patientOrgId } from "./organizations.ts";
import { allRows, checkedWrites, every, ofMeeting, ofService, ownOrg, readable } from "./policies.ts";
import { fn, job } from "./roles.ts";

/**
 * Two meetings of one expert may not overlap, and one must end after it starts: both hold for everything booked here, not for imported rows.
 * The exclusion constraint is a migration of its own (Drizzle has no word for it): drizzle/0001_meetings_do_not_overlap.sql.
 */
export const meetings = pgTable(
  "meetings",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    patientOrgId: patientOrgId(),
    serviceId: uuid("service_id")
      .notNull()
      .references(() => services.id),
    expertUserId: text("expert_user_id").notNull(),
    guestEmail: text("guest_email").notNull(),
    guestName: text("guest_name").notNull(),
    guestPhone: text("guest_phone"),
    guestNotes: text("guest_notes"),
    startsAt: moment("starts_at").notNull(),
    endsAt: moment("ends_at").notNull(),
    timezone: text("timezone").notNull(),
    meetingUrl: text("meeting_url"),
    calendarCreationClaimed: boolean("calendar_creation_claimed").notNull().default(false),
    imported: boolean("imported").notNull().default(false),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...confidential(t.guestEmail, t.guestName, t.guestPhone, t.guestNotes, t.meetingUrl),
    index("meetings_org_id_starts_at").on(t.orgId, t.startsAt),
    index("meetings_patient_org_id_starts_at").on(t.patientOrgId, t.startsAt),
    index("meetings_expert_user_id_starts_at").on(t.expertUserId, t.startsAt),
    index("meetings_service_id").on(t.serviceId),
    check("meetings_end_after_start", sql`${t.imported} or ${t.endsAt} > ${t.startsAt}`),
    ...sharedBetween(t.orgId, t.patientOrgId, { read: { permission: "meetings:read" }, write: false, index: false }),
    // Which columns is a matter of grants.sql: time, place and notes; never service, expert, patient or organization.
    ...orgScoped(t.orgId, {
      who: "expert_org",
      read: false,
      write: { permission: "meetings:write" },
      insert: false,
      delete: false,
      index: false,
      keep: [t.patientOrgId, t.serviceId, t.expertUserId],
    }),
    ...allRows("meetings", job.booking, "select", "update"),
    pgPolicy("meetings_insert_job_booking", {
      for: "insert",
      to: job.booking,
      withCheck: every(sql`not ${t.imported}`, ofService(t)),
    }),
    ...claimable("meetings", t.patientOrgId),
    ...[job.payments, fn.busy, fn.check, fn.receipts].flatMap((role) => allRows("meetings", role, "select")),
    ...deletable("meetings", [t.orgId, t.patientOrgId], { released: [t.patientOrgId] }),
  ],
).enableRLS();

/** The patient's organization sees amount, currency and state through the view `meeting_receipts` (functions.sql) and nothing here. */
export const meetingPayments = pgTable(
  "meeting_payments",
  {
    meetingId: uuid("meeting_id")
      .primaryKey()
      .references(() => meetings.id, { onDelete: "cascade" }),
    orgId: orgId(),
    patientOrgId: patientOrgId(),
    stripePaymentIntentId: text("stripe_payment_intent_id").unique(),
    stripeSessionId: text("stripe_session_id").unique(),
    stripePaymentStatus: text("stripe_payment_status").default("pending"),
    stripeAmount: integer("stripe_amount"),
    stripeApplicationFeeAmount: integer("stripe_application_fee_amount"),
    stripeApplicationFeeId: text("stripe_application_fee_id").unique(),
    stripeRefundId: text("stripe_refund_id").unique(),
    stripeMetadata: json("stripe_metadata"),
    stripeTransferId: text("stripe_transfer_id").unique(),
    stripeTransferAmount: integer("stripe_transfer_amount"),
    stripeTransferStatus: text("stripe_transfer_status").default("pending"),
    stripeTransferScheduledAt: moment("stripe_transfer_scheduled_at"),
    stripePayoutId: text("stripe_payout_id").unique(),
    stripePayoutAmount: integer("stripe_payout_amount"),
    stripePayoutFailureCode: text("stripe_payout_failure_code"),
    stripePayoutFailureMessage: text("stripe_payout_failure_message"),
    stripePayoutPaidAt: moment("stripe_payout_paid_at"),
    lastProcessedAt: moment("last_processed_at"),
  },
  (t) => [
    index("meeting_payments_patient_org_id").on(t.patientOrgId),
    ...confidential(t.stripePaymentIntentId, t.stripeSessionId, t.stripeAmount, t.stripeApplicationFeeAmount, t.stripeApplicationFeeId),
    ...confidential(t.stripeRefundId, t.stripeMetadata, t.stripeTransferId, t.stripeTransferAmount, t.stripePayoutId, t.stripePayoutAmount),
    ...confidential(t.stripePayoutFailureCode, t.stripePayoutFailureMessage),
    ...orgScoped(t.orgId, { who: "expert_org", read: { permission: "billing:read" }, write: false }),
    readable("meeting_payments", "fn_receipts", fn.receipts, ownOrg(t.patientOrgId)),
    ...allRows("meeting_payments", job.payments, "select"),
    ...checkedWrites("meeting_payments", job.payments, ofMeeting(t)),
    ...claimable("meeting_payments", t.patientOrgId),
    ...deletable("meeting_payments", [t.orgId, t.patientOrgId], { released: [t.patientOrgId] }),
  ],
).enableRLS();
