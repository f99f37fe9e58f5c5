import type { Heard } from "./heard.ts";
import type { Source, SourceMembership, SourceOrganization } from "./source.ts";

export interface ReferenceMembership {
  id: string;
  role: string;
  status: "active" | "invited" | "suspended";
}

/** What the declaration says of types. */
export interface ReferenceTypes {
  known: ReadonlySet<string>;
  solo: ReadonlySet<string>;
  personal: string;
}

/** Whose home an organization is. */
function personOf({ external_id, metadata }: SourceOrganization, { personal }: ReferenceTypes): string | undefined {
  return metadata["type"] === personal ? external_id?.replace("personal:", "") : undefined;
}

/** Who may own an organization: whom WorkOS calls owner, and in a home nobody but the person. */
function candidates(members: readonly SourceMembership[], person: string | undefined): SourceMembership[] {
  return members.filter((one) => one.role === "owner" && (person === undefined ? one.status !== "pending" : one.user_id === person));
}

/**
 * What the mirror must be when everything is quiet, from the source as it is, from what was heard of suspensions, and from who owned until now: plain
 * loops that share nothing with the SQL. Keys are `organization/user`.
 *
 * @param owned who owned each organization until now: stays the owner as long as WorkOS says so
 * @param seen whom the mirror calls owner: taken for one whom nobody preceded, if WorkOS calls that one owner, an active one before others
 */
export function expectedMemberships(
  source: Source,
  types: ReferenceTypes,
  heard: Heard,
  owned: ReadonlyMap<string, string>,
  seen: ReadonlyMap<string, string>,
): Record<string, ReferenceMembership> {
  const expected: Record<string, ReferenceMembership> = {};
  for (const organization of source.organizations.values()) {
    const { id: org } = organization;
    const type = organization.metadata["type"];
    if (type === undefined || !types.known.has(type)) continue; // no row here, so nobody is in it
    const members = [...source.memberships.values()].filter((one) => one.organization_id === org && source.users.has(one.user_id));
    const byAge = members.toSorted((a, b) => (`${a.created_at} ${a.id}` < `${b.created_at} ${b.id}` ? -1 : 1));
    const counts = (one: SourceMembership) => one.status === "active" && !heard.isHeld(org, one.user_id);
    const person = personOf(organization, types);
    const may = candidates(byAge, person);
    const first = may.some(counts) ? may.filter(counts) : may;
    const owner = may.find((one) => one.user_id === owned.get(org)) ?? first.find((one) => one.user_id === seen.get(org)) ?? first[0];
    const seat = person ?? owner?.user_id ?? byAge.find(counts)?.user_id;
    for (const one of byAge) {
      const displaced = types.solo.has(type) && one.user_id !== seat;
      expected[`${org}/${one.user_id}`] = {
        id: one.id,
        role: one.role === "owner" && one !== owner ? "admin" : one.role,
        status: one.status === "pending" ? "invited" : !counts(one) || displaced ? "suspended" : "active",
      };
    }
  }
  return expected;
}

/** Rows of users: whoever has a home. */
export function expectedUsers(source: Source, types: ReferenceTypes): Record<string, { email: string; verified: boolean }> {
  const expected: Record<string, { email: string; verified: boolean }> = {};
  for (const organization of source.organizations.values()) {
    const user = source.users.get(personOf(organization, types) ?? "");
    if (user) expected[user.id] = { email: user.email, verified: user.email_verified };
  }
  return expected;
}

export function expectedInvitations(source: Source, { solo, known }: ReferenceTypes): Record<string, string> {
  const expected: Record<string, string> = {};
  for (const invitation of source.invitations.values()) {
    const type = source.organizations.get(invitation.organization_id)?.metadata["type"] ?? "";
    if (!known.has(type) || (solo.has(type) && invitation.state === "pending")) continue;
    expected[invitation.id] = invitation.state;
  }
  return expected;
}
