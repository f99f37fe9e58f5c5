import type { Hono } from "hono";
import { type Body, optionalText, readBody } from "./body.ts";
import { badRequest, oauthError } from "./errors.ts";
import { answerChallenge } from "./factors.ts";
import type { RateLimits } from "./limits.ts";
import type { TwinSettings } from "./options.ts";
import { type SignInAttempt, type SignIns, useEmailCode } from "./signin.ts";
import { type Environment, emailKey, touch } from "./state.ts";
import { userChanged } from "./users.ts";

interface Parts {
  environment: Environment;
  settings: TwinSettings;
  signIns: SignIns;
  limits: RateLimits | undefined;
}

type Grant = (body: Body, parts: Parts) => Promise<Record<string, unknown>>;

const GRANTS: Readonly<Record<string, Grant>> = {
  password: byPassword,
  refresh_token: byRefreshToken,
  "urn:workos:oauth:grant-type:magic-auth:code": byMagicAuth,
  "urn:workos:oauth:grant-type:email-verification:code": byEmailVerification,
  "urn:workos:oauth:grant-type:mfa-totp": byTotp,
  "urn:workos:oauth:grant-type:organization-selection": byOrganizationSelection,
};

/** `POST /user_management/authenticate`. There is no hosted sign-in page, hence no `authorization_code`: see the admin's sessions. */
export function addAuthenticateRoute(app: Hono, parts: Parts): void {
  app.post("/user_management/authenticate", async (c) => {
    const body = await readBody(c);
    const grant = GRANTS[field(body, "grant_type")];
    if (!grant) throw oauthError("unsupported_grant_type", "The grant type is not supported.");
    const { clientId, apiKeys } = parts.settings;
    if (field(body, "client_id") !== clientId) throw oauthError("invalid_client", "Invalid client ID.");
    // A public client refreshes without a secret; a wrong secret is never let through.
    const secret = optionalText(body, "client_secret");
    const secretMissing = (secret === undefined || secret === null) && grant !== byRefreshToken;
    if (secretMissing || (typeof secret === "string" && !apiKeys.has(secret))) throw oauthError("invalid_client", "Invalid client secret.");
    return c.json(await grant(body, parts));
  });
}

async function byPassword(body: Body, { environment, limits, signIns }: Parts): Promise<Record<string, unknown>> {
  const email = emailKey(field(body, "email"));
  const password = field(body, "password");
  limits?.admit("authenticate", email);
  const user = environment.userByEmail.get(email);
  // Same answer for an unknown address, a user without a password and a wrong password.
  if (!user?.password || !(await user.password.matches(password))) {
    throw badRequest("invalid_credentials", "The email or password is incorrect.");
  }
  return signIns.proceed({ user, method: "Password", ...client(body), factorPassed: false });
}

async function byRefreshToken(body: Body, { environment, signIns }: Parts): Promise<Record<string, unknown>> {
  const token = field(body, "refresh_token");
  const found = signIns.refreshTokens.find(token);
  if (!found) throw oauthError("invalid_grant", "Invalid refresh token.");
  const { session } = found;
  if (found.used) throw oauthError("invalid_grant", "Refresh token already exchanged.");
  if (Date.parse(session.expires_at) <= Date.now()) environment.endSession(session);
  const user = environment.users.get(session.user_id);
  if (session.status !== "active" || !user) throw oauthError("invalid_grant", "Session has already ended.");
  const organizationId = optionalText(body, "organization_id");
  if (typeof organizationId === "string") {
    signIns.requireMember(user.id, organizationId);
    session.organization_id = organizationId;
    touch(session);
  }
  signIns.refreshTokens.markUsed(token);
  return signIns.reply(user, session);
}

async function byMagicAuth(body: Body, { environment, limits, signIns }: Parts): Promise<Record<string, unknown>> {
  const email = emailKey(field(body, "email"));
  limits?.admit("authenticate", email);
  const sent = environment.magicAuthByEmail.get(email);
  useEmailCode(sent, field(body, "code"));
  const user = environment.users.get(sent?.user_id ?? "");
  if (!user || emailKey(user.email) !== email) throw badRequest("invalid_one_time_code", "The code is not valid.");
  if (!user.email_verified) {
    user.email_verified = true; // the code went to the address
    userChanged(environment, user);
  }
  return signIns.proceed({ user, method: "MagicAuth", ...client(body), factorPassed: false });
}

async function byEmailVerification(body: Body, { environment, limits, signIns }: Parts): Promise<Record<string, unknown>> {
  const token = field(body, "pending_authentication_token");
  const attempt = signIns.pending(token, "email_verification_required");
  limits?.admit("authenticate", emailKey(attempt.user.email));
  const sent = environment.emailVerificationByUser.get(attempt.user.id);
  useEmailCode(sent?.email === attempt.user.email ? sent : undefined, field(body, "code"));
  signIns.consume(token);
  attempt.user.email_verified = true;
  userChanged(environment, attempt.user);
  return signIns.proceed(attempt);
}

async function byTotp(body: Body, { environment, limits, signIns }: Parts): Promise<Record<string, unknown>> {
  const token = field(body, "pending_authentication_token");
  const challengeId = field(body, "authentication_challenge_id");
  const attempt = signIns.pending(token, "mfa_challenge");
  limits?.admit("authenticate", challengeId);
  const challenge = environment.challenges.get(challengeId);
  const factor = environment.factors.get(challenge?.factor_id ?? "");
  // A challenge of another person's factor proves nothing here.
  if (!challenge || factor?.user_id !== attempt.user.id) throw badRequest("user_mismatch", "The challenge does not belong to the user.");
  await answerChallenge(environment, challenge, field(body, "code"));
  signIns.consume(token);
  return signIns.proceed({ ...attempt, factorPassed: true });
}

async function byOrganizationSelection(body: Body, { signIns }: Parts): Promise<Record<string, unknown>> {
  const token = field(body, "pending_authentication_token");
  const organizationId = field(body, "organization_id");
  const attempt = signIns.pending(token, "organization_selection_required");
  signIns.requireMember(attempt.user.id, organizationId);
  signIns.consume(token);
  return signIns.open(attempt, organizationId);
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
