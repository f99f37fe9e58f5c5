import type { WorkOS } from "@workos-inc/node";
import { applyChanges, orUndefined } from "./apply.ts";
import { FOUNDED, goneChange, membershipChange, organizationChange } from "./changes.ts";
import { gotNoAnswer, OrganizationError } from "./errors.ts";
import type { RunJob } from "./run.ts";

export interface OwnershipParts {
  workos: WorkOS;
  /** As the job `sync`. */
  run: RunJob;
}

/**
 * Ends the person's own membership. An owner cannot leave, nobody leaves the home, and a suspension is not ended by leaving.
 *
 * @throws OrganizationError last_owner; not_a_member (or suspended, here or at WorkOS)
 */
export async function leaveOrganization(
  { workos, run }: OwnershipParts,
  { orgId, userId }: { orgId: string; userId: string },
): Promise<void> {
  const { rows } = await run((query) => query<{ id: string }>("select tenancy.leaving($1, $2) as id", [orgId, userId]));
  const id = rows[0]?.id;
  if (!id) throw new OrganizationError("not_a_member");
  let unanswered = false;
  try {
    const membership = await orUndefined(workos.userManagement.getOrganizationMembership(id));
    if (membership && membership.status !== "active") {
      await run((query) => applyChanges(query, [membershipChange(membership)]));
      throw new OrganizationError("not_a_member");
    }
    if (membership) {
      await orUndefined(workos.userManagement.deleteOrganizationMembership(id)).catch((error: unknown) => {
        unanswered = gotNoAnswer(error);
        throw error;
      });
    }
    await run((query) => applyChanges(query, [goneChange("membership", id, { org_id: orgId, user_id: userId })]));
  } finally {
    // A request without an answer may still arrive: the person stays one who is leaving, whom nobody makes the owner, until that is over.
    if (!unanswered) await run((query) => query("delete from tenancy.departure where org_id = $1 and user_id = $2", [orgId, userId]));
  }
}

/**
 * Changes an organization's type, as declared in `becomes`; an expert's practice becomes a clinic and may invite from then on. The tier stays
 * where the new type has it, else becomes its first. Its founder may found another of the old type then.
 *
 * @throws OrganizationError transition_refused, solo_organization, not_owner, organization_gone
 */
export async function changeOrganizationType<Type extends string>(
  { workos, run }: OwnershipParts,
  change: { orgId: string; actor: string; type: Type; tier?: string },
): Promise<void> {
  const { orgId, actor, type, tier = null } = change;
  await run((query) => query("select tenancy.change_type($1, $2, $3, $4)", [orgId, actor, type, tier]));
  // For whoever looks there, and for a mirror that is built anew.
  const before = await orUndefined(workos.organizations.getOrganization(orgId));
  const stays = !before?.externalId?.startsWith(FOUNDED) || before.externalId.startsWith(`${FOUNDED}${type}:`);
  const updated = await orUndefined(
    workos.organizations.updateOrganization({ organization: orgId, metadata: { type }, ...(stays ? {} : { externalId: null }) }),
  );
  if (updated) await run((query) => applyChanges(query, [organizationChange(updated)]));
}
