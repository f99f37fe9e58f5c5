import type { Hono } from "hono";
import type { AuthorizationCodes } from "./authorization-codes.ts";
import { type Body, optionalText, readBody } from "./body.ts";
import { oauthError } from "./errors.ts";
import { acceptInvitation, usableInvitation } from "./invitations.ts";
import type { RateLimits } from "./limits.ts";
import type { TwinSettings } from "./options.ts";
import { chooseOrganization, proveAddress, proveFactor, proveMagicCode, provePassword } from "./proofs.ts";
import type { SignInAttempt, SignIns } from "./signin.ts";
import { type Environment, type Session, touch } from "./state.ts";

interface Parts {
  environment: Environment;
  settings: TwinSettings;
  signIns: SignIns;
  codes: AuthorizationCodes;
  limits: RateLimits | undefined;
}

type Grant = (body: Body, parts: Parts) => Session | Promise<Session>;

const GRANTS: Readonly<Record<string, Grant>> = {
  authorization_code: byCode,
  password: byPassword,
  refresh_token: byRefreshToken,
  "urn:workos:oauth:grant-type:magic-auth:code": byMagicAuth,
  "urn:workos:oauth:grant-type:email-verification:code": byEmailVerification,
  "urn:workos:oauth:grant-type:mfa-totp": byTotp,
  "urn:workos:oauth:grant-type:organization-selection": byOrganizationSelection,
};

/** `POST /user_management/authenticate`. */
export function addAuthenticateRoute(app: Hono, parts: Parts): void {
  app.post("/user_management/authenticate", async (c) => {
    const body = await readBody(c);
    const grant = GRANTS[field(body, "grant_type")];
    if (!grant) throw oauthError("unsupported_grant_type", "The grant type is not supported.");
    const { clientId, apiKeys } = parts.settings;
    if (field(body, "client_id") !== clientId) throw oauthError("invalid_client", "Invalid client ID.");
    const secret = optionalText(body, "client_secret");
    const secretMissing = (secret === undefined || secret === null) && !isPublic(grant, body);
    if (secretMissing || (typeof secret === "string" && !apiKeys.has(secret))) throw oauthError("invalid_client", "Invalid client secret.");
    return c.json(await parts.signIns.reply(await grant(body, parts)));
  });
}

/** A public client refreshes without a secret, and proves itself by PKCE at the first exchange; a wrong secret is never let through. */
function isPublic(grant: Grant, body: Body): boolean {
  return grant === byRefreshToken || (grant === byCode && typeof body["code_verifier"] === "string");
}

function byCode(body: Body, { codes, environment, signIns }: Parts): Session {
  const session = codes.redeem(field(body, "code"), optionalText(body, "code_verifier") ?? undefined);
  const user = environment.users.get(session.user_id);
  if (!user || !signIns.isLive(session)) throw oauthError("invalid_grant", "Session has already ended.");
  const token = optionalText(body, "invitation_token");
  if (typeof token === "string") {
    const invitation = usableInvitation(environment, token, user);
    acceptInvitation(environment, invitation, user);
    session.organization_id = invitation.organization_id ?? session.organization_id;
    touch(session);
  }
  return session;
}

async function byPassword(body: Body, parts: Parts): Promise<Session> {
  const user = await provePassword(parts, field(body, "email"), field(body, "password"));
  return parts.signIns.proceed({ user, method: "Password", ...client(body), factorPassed: false });
}

function byRefreshToken(body: Body, { signIns }: Parts): Session {
  const token = field(body, "refresh_token");
  const found = signIns.refreshTokens.find(token);
  if (!found) throw oauthError("invalid_grant", "Invalid refresh token.");
  const { session } = found;
  if (found.used) throw oauthError("invalid_grant", "Refresh token already exchanged.");
  if (!signIns.isLive(session)) throw oauthError("invalid_grant", "Session has already ended.");
  const organizationId = optionalText(body, "organization_id");
  if (typeof organizationId === "string") {
    signIns.requireMember(session.user_id, organizationId);
    session.organization_id = organizationId;
    touch(session);
  }
  signIns.refreshTokens.markUsed(token);
  return session;
}

function byMagicAuth(body: Body, parts: Parts): Session {
  const user = proveMagicCode(parts, field(body, "email"), field(body, "code"));
  return parts.signIns.proceed({ user, method: "MagicAuth", ...client(body), factorPassed: false });
}

function byEmailVerification(body: Body, parts: Parts): Session {
  return parts.signIns.proceed(proveAddress(parts, field(body, "pending_authentication_token"), field(body, "code")));
}

async function byTotp(body: Body, parts: Parts): Promise<Session> {
  const [token, challengeId] = [field(body, "pending_authentication_token"), field(body, "authentication_challenge_id")];
  return parts.signIns.proceed(await proveFactor(parts, token, challengeId, field(body, "code")));
}

function byOrganizationSelection(body: Body, parts: Parts): Session {
  const attempt = chooseOrganization(parts, field(body, "pending_authentication_token"), field(body, "organization_id"));
  return parts.signIns.open(attempt, attempt.organizationId);
}

function client(body: Body): Pick<SignInAttempt, "ipAddress" | "userAgent" | "invitationToken"> {
  return {
    invitationToken: optionalText(body, "invitation_token") ?? undefined,
    ipAddress: optionalText(body, "ip_address") ?? null,
    userAgent: optionalText(body, "user_agent") ?? null,
  };
}

/** A field OAuth requires: its absence is `invalid_request`, not a 422. */
function field(body: Body, name: string): string {
  const value = body[name];
  if (typeof value !== "string" || value === "") throw oauthError("invalid_request", `Missing or wrong ${name}.`);
  return value;
}
