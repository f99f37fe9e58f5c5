import { WorkOS } from "@workos-inc/node";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, type JSONWebKeySet, jwtVerify } from "jose";
import { afterEach, describe, expect, test } from "vitest";
import { startWorkosTwin, type WorkosTwin, type WorkosTwinOptions } from "./twin.ts";

let twin: WorkosTwin;
let sdk: WorkOS;
afterEach(() => twin.stop());

async function start(options: WorkosTwinOptions = {}): Promise<void> {
  twin = await startWorkosTwin(options);
  sdk = new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: "127.0.0.1", port: twin.port, https: false, maxRetries: 0 });
}

async function admin<T = unknown>(method: string, path: string, body?: unknown): Promise<T> {
  const reply = await fetch(`${twin.url}/__twin/${path}`, {
    method,
    headers: { "x-twin-admin": twin.adminToken, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (reply.status === 204) return undefined as T;
  return { status: reply.status, ...((await reply.json()) as object) } as T;
}

async function jwks(): Promise<JSONWebKeySet> {
  return (await (await fetch(`${twin.url}/sso/jwks/${twin.clientId}`)).json()) as JSONWebKeySet;
}

test("admin routes need the token", async () => {
  await start();
  for (const headers of [{}, { "x-twin-admin": twin.apiKey }, { authorization: `Bearer ${twin.apiKey}` }]) {
    expect((await fetch(`${twin.url}/__twin/state`, { headers: headers as Record<string, string> })).status).toBe(401);
  }
});

describe("sessions", () => {
  async function member(): Promise<{ userId: string; organizationId: string; membershipId: string }> {
    const { id: userId } = await sdk.userManagement.createUser({ email: `p-${crypto.randomUUID()}@example.com`, emailVerified: true });
    const { id: organizationId } = await sdk.organizations.createOrganization({ name: "O" });
    const { id: membershipId } = await sdk.userManagement.createOrganizationMembership({ userId, organizationId });
    return { userId, organizationId, membershipId };
  }

  test("stand in for a sign-in with Google", async () => {
    await start();
    const { userId, organizationId } = await member();
    const reply = await admin<{ access_token: string; refresh_token: string }>("POST", "sessions", { user_id: userId });

    expect(reply).toMatchObject({
      status: 200,
      organization_id: organizationId,
      authentication_method: "GoogleOAuth",
      user: { id: userId },
    });
    expect(decodeJwt(reply.access_token)).toMatchObject({ sub: userId, org_id: organizationId });
    const refreshed = await sdk.userManagement.authenticateWithRefreshToken({ clientId: twin.clientId, refreshToken: reply.refresh_token });
    expect(refreshed).toMatchObject({ organizationId });
  });

  test("are refused for a suspended member, unless forced", async () => {
    await start();
    const { userId, organizationId, membershipId } = await member();
    await sdk.userManagement.deactivateOrganizationMembership(membershipId);
    const wanted = { user_id: userId, organization_id: organizationId };

    expect(await admin("POST", "sessions", wanted)).toMatchObject({ status: 400, error: "organization_membership_not_found" });
    expect(await admin("POST", "sessions", { ...wanted, force: true })).toMatchObject({ status: 200, organization_id: organizationId });
  });

  test("go to the organization that was named also when the address has to be proved first", async () => {
    await start();
    const { id } = await sdk.userManagement.createUser({ email: "a@example.com" });
    const organizations = [];
    for (const name of ["A", "B"]) {
      const { id: organizationId } = await sdk.organizations.createOrganization({ name });
      await sdk.userManagement.createOrganizationMembership({ userId: id, organizationId });
      organizations.push(organizationId);
    }
    const asked = await admin<{ pending_authentication_token: string }>("POST", "sessions", {
      user_id: id,
      organization_id: organizations[1],
    });
    const { code } = await admin<{ code: string }>("GET", `codes/${id}`);
    const signedIn = sdk.userManagement.authenticateWithEmailVerification({
      clientId: twin.clientId,
      code,
      pendingAuthenticationToken: asked.pending_authentication_token,
    });
    expect(await signedIn).toMatchObject({ organizationId: organizations[1] });
  });

  test("ask an unverified address for its code, which the codes route shows", async () => {
    await start();
    const { id } = await sdk.userManagement.createUser({ email: "a@example.com" });
    const asked = await admin<{ pending_authentication_token: string }>("POST", "sessions", { user_id: id });
    expect(asked).toMatchObject({ status: 403, code: "email_verification_required" });

    const { code } = await admin<{ code: string }>("GET", `codes/${id}`);
    const signedIn = sdk.userManagement.authenticateWithEmailVerification({
      clientId: twin.clientId,
      code,
      pendingAuthenticationToken: asked.pending_authentication_token,
    });
    expect(await signedIn).toMatchObject({ user: { id, emailVerified: true } });
  });

  test("challenge an enrolled user as the switch says", async () => {
    const password = "a long enough password";
    for (const [challengeEnrolled, byPassword, byGoogle] of [
      [true, 403, 200],
      [false, 200, 200],
      ["every_method", 403, 403],
    ] as const) {
      await start({ challengeEnrolled });
      const email = "a@example.com";
      const { id: userId } = await sdk.userManagement.createUser({ email, password, emailVerified: true });
      await sdk.multiFactorAuth.createUserAuthFactor({ userId, type: "totp" });
      const status = await sdk.userManagement.authenticateWithPassword({ clientId: twin.clientId, email, password }).then(
        () => 200,
        (error: { status: number }) => error.status,
      );
      expect([challengeEnrolled, status]).toEqual([challengeEnrolled, byPassword]);
      expect(await admin("POST", "sessions", { user_id: userId })).toMatchObject({ status: byGoogle });
      if (challengeEnrolled !== "every_method") await twin.stop();
    }
  });
});

describe("sign", () => {
  test("signs exactly the given claims with the real key", async () => {
    await start();
    const claims = { sub: "user_x", exp: 1 };
    const { token } = await admin<{ token: string }>("POST", "sign", { claims });
    expect(decodeJwt(token)).toEqual(claims);
    await expect(jwtVerify(token, createLocalJWKSet(await jwks()))).rejects.toMatchObject({ code: "ERR_JWT_EXPIRED" }); // so the signature held
  });

  test("takes a header that lies", async () => {
    await start();
    const { token } = await admin<{ token: string }>("POST", "sign", { claims: { sub: "user_x" }, header: { alg: "none", kid: "other" } });
    expect(decodeProtectedHeader(token)).toEqual({ alg: "none", kid: "other" });
  });
});

test("a rotated key signs, the older one still verifies until it is retired", async () => {
  await start();
  const old = await admin<{ token: string }>("POST", "sign", { claims: { sub: "user_x" } });
  await admin("POST", "keys/rotate");
  const fresh = await admin<{ token: string }>("POST", "sign", { claims: { sub: "user_x" } });
  expect(decodeProtectedHeader(fresh.token)["kid"]).not.toBe(decodeProtectedHeader(old.token)["kid"]);
  for (const { token } of [old, fresh]) await jwtVerify(token, createLocalJWKSet(await jwks()));

  await admin("POST", "keys/rotate", { retire_old: true });
  await expect(jwtVerify(old.token, createLocalJWKSet(await jwks()))).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
});

test.each<[string, WorkosTwinOptions, Record<string, unknown>]>([
  ["bare issuer", { issuer: "bare" }, { iss: "https://api.workos.com" }],
  ["another base", { clientId: "client_1", issuerBase: "http://127.0.0.1:9" }, { iss: "http://127.0.0.1:9/user_management/client_1" }],
  ["custom domain", { issuer: "custom:https://auth.example.com" }, { iss: "https://auth.example.com" }],
  ["audience and client id", { clientId: "client_1", withAudience: true, withClientId: true }, { aud: "client_1", client_id: "client_1" }],
  ["named audience", { withAudience: "eleva" }, { aud: "eleva" }],
])("claims take the shape of an option: %s", async (_, options, expected) => {
  await start(options);
  const { id } = await sdk.userManagement.createUser({ email: "a@example.com", emailVerified: true });
  const { access_token: token } = await admin<{ access_token: string }>("POST", "sessions", { user_id: id });
  expect(decodeJwt(token)).toMatchObject(expected);
});

test("tokens live as long as the option says", async () => {
  await start({ tokenLifetimeSeconds: 2 });
  const { id } = await sdk.userManagement.createUser({ email: "a@example.com", emailVerified: true });
  const { access_token: token } = await admin<{ access_token: string }>("POST", "sessions", { user_id: id });
  const { iat = 0, exp = 0 } = decodeJwt(token);
  expect(exp - iat).toBe(2);
});

test("several roles in a membership are possible once the switch is on", async () => {
  await start({ multipleRoles: true });
  await sdk.authorization.createEnvironmentRole({ slug: "owner", name: "Owner" });
  const { id: userId } = await sdk.userManagement.createUser({ email: "a@example.com", emailVerified: true });
  const { id: organizationId } = await sdk.organizations.createOrganization({ name: "O" });
  await sdk.userManagement.createOrganizationMembership({ userId, organizationId, roleSlugs: ["owner", "member"] });
  const { access_token: token } = await admin<{ access_token: string }>("POST", "sessions", { user_id: userId });
  expect(decodeJwt(token)).toMatchObject({ role: "owner", roles: ["owner", "member"] });
});

test("an option nobody knows, or of a wrong form, is refused by name", async () => {
  await start();
  await expect(startWorkosTwin({ speed: 3 } as WorkosTwinOptions)).rejects.toThrow("no option speed");
  await expect(startWorkosTwin({ clockSpeed: 0 })).rejects.toThrow("clockSpeed");
  await expect(startWorkosTwin({ limits: { everything: 1 } as never })).rejects.toThrow("limits");
});

test("the state shows who is there, and no secret", async () => {
  await start();
  const passwordHash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  const { id: userId } = await sdk.userManagement.createUser({
    email: "a@example.com",
    passwordHash,
    passwordHashType: "bcrypt",
    externalId: "user_1",
  });
  const { authenticationFactor } = await sdk.multiFactorAuth.createUserAuthFactor({ userId, type: "totp" });
  await sdk.userManagement.createUser({ email: "b@example.com", password: "a long enough password" });
  const state = await admin<object>("GET", "state");

  expect(state).toMatchObject({
    users: [{ external_id: "user_1", password: "bcrypt" }, { password: "password" }],
    organizations: [],
    memberships: [],
    factors: [{ user_id: userId }],
    roles: [{ slug: "member" }],
  });
  const text = JSON.stringify(state);
  for (const secret of [passwordHash, authenticationFactor.totp.secret, "a long enough password"]) expect(text).not.toContain(secret);
});
