import type { Row, TableRule, World } from "@rehome/tenancy";
import { deletionRules } from "./deletion.ts";
import { factsOf } from "./facts.ts";

const all = () => true;
const words = (text: string) => text.trim().split(/\s+/);
const read = (columns?: string): TableRule => ({ read: { rows: all, ...(columns ? { columns: words(columns) } : {}) } });

/** Read whole; made, and changed in these columns, as long as the row then fulfils `fit`. */
const written = (fit: (row: Row) => boolean, columns: string): TableRule => ({
  ...read(),
  insert: { rows: fit },
  update: { rows: all, to: fit, columns: words(columns) },
});

/** What a background job may do: the tables of its task, all rows of them; never whose a row is. A job that is not here may nothing. */
export function jobRules(world: World, job: string): Record<string, TableRule> {
  return JOBS[job]?.(world) ?? {};
}

const JOBS: Readonly<Record<string, (world: World) => Record<string, TableRule>>> = {
  booking(world) {
    const { isClaimed } = factsOf(world);
    const ofGuest = (row: Row) => isClaimed(row["org_id"]) === false;
    return {
      profiles: read(),
      services: read(),
      schedules: read(),
      schedule_availabilities: read(),
      scheduling_settings: read(),
      blocked_dates: read(),
      users: read("workos_user_id org_id email email_verified"),
      user_emails: read("workos_user_id org_id email verified"),
      organizations: {
        ...read(),
        insert: {
          rows: (row) =>
            row["claimed"] === false && /^guest_/.test(String(row["id"])) && row["type"] === "patient_personal" && row["tier"] === "free",
        },
      },
      meetings: {
        ...read(),
        insert: { rows: (row) => row["imported"] === false && ofOwnService(world, row) },
        update: { rows: all, columns: words("meeting_url calendar_creation_claimed updated_at") },
      },
      slot_reservations: {
        ...read(),
        insert: { rows: (row) => ofOwnService(world, row) },
        update: {
          rows: all,
          columns: words(
            "expires_at stripe_payment_intent_id stripe_session_id gentle_reminder_sent_at urgent_reminder_sent_at updated_at",
          ),
        },
        delete: { rows: all },
      },
      guests: { ...read(), insert: { rows: ofGuest }, update: { rows: all, to: ofGuest, columns: ["name"] } },
    };
  },

  payments(world) {
    const { find } = factsOf(world);
    const ofUser = (row: Row) => ofUserRow(world, row);
    const ofMeeting = (row: Row) => {
      const meeting = find("meetings", row["meeting_id"]);
      return meeting !== undefined && meeting["org_id"] === row["org_id"] && meeting["patient_org_id"] === row["patient_org_id"];
    };
    const ofPack = (row: Row) => find("session_packs", row["pack_id"])?.["org_id"] === row["org_id"];
    return {
      services: read(),
      session_packs: read(),
      slot_reservations: read(),
      meetings: read(`id org_id patient_org_id service_id expert_user_id guest_email guest_name guest_phone starts_at ends_at timezone`),
      users: read("id workos_user_id org_id email country"),
      stripe_processed_events: { ...read(), insert: { rows: all } },
      billing_accounts: written(
        ofUser,
        `stripe_customer_id subscription_id subscription_status subscription_price_id subscription_current_period_end
            subscription_canceled_at has_had_subscription`,
      ),
      payout_accounts: written(
        ofUser,
        `stripe_connect_account_id stripe_connect_details_submitted stripe_connect_charges_enabled
            stripe_connect_payouts_enabled stripe_connect_onboarding_complete stripe_bank_account_last4 stripe_bank_name`,
      ),
      service_stripe: { ...read(), insert: { rows: all }, update: { rows: all, columns: ["stripe_product_id", "stripe_price_id"] } },
      session_pack_stripe: { ...read(), insert: { rows: all }, update: { rows: all, columns: ["stripe_product_id", "stripe_price_id"] } },
      meeting_payments: written(
        ofMeeting,
        `stripe_payment_intent_id stripe_session_id stripe_payment_status stripe_amount stripe_application_fee_amount
            stripe_application_fee_id stripe_refund_id stripe_metadata stripe_transfer_id stripe_transfer_amount stripe_transfer_status
            stripe_transfer_scheduled_at stripe_payout_id stripe_payout_amount stripe_payout_failure_code stripe_payout_failure_message
            stripe_payout_paid_at last_processed_at`,
      ),
      payment_transfers: {
        ...read(),
        insert: { rows: all },
        update: {
          rows: all,
          columns: words(`amount platform_fee scheduled_transfer_time status transfer_id payout_id stripe_error_code stripe_error_message
            retry_count requires_approval admin_user_id admin_notes notified_at updated_at`),
        },
      },
      pack_purchases: written(
        ofPack,
        `buyer_name buyer_phone stripe_customer_id stripe_session_id stripe_payment_intent_id stripe_coupon_id
            stripe_promotion_code_id currency gross_amount platform_fee net_amount max_redemptions redemptions_used expires_at status updated_at`,
      ),
    };
  },

  sync() {
    const mirrored: TableRule = { ...read(), insert: { rows: all }, update: { rows: all } };
    const kept: TableRule = { ...mirrored, delete: { rows: all } };
    return { organizations: mirrored, users: mirrored, invitations: mirrored, memberships: kept, user_emails: kept, platform_roles: kept };
  },

  admin(world) {
    const { find } = factsOf(world);
    const ofProfile = (row: Row) => find("profiles", row["profile_id"])?.["org_id"] === row["org_id"];
    return {
      categories: { ...read(), insert: { rows: all }, update: { rows: all }, delete: { rows: all } },
      profiles: read(),
      profile_standing: written(
        ofProfile,
        `is_verified is_top_expert display_order practitioner_agreement_accepted_at practitioner_agreement_version
            practitioner_agreement_ip_address`,
      ),
    };
  },

  setup() {
    return {
      expert_setup: { ...read(), insert: { rows: all }, update: { rows: all }, delete: { rows: all } },
      users: read("id workos_user_id org_id"),
      platform_roles: read(),
      profiles: read(),
      services: read(),
      schedules: read(),
      schedule_availabilities: read(),
      payout_accounts: read("workos_user_id stripe_connect_charges_enabled stripe_connect_payouts_enabled"),
      identity_verifications: read("workos_user_id stripe_identity_verified"),
    };
  },

  identity(world) {
    const ofUser = (row: Row) => ofUserRow(world, row);
    return {
      users: read("id workos_user_id org_id"),
      identity_verifications: written(
        ofUser,
        `stripe_identity_verification_id stripe_identity_verified stripe_identity_verification_status
            stripe_identity_verification_last_checked`,
      ),
    };
  },

  claim(world) {
    const { isClaimed } = factsOf(world);
    const given = (key: string, party: string): TableRule => ({
      ...read(`${key} ${party}`),
      update: { rows: (row) => isClaimed(row[party]) === false, to: (after) => isClaimed(after[party]) === true, columns: [party] },
    });
    const unclaimed = (row: Row) => row["claimed"] === false;
    return {
      // Locked, and deleted once nothing is left of the guest.
      organizations: {
        ...read(),
        update: { rows: unclaimed, to: unclaimed, columns: ["claimed"] },
        delete: { rows: (row) => unclaimed(row) && /^guest_/.test(String(row["id"])) },
      },
      guests: { ...read(), update: { rows: all, to: () => false }, delete: { rows: all } }, // an update locks, and changes nothing
      users: read("workos_user_id org_id email email_verified"),
      user_emails: read("workos_user_id org_id email verified"),
      meetings: given("id", "patient_org_id"),
      records: given("id", "patient_org_id"),
      slot_reservations: given("id", "patient_org_id"),
      meeting_payments: given("meeting_id", "patient_org_id"),
      pack_purchases: given("id", "buyer_org_id"),
    };
  },

  deletion: (world) => deletionRules(world),
};

/** A meeting or reservation names a service together with that service's own expert and organization. */
function ofOwnService(world: World, row: Row): boolean {
  const service = factsOf(world).find("services", row["service_id"]);
  return service !== undefined && service["org_id"] === row["org_id"] && service["workos_user_id"] === row["expert_user_id"];
}

/** The row names a user together with that user's own person and organization. */
function ofUserRow(world: World, row: Row): boolean {
  const user = factsOf(world).find("users", row["user_row_id"]);
  return user !== undefined && user["org_id"] === row["org_id"] && user["workos_user_id"] === row["workos_user_id"];
}
