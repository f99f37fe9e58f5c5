import { generate } from "otplib";
import { describe, expect, test } from "vitest";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

const target = withTarget();
const password = "a long enough password";

describe("password", () => {
  test("a wrong password, an unknown address and a user without a password get the same answer", async () => {
    const { email } = await person();
    const bare = freshEmail();
    await target.sdk.userManagement.createUser({ email: bare, emailVerified: true });
    const answers = [
      await refusal(signIn(email, "a wrong password")),
      await refusal(signIn(freshEmail())),
      await refusal(signIn(bare, "a wrong password")),
    ];

    for (const answer of answers) expect(answer).toMatchObject({ status: 400, code: "invalid_credentials" });
    expect(new Set(answers.map(({ message }) => message)).size).toBe(1);
  });

  test("an address signs in whatever its case", async () => {
    const { email, id } = await person();
    expect(await signIn(email.toUpperCase())).toMatchObject({ user: { id } });
  });

  test("a wrong client id or secret is refused", async () => {
    const { email } = await person();
    const body = { grant_type: "password", email, password, client_id: target.clientId, client_secret: target.sdk.key };
    const post = (more: object) => refusal(target.sdk.post("/user_management/authenticate", { ...body, ...more }));

    expect(await post({ client_id: "client_other" })).toMatchObject({ status: 400, error: "invalid_client" });
    expect(await post({ client_secret: "sk_test_other" })).toMatchObject({ status: 400, error: "invalid_client" });
    expect(await post({ email: undefined })).toMatchObject({ status: 400, error: "invalid_request" });
  });
});

describe("an unverified address", () => {
  test("is proved by the code that was sent, once", async () => {
    const { userManagement } = target.sdk;
    const { email, id } = await person({ emailVerified: false });
    const asked = await refusal(signIn(email));
    expect(asked).toMatchObject({ name: "AuthenticationException", status: 403, code: "email_verification_required" });
    const { code } = await userManagement.getEmailVerification(String(asked.rawData["email_verification_id"]));
    const answer = (given: string) =>
      userManagement.authenticateWithEmailVerification({
        clientId: target.clientId,
        code: given,
        pendingAuthenticationToken: asked.pendingAuthenticationToken ?? "",
      });

    expect(await refusal(answer(code === "000000" ? "000001" : "000000"))).toMatchObject({ status: 400, code: "invalid_one_time_code" });
    expect(await userManagement.getUser(id)).toMatchObject({ emailVerified: false });
    expect(await answer(code)).toMatchObject({ user: { id, emailVerified: true } });
    expect(await refusal(answer(code))).toMatchObject({ code: "invalid_pending_authentication_token" });
    expect(await signIn(email)).toMatchObject({ user: { id } });
  });

  test("is asked for only after the right password", async () => {
    const { email } = await person({ emailVerified: false });
    expect(await refusal(signIn(email, "a wrong password"))).toMatchObject({ code: "invalid_credentials" });
  });
});

describe("organizations", () => {
  test("none: the session has none", async () => {
    const { email } = await person();
    expect((await signIn(email)).organizationId).toBeUndefined();
  });

  test("one active membership is chosen silently", async () => {
    const { email, id } = await person();
    const [only, suspended] = [await join(id), await join(id)];
    await target.sdk.userManagement.deactivateOrganizationMembership(suspended.membershipId);

    expect(await signIn(email)).toMatchObject({ organizationId: only.organizationId });
  });

  test("several: the user chooses, among his own", async () => {
    const { userManagement } = target.sdk;
    const { email, id } = await person();
    const mine = [await join(id), await join(id)].map(({ organizationId }) => organizationId);
    const foreign = (await join((await person()).id)).organizationId;
    const asked = await refusal(signIn(email));
    expect(asked).toMatchObject({ status: 403, code: "organization_selection_required" });
    expect((asked.rawData["organizations"] as { id: string }[]).map((one) => one.id).sort()).toEqual(mine.toSorted());
    const choose = (organizationId: string) =>
      userManagement.authenticateWithOrganizationSelection({
        clientId: target.clientId,
        organizationId,
        pendingAuthenticationToken: asked.pendingAuthenticationToken ?? "",
      });

    expect(await refusal(choose(foreign))).toMatchObject({ status: 400, error: "organization_membership_not_found" });
    expect(await choose(mine[1] ?? "")).toMatchObject({ organizationId: mine[1] });
  });
});

describe("TOTP", () => {
  test("a factor is enrolled with the given secret, shown once and never again", async () => {
    const { multiFactorAuth } = target.sdk;
    const { id: userId } = await person();
    const totpSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    const { authenticationFactor, authenticationChallenge } = await multiFactorAuth.createUserAuthFactor({
      userId,
      type: "totp",
      totpIssuer: "Eleva",
      totpUser: "ana",
      totpSecret,
    });

    expect(authenticationFactor.totp).toMatchObject({ secret: totpSecret, issuer: "Eleva", user: "ana" });
    expect(authenticationFactor.totp.uri).toContain(totpSecret);
    expect(authenticationChallenge.authenticationFactorId).toBe(authenticationFactor.id);
    const { data } = await multiFactorAuth.listUserAuthFactors({ userId });
    expect(data).toMatchObject([{ id: authenticationFactor.id, type: "totp", userId }]);
    expect(JSON.stringify(data)).not.toContain(totpSecret);
    expect(JSON.stringify(await multiFactorAuth.getFactor(authenticationFactor.id))).not.toContain(totpSecret);
  });

  test("a secret that is not Base32 is refused", async () => {
    const { id: userId } = await person();
    for (const totpSecret of ["not base32 at all!", "JBSWY3DP", "11111111111111111111"]) {
      expect(await refusal(target.sdk.multiFactorAuth.createUserAuthFactor({ userId, type: "totp", totpSecret }))).toMatchObject({
        status: 422,
      });
    }
  });

  test("a sign-in waits for a code of that secret", async () => {
    const { email, id, secret } = await personWithFactor();
    const { pendingToken, challengeId } = await challenged(email);

    expect(await refusal(answer(pendingToken, challengeId, await wrongCode(secret)))).toMatchObject({
      status: 400,
      code: "invalid_one_time_code",
    });
    expect(await answer(pendingToken, challengeId, await generate({ secret }))).toMatchObject({
      user: { id },
      authenticationMethod: "Password",
    });
  });

  test("a code is accepted once, in whatever challenge", async () => {
    const { email, secret } = await personWithFactor();
    const [first, second] = [await challenged(email), await challenged(email)];
    const code = await generate({ secret });
    const outcomes = await Promise.allSettled(
      [first, second].map(({ pendingToken, challengeId }) => answer(pendingToken, challengeId, code)),
    );

    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const third = await challenged(email);
    expect(await refusal(answer(third.pendingToken, third.challengeId, code))).toMatchObject({ code: "one_time_code_previously_used" });
  });

  test("another person's factor answers nothing", async () => {
    const ana = await personWithFactor();
    const eve = await personWithFactor();
    const { pendingToken } = await challenged(ana.email);
    const { challengeId } = await challenged(eve.email);

    expect(await refusal(answer(pendingToken, challengeId, await generate({ secret: eve.secret })))).toMatchObject({ status: 400 });
  });

  test("choosing an organization does not skip the code", async () => {
    const { email, id } = await personWithFactor();
    const { organizationId } = await join(id);
    const { pendingToken } = await challenged(email);
    const chosen = target.sdk.userManagement.authenticateWithOrganizationSelection({
      clientId: target.clientId,
      organizationId,
      pendingAuthenticationToken: pendingToken,
    });

    expect(await refusal(chosen)).toMatchObject({ status: 400, code: "invalid_pending_authentication_token" });
  });

  test("a challenge can be verified by itself, and a deleted factor is not asked for", async () => {
    const { multiFactorAuth } = target.sdk;
    const { email, id, secret, factorId } = await personWithFactor();
    const { id: authenticationChallengeId } = await multiFactorAuth.challengeFactor({ authenticationFactorId: factorId });

    expect(await multiFactorAuth.verifyChallenge({ authenticationChallengeId, code: await wrongCode(secret) })).toMatchObject({
      valid: false,
    });
    expect(await multiFactorAuth.verifyChallenge({ authenticationChallengeId, code: await generate({ secret }) })).toMatchObject({
      valid: true,
    });
    await multiFactorAuth.deleteFactor(factorId);
    expect(await signIn(email)).toMatchObject({ user: { id } });
  });
});

describe("magic auth", () => {
  test("a code signs in, proves the address and works once", async () => {
    const { userManagement } = target.sdk;
    const { email, id } = await person({ emailVerified: false });
    const { code, userId } = await userManagement.createMagicAuth({ email });
    expect(userId).toBe(id);
    const redeem = () => userManagement.authenticateWithMagicAuth({ clientId: target.clientId, email, code });

    expect(await redeem()).toMatchObject({ user: { id, emailVerified: true }, authenticationMethod: "MagicAuth" });
    expect(await refusal(redeem())).toMatchObject({ status: 400, code: "one_time_code_previously_used" });
  });

  test("a code for an unknown address makes a user", async () => {
    const { userManagement } = target.sdk;
    const email = freshEmail();
    const { userId } = await userManagement.createMagicAuth({ email });
    expect(await userManagement.getUser(userId)).toMatchObject({ email, emailVerified: false });
  });
});

async function person(given: { emailVerified?: boolean } = {}): Promise<{ id: string; email: string }> {
  const email = freshEmail("Person");
  const { id } = await target.sdk.userManagement.createUser({ email, password, emailVerified: true, ...given });
  return { id, email };
}

async function personWithFactor() {
  const who = await person();
  const { authenticationFactor } = await target.sdk.multiFactorAuth.createUserAuthFactor({ userId: who.id, type: "totp" });
  return { ...who, factorId: authenticationFactor.id, secret: authenticationFactor.totp.secret };
}

async function join(userId: string): Promise<{ organizationId: string; membershipId: string }> {
  const { id: organizationId } = await target.sdk.organizations.createOrganization({ name: "Joined" });
  const { id: membershipId } = await target.sdk.userManagement.createOrganizationMembership({ userId, organizationId });
  return { organizationId, membershipId };
}

function signIn(email: string, given = password) {
  return target.sdk.userManagement.authenticateWithPassword({ clientId: target.clientId, email, password: given });
}

/** Signs in by password as far as the challenge, and opens one for the factor it names. */
async function challenged(email: string): Promise<{ pendingToken: string; challengeId: string }> {
  const asked = await refusal(signIn(email));
  expect(asked).toMatchObject({ name: "AuthenticationException", status: 403, code: "mfa_challenge" });
  const [factor] = asked.rawData["authentication_factors"] as { id: string }[];
  const { id } = await target.sdk.multiFactorAuth.challengeFactor({ authenticationFactorId: factor?.id ?? "" });
  return { pendingToken: asked.pendingAuthenticationToken ?? "", challengeId: id };
}

function answer(pendingAuthenticationToken: string, authenticationChallengeId: string, code: string) {
  return target.sdk.userManagement.authenticateWithTotp({
    clientId: target.clientId,
    code,
    pendingAuthenticationToken,
    authenticationChallengeId,
  });
}

/** Six digits that are none of the codes around now. */
async function wrongCode(secret: string): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const near = await Promise.all([-60, -30, 0, 30, 60].map((drift) => generate({ secret, epoch: now + drift })));
  return ["000000", "111111", "222222", "333333", "444444", "555555"].find((code) => !near.includes(code)) ?? "666666";
}
