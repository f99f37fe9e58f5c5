import { createLocalJWKSet, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { expect, test } from "vitest";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

const target = withTarget();
const password = "a long enough password";

test("an access token is signed by a published RS256 key and says what the service says, and no more", async () => {
  const { authorization, userManagement } = target.sdk;
  const permission = `records:read-${crypto.randomUUID().slice(0, 8)}`;
  const roleSlug = `owner-${crypto.randomUUID().slice(0, 8)}`;
  await authorization.createPermission({ slug: permission, name: "Read" });
  await authorization.createEnvironmentRole({ slug: roleSlug, name: "Owner" });
  await authorization.setEnvironmentRolePermissions(roleSlug, { permissions: [permission] });
  const { email, id, organizationId } = await member(roleSlug);

  const { accessToken } = await userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
  const keys = await jwks();
  const { payload, protectedHeader } = await jwtVerify(accessToken, createLocalJWKSet(keys));

  expect(protectedHeader.alg).toBe("RS256");
  expect(keys.keys.map(({ kid }) => kid)).toContain(protectedHeader.kid);
  expect(Buffer.from(keys.keys[0]?.n ?? "", "base64url")).toHaveLength(256);
  const { iat = 0, exp = 0 } = payload;
  expect(payload).toEqual({
    iss: `https://api.workos.com/user_management/${target.clientId}`,
    sub: id,
    sid: expect.stringMatching(/^session_/),
    jti: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
    org_id: organizationId,
    role: roleSlug,
    roles: [roleSlug],
    permissions: [permission],
    auth_time: iat,
    iat,
    exp,
  });
  expect(exp - iat).toBe(300);
  expect(Math.abs(iat - Date.now() / 1_000)).toBeLessThan(60);
});

test("empty claims are left out", async () => {
  const email = freshEmail();
  await target.sdk.userManagement.createUser({ email, password, emailVerified: true });
  const { accessToken } = await target.sdk.userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });

  expect(Object.keys(claimsOf(accessToken)).sort()).toEqual(["auth_time", "exp", "iat", "iss", "jti", "sid", "sub"]);
});

test("a key set of another client is not found", async () => {
  expect((await target.fetch(`${target.url}/sso/jwks/client_other`)).status).toBe(404);
});

test("a refresh token is exchanged once, for a fresh pair of the same session", async () => {
  const { email } = await member();
  const first = await signIn(email);
  const second = await refresh(first.refreshToken);

  expect(claimsOf(second.accessToken)).toMatchObject({ sid: claimsOf(first.accessToken)["sid"] });
  expect(claimsOf(second.accessToken)["auth_time"]).toBe(claimsOf(first.accessToken)["auth_time"]);
  expect(claimsOf(second.accessToken)["jti"]).not.toBe(claimsOf(first.accessToken)["jti"]);
  expect(await refusal(refresh(first.refreshToken))).toMatchObject({ status: 400, error: "invalid_grant" });
  expect(await refusal(refresh("no such token"))).toMatchObject({ status: 400, error: "invalid_grant" });
  expect(await refresh(second.refreshToken)).toMatchObject({ user: { email } });
});

test("of one refresh token sent twice at once, one exchange succeeds", async () => {
  const { email } = await member();
  const { refreshToken } = await signIn(email);
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => refresh(refreshToken)));

  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test("a refresh shows a changed role, and switches to an organization of the user's own", async () => {
  const { userManagement, organizations, authorization } = target.sdk;
  const { email, id, membershipId } = await member();
  const first = await signIn(email);
  const roleSlug = `admin-${crypto.randomUUID().slice(0, 8)}`;
  await authorization.createEnvironmentRole({ slug: roleSlug, name: "Admin" });
  await userManagement.updateOrganizationMembership(membershipId, { roleSlug });
  const { id: second } = await organizations.createOrganization({ name: "Second" });
  await userManagement.createOrganizationMembership({ userId: id, organizationId: second });
  const { id: foreign } = await organizations.createOrganization({ name: "Foreign" });

  const refreshed = await refresh(first.refreshToken);
  expect(claimsOf(refreshed.accessToken)).toMatchObject({ role: roleSlug });
  expect(await refusal(refresh(refreshed.refreshToken, foreign))).toMatchObject({
    status: 400,
    error: "organization_membership_not_found",
  });
  const switched = await refresh(refreshed.refreshToken, second);
  expect(switched).toMatchObject({ organizationId: second });
  expect(claimsOf(switched.accessToken)).toMatchObject({ org_id: second, role: "member" });
});

test("sessions are listed, and a revoked one refreshes no more", async () => {
  const { userManagement } = target.sdk;
  const { email, id, organizationId } = await member();
  const { accessToken, refreshToken } = await userManagement.authenticateWithPassword({
    clientId: target.clientId,
    email,
    password,
    ipAddress: "192.0.2.1",
    userAgent: "test",
  });
  const sessionId = String(claimsOf(accessToken)["sid"]);
  expect((await userManagement.listSessions(id)).data).toMatchObject([
    { id: sessionId, userId: id, organizationId, status: "active", authMethod: "password", ipAddress: "192.0.2.1", userAgent: "test" },
  ]);

  await userManagement.revokeSession({ sessionId });

  expect((await userManagement.listSessions(id)).data).toMatchObject([{ id: sessionId, status: "revoked" }]);
  expect(await refusal(refresh(refreshToken))).toMatchObject({ status: 400, error: "invalid_grant" });
});

test("a suspension ends the sessions in that organization", async () => {
  const { email, membershipId } = await member();
  const { refreshToken } = await signIn(email);
  await target.sdk.userManagement.deactivateOrganizationMembership(membershipId);

  expect(await refusal(refresh(refreshToken))).toMatchObject({ error: "invalid_grant" });
  expect((await signIn(email)).organizationId).toBeUndefined();
});

test("a deleted user refreshes no more", async () => {
  const { email, id } = await member();
  const { refreshToken } = await signIn(email);
  await target.sdk.userManagement.deleteUser(id);

  expect(await refusal(refresh(refreshToken))).toMatchObject({ error: "invalid_grant" });
  expect(await refusal(signIn(email))).toMatchObject({ code: "invalid_credentials" });
});

test("a token that was signed with another key does not verify", async () => {
  const { email } = await member();
  const { accessToken } = await signIn(email);
  const [header, payload, signature = ""] = accessToken.split(".");
  const forged = [header, payload, signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`].join(".");

  expect(decodeProtectedHeader(forged)).toEqual(decodeProtectedHeader(accessToken));
  await expect(jwtVerify(forged, createLocalJWKSet(await jwks()))).rejects.toMatchObject({ code: "ERR_JWS_SIGNATURE_VERIFICATION_FAILED" });
});

async function member(roleSlug?: string) {
  const { userManagement, organizations } = target.sdk;
  const email = freshEmail();
  const { id } = await userManagement.createUser({ email, password, emailVerified: true });
  const { id: organizationId } = await organizations.createOrganization({ name: "Personal" });
  const membership = await userManagement.createOrganizationMembership({
    userId: id,
    organizationId,
    ...(roleSlug === undefined ? {} : { roleSlug }),
  });
  return { email, id, organizationId, membershipId: membership.id };
}

function signIn(email: string) {
  return target.sdk.userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
}

function refresh(refreshToken: string, organizationId?: string) {
  return target.sdk.userManagement.authenticateWithRefreshToken({
    clientId: target.clientId,
    refreshToken,
    ...(organizationId === undefined ? {} : { organizationId }),
  });
}

async function jwks(): Promise<JSONWebKeySet> {
  return (await (await target.fetch(`${target.url}/sso/jwks/${target.clientId}`)).json()) as JSONWebKeySet;
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as Record<string, unknown>;
}
