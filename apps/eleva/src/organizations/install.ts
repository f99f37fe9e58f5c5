import { type DeletionOptions, type InstalledOrganizations, installOrganizationsWithin } from "@rehome/tenancy";
import type { ClientBase } from "pg";
import { organizations } from "./definition.ts";

// Health records for 20 years and what was paid for 10 are what ELEVA's countries ask of experts; a lawyer of the product confirms both.
const RECORDS = "20 years";
const PAYMENTS = "10 years";

/**
 * To be given to erasePerson: what names a person by the address alone. Transfers to experts repeat the buyer of a pack, and belong to the experts.
 */
export const eraseByAddress: NonNullable<DeletionOptions["archive"]> = async (query, orgId) => {
  await query(
    `update payment_transfers p set guest_name = null, guest_email = null, guest_phone = null
      where tenancy.email_key(lower(p.guest_email)) = any (array(select unnest(d.addresses) from tenancy.deletion d where d.org_id = $1))`,
    [orgId],
  );
};

/**
 * Installs schema `tenancy` with Eleva's organizations. Before the migrations it makes what their policies name, after them the triggers and
 * the grants of its jobs. Within the open transaction of the migrations; may be run again.
 *
 * @param client the installer: a superuser, or the owner of the database with CREATEROLE and BYPASSRLS
 */
export function installElevaOrganizations(client: ClientBase): Promise<InstalledOrganizations> {
  return installOrganizationsWithin(client, {
    definition: organizations,
    columns: { owner: "org_id", party: ["patient_org_id", "buyer_org_id"] },
    productOwnsNames: true,
    archive: {
      "public.records": { keep: RECORDS },
      "public.meetings": { keep: RECORDS },
      "public.meeting_payments": { keep: PAYMENTS },
      "public.payment_transfers": { keep: PAYMENTS },
      "public.pack_purchases": { keep: PAYMENTS },
    },
    // What a person wrote of themselves, in a clinic too. Services and appointments there are the clinic's; they keep the id of somebody who is gone.
    erase: {
      "public.profiles": ["workos_user_id"],
      "public.schedules": ["workos_user_id"],
      "public.scheduling_settings": ["workos_user_id"],
      "public.blocked_dates": ["workos_user_id"],
      "public.user_emails": ["workos_user_id"],
      "public.platform_roles": ["workos_user_id"],
      "public.expert_setup": ["workos_user_id"],
      "public.record_shares": ["grantee_user_id"],
    },
    // The expert keeps the appointment and its accounts when the patient goes, without the person in them.
    release: {
      "public.meetings": {
        patient_org_id: { guest_email: "", guest_name: "", guest_phone: null, guest_notes: null },
      },
      "public.meeting_payments": { patient_org_id: { stripe_metadata: null } },
      "public.pack_purchases": { buyer_org_id: { buyer_email: "", buyer_name: null, buyer_phone: null, stripe_customer_id: null } },
      // A service that a meeting of another organization names stays there for it: nobody's, and not on offer.
      "public.services": { org_id: { workos_user_id: "", description: null, is_active: false } },
    },
  });
}
