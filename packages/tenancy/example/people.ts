import type { PersonaKind } from "@rehome/tenancy";

interface Person {
  name: string;
  kind: PersonaKind;
  user: string;
  org: string;
  /** The row in memberships; none for people who were never members, or are no more. */
  membership?: { role: string; permissions: string[]; status: "active" | "suspended" };
}

const ALL = ["projects:*", "engagements:write"];
const active = (role: string, permissions: string[]) => ({ role, permissions, status: "active" as const });

/** Alder is an agency, Birch its client. */
export const PEOPLE: readonly Person[] = [
  { name: "Olga, owner of Alder", kind: "owner", user: "user_olga", org: "org_alder", membership: active("owner", ALL) },
  { name: "Ada, admin of Alder", kind: "admin", user: "user_ada", org: "org_alder", membership: active("admin", ALL) },
  { name: "Max, member of Alder", kind: "member", user: "user_max", org: "org_alder", membership: active("member", ["tasks:read"]) },
  { name: "Bill, billing at Alder", kind: "billing admin", user: "user_bill", org: "org_alder", membership: active("billing_admin", []) },
  { name: "Bea, owner of Birch", kind: "other owner", user: "user_bea", org: "org_birch", membership: active("owner", ALL) },
  {
    name: "Sam, suspended",
    kind: "suspended",
    user: "user_sam",
    org: "org_alder",
    membership: { ...active("admin", ALL), status: "suspended" },
  },
  { name: "Rae, removed", kind: "removed", user: "user_rae", org: "org_alder" },
  { name: "Zoe, stranger", kind: "stranger", user: "user_zoe", org: "org_elsewhere" },
];

export const JOBS = ["sync", "digest"] as const;
