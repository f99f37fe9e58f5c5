// Said here again, not derived: every verb of the mover reads this file, and organizations/definition.ts loads @rehome/tenancy, for a second. That
// both mean the same is held by organizations/organizations.test.ts.
/** What an owner of an organization may do, spelled out: WorkOS has no wildcards. */
const RESOURCES = ["profile", "services", "schedule", "meetings", "records", "packs", "billing", "members", "organization"] as const;
const all = RESOURCES.flatMap((resource) => [`${resource}:read`, `${resource}:write`]);

/** WorkOS roles of every Eleva organization. */
export const workosRoles = {
  owner: { name: "Owner", permissions: all },
  admin: { name: "Admin", permissions: all.filter((permission) => permission !== "organization:write") },
  member: {
    name: "Member",
    permissions: ["profile:read", "services:read", "schedule:read", "schedule:write", "meetings:read", "meetings:write"],
  },
  billing_admin: { name: "Billing admin", permissions: ["billing:read", "billing:write", "meetings:read"] },
};
