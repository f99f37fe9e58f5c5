import { defineOrganizations } from "@rehome/tenancy";

/**
 * Eleva's types of organization, tiers, features, roles and permissions: the one place where they stand. WorkOS gets the roles from here, the
 * database its rows of schema `tenancy`. Which cell of the matrix holds is our reading of the product's pages: docs/organizations.md.
 */
export const organizations = defineOrganizations({
  tiers: ["free", "starter", "professional", "clinic", "enterprise"],
  types: {
    patient_personal: { members: "one", personal: true, tiers: ["free"] },
    expert_individual: { members: "one", tiers: ["free", "starter", "professional"], becomes: ["clinic"] },
    clinic: { members: "many", tiers: ["clinic", "enterprise"] },
    educational_institution: { members: "many", tiers: ["professional", "enterprise"] },
  },
  features: {
    book_meetings: { patient_personal: "free", expert_individual: "free", clinic: "clinic", educational_institution: "professional" },
    own_records: { patient_personal: "free" },
    offer_services: { expert_individual: "free", clinic: "clinic" },
    session_packs: { expert_individual: "starter", clinic: "clinic" },
    calendar: { expert_individual: "free", clinic: "clinic" },
    invite_members: { clinic: "clinic", educational_institution: "professional" },
    shared_schedule: { clinic: "clinic" },
    single_sign_on: { clinic: "enterprise", educational_institution: "enterprise" },
    audit_export: { expert_individual: "professional", clinic: "clinic", educational_institution: "professional" },
  },
  permissions: ["profile", "services", "schedule", "meetings", "records", "packs", "billing", "members", "organization"].flatMap(
    (resource) => [`${resource}:read`, `${resource}:write`],
  ),
  roles: {
    owner: ["*"],
    admin: ["profile:*", "services:*", "schedule:*", "meetings:*", "records:*", "packs:*", "billing:*", "members:*", "organization:read"],
    member: ["profile:read", "services:read", "schedule:*", "meetings:*"],
    billing_admin: ["billing:*", "meetings:read"],
  },
  ownerRole: "owner",
  formerOwnerRole: "admin",
});
