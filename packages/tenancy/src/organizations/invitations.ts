import type { Invitation, WorkOS } from "@workos-inc/node";
import { applyChanges } from "./apply.ts";
import { invitationChange } from "./changes.ts";
import { OrganizationError, workosCodes, workosStatus } from "./errors.ts";
import type { RunJob } from "./run.ts";

const DAYS = 7;

export interface InvitationParts {
  workos: WorkOS;
  /** As the job `sync`. */
  run: RunJob;
}

/**
 * Invites an address into an organization, with a role, for seven days. WorkOS sends the mail. Whether the inviter may is the caller's check
 * (`auth.has_permission('members:write')`, in the inviter's own transaction).
 *
 * @throws OrganizationError owner_role, solo_organization, unknown_role, organization_gone, workos_refused (already invited, already a member)
 */
export async function inviteMember(
  parts: InvitationParts,
  invitation: { orgId: string; email: string; roleSlug: string; inviterUserId: string },
): Promise<{ id: string; expiresAt: string }> {
  const { orgId, email, roleSlug, inviterUserId } = invitation;
  await parts.run((query) => query("select tenancy.check_inviting($1, $2)", [orgId, roleSlug]));
  return await record(parts, () =>
    parts.workos.userManagement.sendInvitation({ email, organizationId: orgId, roleSlug, inviterUserId, expiresInDays: DAYS }),
  );
}

/** One invitation of an organization. */
export interface InvitationOf {
  /** Whose it must be; the mirror is asked. */
  orgId: string;
  id: string;
}

/**
 * Sends the mail again. Whether the caller may is asked before, as for inviteMember.
 *
 * @throws OrganizationError unknown_invitation (not of this organization); workos_refused (no longer pending)
 */
export async function resendInvitation(parts: InvitationParts, { orgId, id }: InvitationOf): Promise<{ id: string; expiresAt: string }> {
  await parts.run((query) => query("select tenancy.check_invitation_of($1, $2)", [orgId, id]));
  return await record(parts, () => parts.workos.userManagement.resendInvitation(id));
}

/** @throws OrganizationError unknown_invitation (not of this organization); workos_refused (no longer pending) */
export async function revokeInvitation(parts: InvitationParts, { orgId, id }: InvitationOf): Promise<void> {
  await parts.run((query) => query("select tenancy.check_invitation_of($1, $2)", [orgId, id]));
  await record(parts, () => parts.workos.userManagement.revokeInvitation(id));
}

/** Marks invitations whose seven days are over. @returns how many */
export async function expireInvitations({ run }: Pick<InvitationParts, "run">): Promise<number> {
  const { rows } = await run((query) => query<{ n: number }>("select tenancy.expire_invitations() as n"));
  return rows[0]?.n ?? 0;
}

async function record({ run }: InvitationParts, request: () => Promise<Invitation>): Promise<{ id: string; expiresAt: string }> {
  const invitation = await request().catch((error: unknown) => {
    const status = workosStatus(error);
    if (status === undefined || status === 429 || status >= 500) throw error;
    throw new OrganizationError("workos_refused", {
      message: `WorkOS refused the invitation (${[status, ...workosCodes(error)].join(", ")}).`,
      next: "Look the code up in WorkOS's reference; an invitation that is no longer pending can only be made anew.",
    });
  });
  await run((query) => applyChanges(query, [invitationChange(invitation)]));
  return { id: invitation.id, expiresAt: invitation.expiresAt };
}
