import type { Context, Hono } from "hono";
import { DEFAULT_ROLE } from "../memberships.ts";
import type { SignInAttempt } from "../signin.ts";
import { type Environment, emailKey, stamp, type User } from "../state.ts";
import { addBareUser, userChanged } from "../users.ts";
import { invitationWire } from "../wire.ts";
import { PageError } from "./page-error.ts";
import type { Hop, Profile } from "./providers.ts";
import { advance, attemptOf, fail, type Hosted } from "./steps.ts";

const DENIED = "The identity provider denied access, or the person declined.";
const FAILED = "The single sign-on of the person failed.";

/** Where Google and identity providers send the browser back to. */
export function addCallbackPage(app: Hono, hosted: Hosted): void {
  const { browsers, environment, providers } = hosted;

  app.get("/authkit/callback", (c) => {
    const { state = "", code = "", error } = c.req.query();
    const hop = providers.take(state, browsers.identify(c));
    if (!hop)
      throw new PageError(
        400,
        "This sign-in is over",
        "The answer does not belong to a sign-in of this browser. Go back to the application and start again.",
      );
    hosted.flows.find(hop.flow.id, hop.flow.browser);
    if (error === "access_denied") return fail(c, hop.flow, "access_denied", DENIED);
    const profile = error === undefined ? providers.redeem(code, hop) : undefined;
    if (!profile)
      return hop.kind === "google"
        ? fail(c, hop.flow, "oauth_failed", "The OAuth authorization request failed.")
        : fail(c, hop.flow, "server_error", FAILED);
    return hop.kind === "google" ? byGoogle(c, hop, profile) : bySso(c, hop, profile);
  });

  function byGoogle(c: Context, hop: Hop, profile: Profile) {
    return advance(c, hosted, hop.flow, attemptOf(c, hosted, hop.flow, userOf(environment, profile), "GoogleOAuth"));
  }

  /**
   * An address in a verified domain of the organization is believed, and makes a member. Any other has to be invited or a member already, and
   * is proved by a code the first time: an organization may not speak for others' addresses (docs authkit/identity-linking, jit-provisioning).
   */
  function bySso(c: Context, hop: Hop, profile: Profile) {
    const connection = environment.connections.get(hop.connectionId ?? "");
    if (connection?.state !== "active") return fail(c, hop.flow, "connection_unlinked", "The connection is not active.");
    const organizationId = connection.organization_id;
    const own = environment.organizationOfAddress(profile.email)?.id === organizationId;
    const known = environment.userByEmail.get(emailKey(profile.email));
    const membership = environment.membershipsByUser.of(known?.id ?? "").find((one) => one.organization_id === organizationId);
    const invitation = environment.invitations
      .all()
      .find(
        (one) =>
          one.organization_id === organizationId &&
          emailKey(one.email) === emailKey(profile.email) &&
          invitationWire(environment, one)["state"] === "pending",
      );
    const admitted = membership?.status === "active" || invitation !== undefined || (own && membership === undefined);
    if (!admitted) return fail(c, hop.flow, "server_error", FAILED);
    const user = userOf(environment, profile, own);
    if (own && !membership && !invitation) join(environment, user, organizationId);
    const attempt: SignInAttempt = {
      ...attemptOf(c, hosted, hop.flow, user, "SSO"),
      organizationId,
      invitationToken: membership?.status === "active" ? undefined : invitation?.token,
      connectionId: connection.id,
      addressUnproven: !own && !environment.ssoIdentities.has(`${user.id} ${connection.id}`),
    };
    return advance(c, hosted, hop.flow, attempt);
  }
}

/** The user with this address; a new one where there is none. */
function userOf(environment: Environment, { email, firstName, lastName }: Profile, verified = false): User {
  const known = environment.userByEmail.get(emailKey(email));
  if (!known)
    return addBareUser(environment, email, { first_name: firstName || null, last_name: lastName || null, email_verified: verified });
  if (verified && !known.email_verified) {
    known.email_verified = true;
    userChanged(environment, known);
  }
  return known;
}

function join(environment: Environment, user: User, organizationId: string): void {
  environment.addMembership({
    ...stamp("om"),
    user_id: user.id,
    organization_id: organizationId,
    status: "active",
    role_slugs: [DEFAULT_ROLE],
    directory_managed: false,
  });
}
