import type { TableRule } from "@rehome/tenancy";

const see = (columns: string): TableRule => ({ read: { rows: () => true, columns: columns.split(" ") } });

/**
 * Roles that nobody logs in as: what a definer function of theirs could reach. The owner of all tables reaches nothing, because row
 * security binds it too.
 */
export function internalRules(role: string): Record<string, TableRule> {
  return RULES[role] ?? {};
}

export const INTERNAL_ROLES = [
  "rehome_owner",
  "rehome_guard",
  "rehome_fn_busy",
  "rehome_fn_check",
  "rehome_fn_receipts",
  "rehome_fn_numbers",
  "rehome_fn_organizations",
  "rehome_fn_confidential",
];

const RULES: Readonly<Record<string, Record<string, TableRule>>> = {
  rehome_guard: { memberships: see("org_id workos_user_id role_slug permissions status") },
  rehome_fn_busy: {
    profiles: see("workos_user_id org_id published"),
    meetings: see("org_id expert_user_id starts_at ends_at"),
    slot_reservations: see("org_id expert_user_id starts_at ends_at expires_at"),
    blocked_dates: see("org_id workos_user_id date timezone"),
  },
  rehome_fn_check: {
    memberships: see("org_id workos_user_id status"),
    services: see("id org_id"),
    meetings: see("service_id"),
    slot_reservations: see("service_id"),
    records: see("id patient_org_id"),
  },
  rehome_fn_organizations: {
    // It locks rows, which asks for the right to update them; no update succeeds.
    organizations: { ...see("id name slug type tier"), update: { rows: () => true, to: () => false, columns: ["claimed"] } },
    memberships: see("org_id workos_user_id role_slug status"),
  },
  rehome_fn_receipts: {
    meetings: see("id service_id"),
    services: see("id currency"),
    // Of the asking organization only, and the role itself asks as nobody.
    meeting_payments: {
      read: { rows: () => false, columns: ["meeting_id", "patient_org_id", "stripe_amount", "stripe_payment_status"] },
    },
  },
};
