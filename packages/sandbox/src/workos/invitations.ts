import type { Hono } from "hono";
import { optionalText, readBody, requiredText } from "./body.ts";
import { type ApiError, badRequest, notFound, oauthError, unprocessable } from "./errors.ts";
import { invitationEvent } from "./event-wire.ts";
import { newSecret } from "./ids.ts";
import { DEFAULT_ROLE } from "./memberships.ts";
import { findOrganization } from "./organizations.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Environment, emailKey, type Invitation, type Membership, stamp, touch, type User } from "./state.ts";
import { EMAIL, findUser } from "./users.ts";
import { invitationWire } from "./wire.ts";

const DAY_MS = 24 * 3_600_000;
const DEFAULT_DAYS = 7;
const MOST_DAYS = 30;

/** The mail with the link is sent on the event; whoever made the invitation finds its token in the answer. */
export function addInvitationRoutes(app: Hono, environment: Environment): void {
  const path = "/user_management/invitations";
  const wire = (invitation: Invitation) => invitationWire(environment, invitation);

  app.post(path, async (c) => {
    const body = await readBody(c);
    const email = requiredText(body, "email").trim();
    if (!EMAIL.test(email)) throw unprocessable("email", "is not an e-mail address");
    const organizationId = optionalText(body, "organization_id") ?? null;
    const inviter = optionalText(body, "inviter_user_id") ?? null;
    const role = optionalText(body, "role_slug") ?? null;
    if (organizationId !== null) findOrganization(environment, organizationId);
    if (inviter !== null) findUser(environment, inviter);
    if (role !== null && !environment.roles.has(role)) throw badRequest("invalid_role", "The role does not exist.");
    const days = readDays(body["expires_in_days"]);
    refuseNeedless(environment, email, organizationId);
    const invitation = environment.invitations.add({
      ...stamp("invitation"),
      email,
      state: "pending",
      accepted_at: null,
      revoked_at: null,
      expires_at: new Date(environment.clock.now() + days * DAY_MS).toISOString(),
      organization_id: organizationId,
      inviter_user_id: inviter,
      accepted_user_id: null,
      role_slug: organizationId === null ? null : (role ?? DEFAULT_ROLE),
      token: newSecret(18),
    });
    environment.invitationByToken.set(invitation.token, invitation);
    announce(environment, "created", invitation);
    inviteUser(environment, invitation);
    return c.json(wire(invitation), 201);
  });

  app.get(path, (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const { organization_id: organizationId, email } = c.req.query();
    const invitations = environment.invitations
      .all()
      .filter(
        (one) =>
          (organizationId === undefined || one.organization_id === organizationId) &&
          (email === undefined || emailKey(one.email) === emailKey(email)),
      );
    return c.json(paginate(invitations, query, wire));
  });

  app.get(`${path}/by_token/:token`, (c) => {
    const invitation = environment.invitationByToken.get(c.req.param("token"));
    // The token is a secret: it is not repeated.
    if (!invitation) throw notFound("Invitation", "token");
    return c.json(wire(invitation));
  });

  app.get(`${path}/:id`, (c) => c.json(wire(find(c.req.param("id")))));

  app.post(`${path}/:id/accept`, (c) => {
    const invitation = find(c.req.param("id"));
    if (invitation.accepted_user_id !== null) throw badRequest("invite_has_accepted_user_id", "Invite has already been accepted.");
    requirePending(environment, invitation);
    const user = environment.userByEmail.get(emailKey(invitation.email));
    if (!user) throw badRequest("invalid_invite", "No user has the invited e-mail address.");
    acceptInvitation(environment, invitation, user);
    return c.json(wire(invitation));
  });

  app.post(`${path}/:id/revoke`, (c) => {
    const invitation = find(c.req.param("id"));
    requirePending(environment, invitation);
    invitation.state = "revoked";
    touch(invitation);
    invitation.revoked_at = new Date(environment.clock.now()).toISOString();
    announce(environment, "revoked", invitation);
    const membership = invitedMembership(environment, invitation);
    if (membership?.status === "pending") environment.removeMembership(membership);
    return c.json(wire(invitation));
  });

  app.post(`${path}/:id/resend`, async (c) => {
    await readBody(c);
    const invitation = find(c.req.param("id"));
    const refusal = RESEND_REFUSALS[wire(invitation)["state"] as string];
    if (refusal) throw badRequest(...refusal);
    touch(invitation);
    announce(environment, "resent", invitation);
    return c.json(wire(invitation));
  });

  function find(id: string): Invitation {
    const invitation = environment.invitations.get(id);
    if (!invitation) throw notFound("Invitation", id);
    return invitation;
  }
}

const RESEND_REFUSALS: Readonly<Record<string, [code: string, message: string]>> = {
  expired: ["invite_expired", "Invite has expired."],
  revoked: ["invite_revoked", "Invite has been revoked."],
  accepted: ["invite_accepted", "Invite has already been accepted."],
};

/**
 * Finds the invitation a sign-in brings along and checks that this person may use it.
 *
 * @throws ApiError 400 invitation_invalid unless it is pending, invitation_cannot_be_used_for_email when it was sent to another address
 */
export function usableInvitation(environment: Environment, token: string, user: User): Invitation {
  const invitation = environment.invitationByToken.get(token);
  if (!invitation || invitationWire(environment, invitation)["state"] !== "pending") throw refusedAtSignIn("invitation_invalid");
  if (emailKey(invitation.email) !== emailKey(user.email)) throw refusedAtSignIn("invitation_cannot_be_used_for_email");
  return invitation;
}

function refusedAtSignIn(code: string): ApiError {
  return oauthError(code, `The request failed due to: ${code}.`);
}

/** Makes the user a member, with the role of the invitation. */
export function acceptInvitation(environment: Environment, invitation: Invitation, user: User): void {
  invitation.state = "accepted";
  invitation.accepted_user_id = user.id;
  touch(invitation);
  invitation.accepted_at = new Date(environment.clock.now()).toISOString();
  announce(environment, "accepted", invitation);
  const membership = invitedMembership(environment, invitation);
  if (membership && membership.status !== "active") {
    membership.status = "active";
    membership.role_slugs = [invitation.role_slug ?? DEFAULT_ROLE];
    environment.membershipChanged(membership);
  } else if (!membership) newMembership(environment, invitation, user, "active");
}

/** A user who is there already gets a pending membership at once; one who is not, none before the invitation is accepted. */
function inviteUser(environment: Environment, invitation: Invitation): void {
  const user = environment.userByEmail.get(emailKey(invitation.email));
  if (user && !invitedMembership(environment, invitation)) newMembership(environment, invitation, user, "pending");
}

function newMembership(environment: Environment, invitation: Invitation, user: User, status: Membership["status"]): void {
  if (invitation.organization_id === null || !environment.organizations.get(invitation.organization_id)) return;
  environment.addMembership({
    ...stamp("om"),
    user_id: user.id,
    organization_id: invitation.organization_id,
    status,
    role_slugs: [invitation.role_slug ?? DEFAULT_ROLE],
    directory_managed: false,
  });
}

function invitedMembership(environment: Environment, invitation: Invitation): Membership | undefined {
  const user = environment.userByEmail.get(emailKey(invitation.email));
  return user && environment.membershipsByUser.of(user.id).find((one) => one.organization_id === invitation.organization_id);
}

function refuseNeedless(environment: Environment, email: string, organizationId: string | null): void {
  const user = environment.userByEmail.get(emailKey(email));
  const memberships = user ? environment.activeMemberships(user.id) : [];
  if (organizationId === null && user) throw badRequest("user_already_exists", "A user with this email already exists.");
  if (memberships.some((one) => one.organization_id === organizationId)) {
    throw badRequest("user_already_organization_member", "The user is already a member of the organization.");
  }
  const invited = environment.invitations
    .all()
    .some(
      (one) =>
        emailKey(one.email) === emailKey(email) &&
        one.organization_id === organizationId &&
        invitationWire(environment, one)["state"] === "pending",
    );
  if (!invited) return;
  if (organizationId === null) throw badRequest("email_already_invited", "The email has already been invited.");
  throw badRequest("email_already_invited_to_organization", "The email has already been invited to the organization.");
}

function requirePending(environment: Environment, invitation: Invitation): void {
  if (invitationWire(environment, invitation)["state"] !== "pending") {
    throw badRequest("invite_not_pending", "Invite is not pending.");
  }
}

function readDays(value: unknown): number {
  if (value === undefined || value === null) return DEFAULT_DAYS;
  if (!Number.isInteger(value)) throw unprocessable("expires_in_days", "must be a whole number");
  const days = value as number;
  if (days < 1) throw badRequest("expires_in_days_too_short", "An invitation is valid for at least 1 day.");
  if (days > MOST_DAYS) throw badRequest("expires_in_days_too_long", `An invitation is valid for at most ${MOST_DAYS} days.`);
  return days;
}

function announce(environment: Environment, what: "created" | "accepted" | "revoked" | "resent", invitation: Invitation): void {
  const data = invitationEvent(environment, invitation);
  environment.events.append(`invitation.${what}`, data, invitation.organization_id ?? undefined);
}
