import type { Source } from "./source.ts";

export interface ReferenceMembership {
  id: string;
  role: string;
  status: "active" | "invited" | "suspended";
}

/**
 * What the mirror must be when everything is quiet, from the source as it is: plain loops that share nothing with the SQL. Keys are
 * `organization/user`.
 */
export function expectedMemberships(
  source: Source,
  soloTypes: ReadonlySet<string>,
  knownTypes: ReadonlySet<string>,
): Record<string, ReferenceMembership> {
  const expected: Record<string, ReferenceMembership> = {};
  for (const organization of source.organizations.values()) {
    const type = organization.metadata["type"];
    if (type === undefined || !knownTypes.has(type)) continue; // no row here, so nobody is in it
    const members = [...source.memberships.values()].filter(
      (one) => one.organization_id === organization.id && source.users.has(one.user_id),
    );
    const byAge = members.toSorted((a, b) => (`${a.created_at} ${a.id}` < `${b.created_at} ${b.id}` ? -1 : 1));
    const active = byAge.filter((one) => one.status === "active");
    const owner = active.find((one) => one.role === "owner");
    const seat = owner ?? active[0];
    for (const one of byAge) {
      const displaced = soloTypes.has(type) && one.status === "active" && one !== seat;
      const lowered = one.status === "active" && one.role === "owner" && one !== owner;
      expected[`${organization.id}/${one.user_id}`] = {
        id: one.id,
        role: lowered ? "admin" : one.role,
        status: one.status === "pending" ? "invited" : one.status === "inactive" || displaced ? "suspended" : "active",
      };
    }
  }
  return expected;
}

/** Rows of users: whoever has a personal organization of a known type. */
export function expectedUsers(source: Source, knownTypes: ReadonlySet<string>): Record<string, { email: string; verified: boolean }> {
  const expected: Record<string, { email: string; verified: boolean }> = {};
  for (const organization of source.organizations.values()) {
    const user = source.users.get(organization.external_id?.replace("personal:", "") ?? "");
    if (user && knownTypes.has(organization.metadata["type"] ?? ""))
      expected[user.id] = { email: user.email, verified: user.email_verified };
  }
  return expected;
}

export function expectedInvitations(
  source: Source,
  soloTypes: ReadonlySet<string>,
  knownTypes: ReadonlySet<string>,
): Record<string, string> {
  const expected: Record<string, string> = {};
  for (const invitation of source.invitations.values()) {
    const type = source.organizations.get(invitation.organization_id)?.metadata["type"] ?? "";
    if (!knownTypes.has(type) || (soloTypes.has(type) && invitation.state === "pending")) continue;
    expected[invitation.id] = invitation.state;
  }
  return expected;
}
