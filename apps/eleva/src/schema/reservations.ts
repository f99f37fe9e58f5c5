import { claimable, confidential, deletable, sharedBetween } from "@rehome/tenancy";
import { index, pgPolicy, pgTable, text, unique, uuid } from "drizzle-orm/pg-core";
import { services } from "./catalog.ts";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { orgId, patientOrgId } from "./organizations.ts";
import { allRows, ofService } from "./policies.ts";
import { fn, job } from "./roles.ts";

/** A slot held while a payment voucher is open. */
export const slotReservations = pgTable(
  "slot_reservations",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    patientOrgId: patientOrgId(),
    serviceId: uuid("service_id")
      .notNull()
      .references(() => services.id),
    expertUserId: text("expert_user_id").notNull(),
    guestEmail: text("guest_email").notNull(),
    startsAt: moment("starts_at").notNull(),
    endsAt: moment("ends_at").notNull(),
    expiresAt: moment("expires_at").notNull(),
    stripePaymentIntentId: text("stripe_payment_intent_id").unique(),
    stripeSessionId: text("stripe_session_id").unique(),
    gentleReminderSentAt: moment("gentle_reminder_sent_at"),
    urgentReminderSentAt: moment("urgent_reminder_sent_at"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique("slot_reservations_service_id_starts_at").on(t.serviceId, t.startsAt),
    ...confidential(t.guestEmail, t.stripePaymentIntentId, t.stripeSessionId),
    index("slot_reservations_expert_user_id_starts_at").on(t.expertUserId, t.startsAt),
    index("slot_reservations_expires_at").on(t.expiresAt),
    ...sharedBetween(t.orgId, t.patientOrgId, { read: { permission: "meetings:read" }, write: false }),
    // grants.sql keeps service, expert, organizations and times out of the update. Its check is not the insert's: an imported row may name
    // another expert's service, and would make the reminders of all others fail.
    ...allRows("slot_reservations", job.booking, "select", "update", "delete"),
    pgPolicy("slot_reservations_insert_job_booking", {
      for: "insert",
      to: job.booking,
      withCheck: ofService(t),
    }),
    ...claimable("slot_reservations", t.patientOrgId),
    ...[job.payments, fn.busy, fn.check].flatMap((role) => allRows("slot_reservations", role, "select")),
    ...deletable("slot_reservations", [t.orgId, t.patientOrgId]),
  ],
).enableRLS();
