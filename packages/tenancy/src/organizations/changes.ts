import type { Event, Invitation, InvitationEvent, Organization, OrganizationMembership, User } from "@workos-inc/node";

/** What is known of one object at WorkOS, in the form tenancy.apply takes. */
export interface Change {
  kind: "organization" | "user" | "membership" | "invitation" | "role" | "permission" | "session";
  id: string;
  /** `updated_at` at WorkOS, ISO 8601. */
  at: string;
  /** The event's id, which decides between two states of one instant; FETCHED sorts after every event. */
  event: string;
  deleted: boolean;
  org_id?: string | null;
  user_id?: string | null;
  state?: Record<string, unknown>;
}

/** The mark of a state that was fetched: it is at least as fresh as an event of the same instant. */
export const FETCHED = "~";

/** `external_id` of a person's own organization at WorkOS, so that it can be found again and made once only. */
export const PERSONAL = "personal:";

/** `external_id` of an organization that a person founded: `founded:<type>:<user id>`. It goes when the type changes or somebody else owns it. */
export const FOUNDED = "founded:";

/** The events that the sync asks for, webhooks and Events API alike. */
export const SYNCED_EVENTS = [
  "organization.created",
  "organization.updated",
  "organization.deleted",
  "user.created",
  "user.updated",
  "user.deleted",
  "organization_membership.created",
  "organization_membership.updated",
  "organization_membership.deleted",
  "invitation.created",
  "invitation.accepted",
  "invitation.revoked",
  "invitation.resent",
  "session.revoked",
  "role.created",
  "role.updated",
  "role.deleted",
  "organization_role.created",
  "organization_role.updated",
  "organization_role.deleted",
  "permission.created",
  "permission.updated",
  "permission.deleted",
] as const;

/** What an event says, or undefined when it is none of SYNCED_EVENTS. */
export function changeOf(event: Event): Change | undefined {
  const deleted = event.event.endsWith(".deleted");
  // A deletion's object still carries the date of its last change.
  const mark = (at: string) => ({ event: event.id, deleted, at: deleted && event.createdAt > at ? event.createdAt : at });
  switch (event.event) {
    case "organization.created":
    case "organization.updated":
    case "organization.deleted":
      return { ...organizationChange(event.data), ...mark(event.data.updatedAt) };
    case "user.created":
    case "user.updated":
    case "user.deleted":
      return { ...userChange(event.data), ...mark(event.data.updatedAt) };
    case "organization_membership.created":
    case "organization_membership.updated":
    case "organization_membership.deleted":
      return { ...membershipChange(event.data), ...mark(event.data.updatedAt) };
    case "invitation.created":
    case "invitation.accepted":
    case "invitation.revoked":
    case "invitation.resent":
      return { ...invitationChange(event.data), ...mark(event.data.updatedAt) };
    case "session.revoked":
      return { kind: "session", id: event.data.id, ...mark(event.data.updatedAt) };
    case "role.created":
    case "role.updated":
    case "role.deleted":
      return { ...roleChange(event.data), ...mark(event.data.updatedAt) };
    case "organization_role.created":
    case "organization_role.updated":
    case "organization_role.deleted":
      return { ...roleChange(event.data, event.data.organizationId), ...mark(event.data.updatedAt) };
    case "permission.created":
    case "permission.updated":
    case "permission.deleted":
      return { kind: "permission", id: event.data.slug, state: {}, ...mark(event.data.updatedAt) };
    default:
      return undefined;
  }
}

export function organizationChange(organization: Organization): Change {
  const { id, name, externalId, metadata, createdAt, updatedAt } = organization;
  const personOf = externalId?.startsWith(PERSONAL) ? externalId.slice(PERSONAL.length) : null;
  const founder = externalId?.startsWith(FOUNDED) ? externalId.slice(externalId.lastIndexOf(":") + 1) : undefined;
  return {
    ...fetched("organization", id, updatedAt),
    user_id: personOf,
    state: { name, type: metadata?.["type"] ?? null, created: createdAt, ...(founder === undefined ? {} : { founder }) },
  };
}

export function userChange(user: User): Change {
  return {
    ...fetched("user", user.id, user.updatedAt),
    state: {
      email: user.email,
      email_verified: user.emailVerified,
      first_name: user.firstName,
      last_name: user.lastName,
      image_url: user.profilePictureUrl,
    },
  };
}

export function membershipChange(membership: OrganizationMembership): Change {
  const roles = membership.roles?.map(({ slug }) => slug) ?? [];
  // The primary role first.
  const slugs = [...new Set([membership.role.slug, ...roles])];
  return {
    ...fetched("membership", membership.id, membership.updatedAt),
    org_id: membership.organizationId,
    user_id: membership.userId,
    state: { status: membership.status, roles: slugs, created: membership.createdAt },
  };
}

export function invitationChange(invitation: Invitation | InvitationEvent): Change {
  return {
    ...fetched("invitation", invitation.id, invitation.updatedAt),
    org_id: invitation.organizationId,
    state: {
      email: invitation.email,
      role: invitation.roleSlug,
      status: invitation.state,
      inviter: invitation.inviterUserId,
      expires: invitation.expiresAt,
      created: invitation.createdAt,
    },
  };
}

function roleChange(role: { slug: string; permissions: string[]; updatedAt: string }, organizationId?: string): Change {
  return {
    ...fetched("role", organizationId === undefined ? role.slug : `${organizationId}:${role.slug}`, role.updatedAt),
    org_id: organizationId ?? null,
    state: { slug: role.slug, permissions: role.permissions },
  };
}

/** A deletion that was found by asking: WorkOS answers 404. */
export function goneChange(kind: Change["kind"], id: string, ofWhom: { org_id?: string | null; user_id?: string | null } = {}): Change {
  return { kind, id, at: new Date().toISOString(), event: FETCHED, deleted: true, ...ofWhom };
}

function fetched(kind: Change["kind"], id: string, at: string): Change {
  return { kind, id, at, event: FETCHED, deleted: false };
}
