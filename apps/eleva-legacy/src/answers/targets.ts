import type { LegacyTable, Row } from "../world.ts";
import { at, type Known, party, someone, type TargetRow, type TargetValue } from "./known.ts";
import { isExpert, userTargets } from "./persons.ts";

export function keyColumn(table: LegacyTable): string {
  return table === "stripe_processed_events" ? "event_id" : "id";
}

/** The target rows of a legacy row that moves, column by column as docs/mapping.md says. */
export function targetRows(known: Known, table: LegacyTable, row: Row): TargetRow[] {
  return TARGETS[table](row, known);
}

/** Columns that keep their name and value. */
function same(row: Row, ...columns: string[]): Record<string, TargetValue> {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
}

const user = (row: Row, column: string): TargetValue => ({ $user: String(row[column]) });
/** Where a row of an expert lies: in the owner's practice, else in the home. */
function org(known: Known, row: Row, column: string): TargetValue {
  const id = String(row[column]);
  const owner = known.moved.get(id);
  return owner && isExpert(owner) ? { $practice: id } : { $org: id };
}

const TARGETS: Record<LegacyTable, (row: Row, known: Known) => TargetRow[]> = {
  users: (row, known) => userTargets(known, row),
  categories: (row) => [
    {
      table: "categories",
      row: {
        ...same(row, "id", "name", "description", "image"),
        parent_id: row["parentId"] ?? null,
        created_at: at(row["createdAt"]),
        updated_at: at(row["updatedAt"]),
      },
    },
  ],
  profiles: (row, known) => [
    {
      table: "profiles",
      row: {
        ...same(row, "id", "headline", "published"),
        workos_user_id: user(row, "clerkUserId"),
        org_id: org(known, row, "clerkUserId"),
        profile_picture: row["profilePicture"] ?? null,
        first_name: row["firstName"] ?? null,
        last_name: row["lastName"] ?? null,
        short_bio: row["shortBio"] ?? null,
        long_bio: row["longBio"] ?? null,
        primary_category_id: row["primaryCategoryId"] ?? null,
        secondary_category_id: row["secondaryCategoryId"] ?? null,
        social_links: row["socialLinks"] ?? null,
        created_at: at(row["createdAt"]),
        updated_at: at(row["updatedAt"]),
      },
    },
    {
      table: "profile_standing",
      row: {
        profile_id: row["id"] ?? null,
        org_id: org(known, row, "clerkUserId"),
        is_verified: row["isVerified"] ?? null,
        is_top_expert: row["isTopExpert"] ?? null,
        display_order: row["order"] ?? null,
        practitioner_agreement_accepted_at: at(row["practitioner_agreement_accepted_at"]),
        ...same(row, "practitioner_agreement_version", "practitioner_agreement_ip_address"),
      },
    },
  ],
  events: (row, known) => [
    {
      table: "services",
      row: {
        ...same(row, "id", "name", "slug", "description", "currency"),
        duration_minutes: row["durationInMinutes"] ?? null,
        workos_user_id: user(row, "clerkUserId"),
        org_id: org(known, row, "clerkUserId"),
        is_active: row["isActive"] ?? null,
        display_order: row["order"] ?? null,
        price_cents: row["price"] ?? null,
        created_at: at(row["createdAt"]),
        updated_at: at(row["updatedAt"]),
      },
    },
    {
      table: "service_stripe",
      row: {
        service_id: row["id"] ?? null,
        org_id: org(known, row, "clerkUserId"),
        stripe_product_id: row["stripeProductId"] ?? null,
        stripe_price_id: row["stripePriceId"] ?? null,
      },
    },
  ],
  schedules: (row, known) => [
    {
      table: "schedules",
      row: {
        ...same(row, "id", "timezone"),
        workos_user_id: user(row, "clerkUserId"),
        org_id: org(known, row, "clerkUserId"),
        created_at: at(row["createdAt"]),
        updated_at: at(row["updatedAt"]),
      },
    },
  ],
  scheduleAvailabilities: (row, known) => [
    {
      table: "schedule_availabilities",
      row: {
        id: row["id"] ?? null,
        schedule_id: row["scheduleId"] ?? null,
        start_time: row["startTime"] ?? null,
        end_time: row["endTime"] ?? null,
        day_of_week: row["dayOfWeek"] ?? null,
        org_id: org(known, parentOf(known, "schedules", row["scheduleId"]), "clerkUserId"),
      },
    },
  ],
  scheduling_settings: (row, known) => [
    {
      table: "scheduling_settings",
      row: {
        ...same(row, "id", "before_event_buffer", "after_event_buffer", "minimum_notice", "time_slot_interval", "booking_window_days"),
        workos_user_id: user(row, "user_id"),
        org_id: org(known, row, "user_id"),
        created_at: at(row["created_at"]),
        updated_at: at(row["updated_at"]),
      },
    },
  ],
  blocked_dates: (row, known) => [
    {
      table: "blocked_dates",
      row: {
        ...same(row, "id", "date", "timezone", "reason"),
        workos_user_id: user(row, "clerk_user_id"),
        org_id: org(known, row, "clerk_user_id"),
        created_at: at(row["created_at"]),
        updated_at: at(row["updated_at"]),
      },
    },
  ],
  meetings: (row, known) => [meeting(row, known), meetingPayment(row, known)],
  records: (row, known) => [
    {
      table: "records",
      row: {
        ...same(row, "id", "meeting_id", "guest_email", "encrypted_content", "encrypted_metadata", "version"),
        expert_user_id: user(row, "expert_id"),
        org_id: org(known, row, "expert_id"),
        patient_org_id: party(known, row["guest_email"]),
        last_modified_at: at(row["last_modified_at"]),
        created_at: at(row["created_at"]),
      },
    },
  ],
  payment_transfers: (row, known) => [
    {
      table: "payment_transfers",
      row: {
        ...same(
          row,
          "id",
          "payment_intent_id",
          "checkout_session_id",
          "event_id",
          "expert_connect_account_id",
          "amount",
          "currency",
          "platform_fee",
        ),
        ...same(row, "status", "transfer_id", "payout_id", "stripe_error_code", "stripe_error_message", "retry_count", "requires_approval"),
        ...same(row, "admin_notes", "guest_name", "guest_email", "guest_phone", "service_name"),
        expert_user_id: user(row, "expert_clerk_user_id"),
        org_id: org(known, row, "expert_clerk_user_id"),
        admin_user_id: someone(known, row["admin_user_id"]),
        session_start_time: at(row["session_start_time"]),
        scheduled_transfer_time: at(row["scheduled_transfer_time"]),
        notified_at: at(row["notified_at"]),
        created_at: at(row["created"]),
        updated_at: at(row["updated"]),
      },
    },
  ],
  slot_reservations: (row, known) => [
    {
      table: "slot_reservations",
      row: {
        ...same(row, "id", "guest_email", "stripe_payment_intent_id", "stripe_session_id"),
        service_id: row["event_id"] ?? null,
        expert_user_id: user(row, "clerk_user_id"),
        org_id: org(known, row, "clerk_user_id"),
        patient_org_id: party(known, row["guest_email"]),
        starts_at: at(row["start_time"]),
        ends_at: at(row["end_time"]),
        expires_at: at(row["expires_at"]),
        gentle_reminder_sent_at: at(row["gentle_reminder_sent_at"]),
        urgent_reminder_sent_at: at(row["urgent_reminder_sent_at"]),
        created_at: at(row["created_at"]),
        updated_at: at(row["updated_at"]),
      },
    },
  ],
  session_packs: (row, known) => [
    {
      table: "session_packs",
      row: {
        ...same(row, "id", "name", "description", "sessions_count", "currency", "is_active", "expiration_days"),
        service_id: row["event_id"] ?? null,
        workos_user_id: user(row, "clerk_user_id"),
        org_id: org(known, row, "clerk_user_id"),
        price_cents: row["price"] ?? null,
        created_at: at(row["created_at"]),
        updated_at: at(row["updated_at"]),
      },
    },
    {
      table: "session_pack_stripe",
      row: { pack_id: row["id"] ?? null, org_id: org(known, row, "clerk_user_id"), ...same(row, "stripe_product_id", "stripe_price_id") },
    },
  ],
  pack_purchases: (row, known) => [
    {
      table: "pack_purchases",
      row: {
        ...same(
          row,
          "id",
          "pack_id",
          "buyer_email",
          "buyer_name",
          "buyer_phone",
          "pack_name_snapshot",
          "service_name_snapshot",
          "stripe_customer_id",
        ),
        ...same(
          row,
          "stripe_session_id",
          "stripe_payment_intent_id",
          "stripe_coupon_id",
          "stripe_promotion_code_id",
          "currency",
          "gross_amount",
        ),
        ...same(row, "platform_fee", "net_amount", "promotion_code", "max_redemptions", "redemptions_used", "status"),
        expert_user_id: someone(known, row["expert_clerk_user_id"]),
        org_id: org(known, parentOf(known, "session_packs", row["pack_id"]), "clerk_user_id"),
        buyer_org_id: party(known, row["buyer_email"]),
        expires_at: at(row["expires_at"]),
        created_at: at(row["created_at"]),
        updated_at: at(row["updated_at"]),
      },
    },
  ],
  stripe_processed_events: (row) => [
    { table: "stripe_processed_events", row: { ...same(row, "event_id", "event_type"), processed_at: at(row["processed_at"]) } },
  ],
};

function meeting(row: Row, known: Known): TargetRow {
  return {
    table: "meetings",
    row: {
      ...same(row, "id", "timezone", "calendar_creation_claimed"),
      service_id: row["eventId"] ?? null,
      expert_user_id: user(row, "clerkUserId"),
      org_id: org(known, row, "clerkUserId"),
      guest_email: row["guestEmail"] ?? null,
      patient_org_id: party(known, row["guestEmail"]),
      guest_name: row["guestName"] ?? null,
      guest_phone: row["guestPhone"] ?? null,
      guest_notes: row["guestNotes"] ?? null,
      starts_at: at(row["startTime"]),
      ends_at: at(row["endTime"]),
      meeting_url: row["meetingUrl"] ?? null,
      imported: true,
      created_at: at(row["createdAt"]),
      updated_at: at(row["updatedAt"]),
    },
  };
}

function meetingPayment(row: Row, known: Known): TargetRow {
  return {
    table: "meeting_payments",
    row: {
      meeting_id: row["id"] ?? null,
      org_id: org(known, row, "clerkUserId"),
      patient_org_id: party(known, row["guestEmail"]),
      stripe_payment_intent_id: row["stripePaymentIntentId"] ?? null,
      stripe_session_id: row["stripeSessionId"] ?? null,
      stripe_payment_status: row["stripePaymentStatus"] ?? null,
      stripe_amount: row["stripeAmount"] ?? null,
      stripe_application_fee_amount: row["stripeApplicationFeeAmount"] ?? null,
      stripe_application_fee_id: row["stripeApplicationFeeId"] ?? null,
      stripe_refund_id: row["stripeRefundId"] ?? null,
      stripe_metadata: row["stripeMetadata"] ?? null,
      stripe_transfer_id: row["stripeTransferId"] ?? null,
      stripe_transfer_amount: row["stripeTransferAmount"] ?? null,
      stripe_transfer_status: row["stripeTransferStatus"] ?? null,
      stripe_transfer_scheduled_at: at(row["stripeTransferScheduledAt"]),
      ...same(row, "stripe_payout_id", "stripe_payout_amount", "stripe_payout_failure_code", "stripe_payout_failure_message"),
      stripe_payout_paid_at: at(row["stripe_payout_paid_at"]),
      last_processed_at: at(row["lastProcessedAt"]),
    },
  };
}

function parentOf(known: Known, table: "schedules" | "session_packs", id: unknown): Row {
  const parent = known.tables[table].find((row) => row["id"] === id);
  if (!parent)
    throw new Error(`A row references a row of ${table} that is not there. The generator made a world that Postgres would refuse.`);
  return parent;
}
