import type { WorkOS } from "@workos-inc/node";
import { applyChanges, findMembership, orUndefined } from "./apply.ts";
import { type Change, goneChange, membershipChange, organizationChange } from "./changes.ts";
import { OrganizationError } from "./errors.ts";
import type { RunJob } from "./run.ts";

export interface OwnershipParts {
  workos: WorkOS;
  /** As the job `sync`. */
  run: RunJob;
}

/**
 * Makes another active member the owner. Counts here at once and in one transaction, so that there is one owner at every commit; WorkOS is told
 * after that, and again by the sync loop if this process dies.
 *
 * @throws OrganizationError not_owner, not_a_member, organization_gone, unknown_organization
 */
export async function transferOwnership(parts: OwnershipParts, transfer: { orgId: string; from: string; to: string }): Promise<void> {
  await parts.run((query) => query("select tenancy.transfer_ownership($1, $2, $3)", [transfer.orgId, transfer.from, transfer.to]));
  await pushTransfers(parts, transfer.orgId);
}

/**
 * Tells WorkOS of the transfers it has not heard of: the new owner first, so that WorkOS never has none.
 *
 * @returns how many were settled
 */
export async function pushTransfers({ workos, run }: OwnershipParts, orgId: string | null = null): Promise<number> {
  const { rows: open } = await run((query) =>
    query<{ org_id: string; from_user: string; to_user: string; owner: string; former: string }>(
      `select t.org_id, t.from_user, t.to_user, c.owner_role as owner, c.former_role as former from tenancy.transfer t cross join tenancy.config c
        where $1::text is null or t.org_id = $1`,
      [orgId],
    ),
  );
  for (const { org_id, from_user, to_user, owner, former } of open) {
    const changes: Change[] = [];
    for (const [user, roleSlug] of [
      [to_user, owner],
      [from_user, former],
    ] as const) {
      const membership = await findMembership(workos, org_id, user);
      if (!membership) continue;
      const updated = await orUndefined(workos.userManagement.updateOrganizationMembership(membership.id, { roleSlug }));
      changes.push(updated ? membershipChange(updated) : goneChange("membership", membership.id, { org_id, user_id: user }));
    }
    await run(async (query) => {
      await query("select from tenancy.lock for update");
      await query("delete from tenancy.transfer where org_id = $1 and from_user = $2 and to_user = $3", [org_id, from_user, to_user]);
      await applyChanges(query, changes);
      await query("select tenancy.mirror_memberships(array[$1])", [org_id]);
    });
  }
  return open.length;
}

/**
 * Ends the person's own membership. The owner cannot leave.
 *
 * @throws OrganizationError last_owner, not_a_member
 */
export async function leaveOrganization(
  { workos, run }: OwnershipParts,
  { orgId, userId }: { orgId: string; userId: string },
): Promise<void> {
  const { rows } = await run((query) => query<{ id: string }>("select tenancy.leaving($1, $2) as id", [orgId, userId]));
  const id = rows[0]?.id;
  if (id === undefined) throw new OrganizationError("not_a_member");
  await orUndefined(workos.userManagement.deleteOrganizationMembership(id));
  await run((query) => applyChanges(query, [goneChange("membership", id, { org_id: orgId, user_id: userId })]));
}

/**
 * Changes an organization's type, as declared in `becomes`; an expert's practice becomes a clinic and may invite from then on. The tier stays
 * where the new type has it, else becomes its first.
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
  const updated = await orUndefined(workos.organizations.updateOrganization({ organization: orgId, metadata: { type } }));
  if (updated) await run((query) => applyChanges(query, [organizationChange(updated)]));
}
