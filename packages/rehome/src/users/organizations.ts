import { MoveError } from "../errors.ts";
import type { WantedOrganization } from "./account.ts";
import type { Known, KnownOrganization } from "./known.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

const STATUSES = ["active" as const, "inactive" as const, "pending" as const];

/**
 * Makes one organization of a person and the membership in it what they shall be.
 *
 * @returns what was changed, in words
 * @throws MoveError WORKOS_REFUSED when others are members of an organization that was there, and this person is not
 */
export async function levelOrganization(workos: PacedWorkos, known: Known, wanted: WantedOrganization): Promise<string[]> {
  const there = known.organizations[wanted.kind];
  const changes: string[] = [];
  let found = false;
  const what = `${wanted.what} of ${known.legacyUserId}`;
  if (there.id !== null && there.name !== wanted.name) {
    const id = there.id;
    const updated = await workos.repeatable("other", `rename the ${what}`, () =>
      orNull(workos.sdk.organizations.updateOrganization({ organization: id, name: wanted.name, externalId: wanted.externalId })),
    );
    if (updated) {
      there.updatedAt = updated.updatedAt;
      if (there.name !== null) changes.push(`${wanted.what} name`);
      there.name = wanted.name;
    } else {
      Object.assign(there, { id: null, membershipId: null, name: null, role: null, updatedAt: null, made: false });
      known.attempted = true;
      changes.push(`${wanted.what} made anew: WorkOS had it no more`);
    }
  }
  if (there.id === null) {
    found = !(await makeOrganization(workos, known, there, wanted, what));
    if (changes.length === 0) changes.push(`${wanted.what} made`);
  }
  if (there.membershipId !== null && there.role !== wanted.role) await changeRole(workos, there, wanted, what, changes);
  if (there.membershipId === null) await makeMembership(workos, known, there, wanted, what, found);
  return changes;
}

/** Whether it was created; false when it was there. */
async function makeOrganization(
  workos: PacedWorkos,
  known: Known,
  there: KnownOrganization,
  wanted: WantedOrganization,
  what: string,
): Promise<boolean> {
  const { organizations } = workos.sdk;
  const { value, created } = await workos.once("other", `create the ${what}`, {
    find: () => orNull(organizations.getOrganizationByExternalId(wanted.externalId)),
    create: () =>
      organizations.createOrganization({ name: wanted.name, externalId: wanted.externalId, metadata: { rehome_move: wanted.moveId } }),
    lookFirst: known.attempted,
  });
  const made = created || value.metadata["rehome_move"] === wanted.moveId;
  Object.assign(there, { id: value.id, name: value.name, updatedAt: value.updatedAt, made });
  if (value.name !== wanted.name) {
    const updated = await workos.repeatable("other", `rename the ${what}`, () =>
      organizations.updateOrganization({ organization: value.id, name: wanted.name }),
    );
    Object.assign(there, { name: wanted.name, updatedAt: updated.updatedAt });
  }
  return created;
}

async function makeMembership(
  workos: PacedWorkos,
  known: Known,
  there: KnownOrganization,
  wanted: WantedOrganization,
  what: string,
  organizationWasThere: boolean,
): Promise<void> {
  const { userManagement } = workos.sdk;
  const organizationId = there.id as string;
  const userId = known.userId as string;
  const { value } = await workos.once("write", `create the membership in the ${what}`, {
    find: async () => {
      const own = await userManagement.listOrganizationMemberships({ userId, organizationId, statuses: STATUSES });
      if (own.data[0]?.status === "active") return own.data[0];
      if (own.data.length > 0) return null; // an inactive one becomes active by being created
      const others = await userManagement.listOrganizationMemberships({ organizationId, statuses: STATUSES, limit: 1 });
      if (others.data.length > 0) {
        // Nothing of it is noted: what is taken back of somebody refused must not be other people's organization.
        Object.assign(there, { id: null, membershipId: null, name: null, role: null, updatedAt: null, made: false });
        throw belongsToOthers(organizationId, what);
      }
      return null;
    },
    create: () => userManagement.createOrganizationMembership({ userId, organizationId, roleSlug: wanted.role }),
    lookFirst: known.attempted || organizationWasThere,
  });
  there.membershipId = value.id;
  there.role = value.role.slug;
  if (there.role !== wanted.role) await changeRole(workos, there, wanted, what, []);
}

async function changeRole(
  workos: PacedWorkos,
  there: KnownOrganization,
  wanted: WantedOrganization,
  what: string,
  changes: string[],
): Promise<void> {
  const id = there.membershipId as string;
  const { userManagement } = workos.sdk;
  const updated = await workos.repeatable("write", `change the role in the ${what}`, () =>
    orNull(userManagement.updateOrganizationMembership(id, { roleSlug: wanted.role })),
  );
  if (updated) {
    there.role = wanted.role;
    changes.push(`role in the ${wanted.what}`);
  } else {
    there.membershipId = null;
    changes.push(`membership in the ${wanted.what} made anew: WorkOS had it no more`);
  }
}

const belongsToOthers = (organizationId: string, what: string): MoveError =>
  new MoveError("WORKOS_REFUSED", `The ${what} (${organizationId}) has other members at WorkOS, and that person is none of them.`, {
    next: "If it was given away, take its external id away in the WorkOS dashboard, then run the same command again: a new one is made.",
    refusal: "organization_has_other_members",
  });
