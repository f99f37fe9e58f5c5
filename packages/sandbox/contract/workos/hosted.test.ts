import { createHash, randomBytes } from "node:crypto";
import { decodeJwt } from "jose";
import { generate } from "otplib";
import { describe, expect, test } from "vitest";
import { WorkosTwinAdmin } from "../../src/workos/admin-client.ts";
import { Browser } from "./browser.ts";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

// Not live: it fills in the twin's own pages, and reads its mails. What the pages lead to goes through the official SDK, as elsewhere.
const CALLBACK = "http://app.example:3000/callback";
const SIGNED_OUT = "http://app.example:3000/bye";
const live = process.env["REHOME_CONTRACT_LIVE"] === "1";
const password = "a long enough password";

describe.skipIf(live)("the hosted pages", () => {
  const target = withTarget({
    redirectUris: [CALLBACK],
    signOutRedirects: [SIGNED_OUT],
    signInEndpoint: "http://app.example:3000/sign-in",
    limits: false,
  });
  const admin = () => new WorkosTwinAdmin(target.twin ?? { url: "", adminToken: "" });
  const browser = () => new Browser("http://app.example:3000/");

  test("password: a person signs in, and the code is worth one session", async () => {
    const { email, id, organizationId } = await member();
    const { url, state, verifier } = await start();
    const b = browser();
    await b.open(url);
    expect(b.page.title).toBe("Sign in");
    await b.submit("Continue", { email });
    await b.submit("Sign in", { password });

    const { code, ...rest } = answer(b.page.url);
    expect(rest).toEqual({ state });
    const reply = await exchange(code, verifier);
    expect(reply).toMatchObject({ user: { id }, organizationId, authenticationMethod: "Password" });
    expect(decodeJwt(reply.accessToken)).toMatchObject({ sub: id, org_id: organizationId, auth_time: expect.any(Number) });
    expect((await target.sdk.userManagement.listSessions(id)).data).toMatchObject([
      { id: decodeJwt(reply.accessToken)["sid"], authMethod: "password", userAgent: "test browser", ipAddress: "127.0.0.1" },
    ]);
  });

  test("a wrong password and an unknown address look the same, and can be corrected", async () => {
    const { email } = await member();
    const b = browser();
    for (const address of [freshEmail("nobody"), email]) {
      await b.open((await start()).url);
      await b.submit("Continue", { email: address });
      expect(b.page.title).toBe("Enter your password");
      await b.submit("Sign in", { password: "a wrong password" });
      expect(b.page).toMatchObject({
        status: 400,
        title: "Enter your password",
        problem: "The e-mail address or the password is not right.",
      });
      expect(b.page.html).not.toContain("a wrong password");
    }
    await b.submit("Sign in", { password });
    expect(answer(b.page.url)["code"]).toBeDefined();
  });

  test("what is no address is told at its field", async () => {
    const b = browser();
    await b.open((await start()).url);
    await b.submit("Continue", { email: "ana" });
    expect(b.page).toMatchObject({ status: 400, problem: expect.stringContaining("e-mail address") });
    expect(b.page.html).toMatch(/<a href="#email">/);
    expect(b.page.html).toMatch(/<input id="email"[^>]*aria-invalid="true"[^>]*aria-describedby="problem"/);
  });

  test("magic code: from the mail, once, and not by guessing", async () => {
    const { email, id } = await member();
    const { url, verifier } = await start();
    const b = browser();
    await b.open(url);
    await b.submit("Continue", { email });
    await b.submit("E-mail me a code");
    expect(b.page.title).toBe("Check your e-mail");
    const code = await mailedCode(email);
    const wrong = code === "000000" ? "000001" : "000000";
    await b.submit("Sign in", { code: wrong });
    expect(b.page).toMatchObject({ status: 400, problem: "This code is not right. Check it and try again." });
    const again = b.form("Sign in", { code });
    await b.submit("Sign in", { code });

    expect(await exchange(answer(b.page.url)["code"], verifier)).toMatchObject({ user: { id }, authenticationMethod: "MagicAuth" });
    expect(await b.post(again.action, again.body)).toMatchObject({ status: 400, title: "This sign-in is over" });
    const other = browser();
    await other.open((await start()).url);
    await other.submit("Continue", { email });
    await other.submit("E-mail me a code");
    const fresh = await mailedCode(email, 2);
    for (let guess = 0; guess < 10; guess++) await other.submit("Sign in", { code: fresh === "111111" ? "111112" : "111111" });
    await other.submit("Sign in", { code: fresh });
    expect(other.page.problem).toBe("There were too many attempts with this code. Ask for a new one.");
    await other.submit("Send a new code");
    await other.submit("Sign in", { code: await mailedCode(email, 3) });
    expect(answer(other.page.url)["code"]).toBeDefined();
  });

  test("Google: the account decides; one that is declined is told to the application", async () => {
    const { email, id } = await member();
    const { url, state, verifier } = await start();
    const b = browser();
    await b.open(url);
    await b.submit("Continue with Google");
    expect(b.page.title).toBe("Sign in with Google");
    await b.submit("Continue", { email: email.toUpperCase() });
    expect(await exchange(answer(b.page.url)["code"], verifier)).toMatchObject({ user: { id }, authenticationMethod: "GoogleOAuth" });

    const other = browser();
    const direct = await start({ provider: "GoogleOAuth", loginHint: email });
    await other.open(direct.url);
    expect(other.page.html).toContain(`value="${email}"`);
    await other.submit("Cancel");
    expect(answer(other.page.url)).toEqual({ error: "access_denied", error_description: expect.any(String), state: direct.state });
    expect(state).not.toBe(direct.state);
  });

  test("Google: a new person proves the address before anything else", async () => {
    const email = freshEmail();
    const { url, verifier } = await start({ provider: "GoogleOAuth" });
    const b = browser();
    await b.open(url);
    await b.submit("Continue", { email, first_name: "Ana", last_name: "Sousa" });
    expect(b.page.title).toBe("Verify your e-mail address");
    await b.submit("Continue", { code: await mailedCode(email) });
    expect(await exchange(answer(b.page.url)["code"], verifier)).toMatchObject({
      user: { email, firstName: "Ana", lastName: "Sousa", emailVerified: true },
    });
  });

  test("TOTP: after the password, with a code of the person's own factor", async () => {
    const { email, id } = await member();
    const { authenticationFactor } = await target.sdk.multiFactorAuth.createUserAuthFactor({ userId: id, type: "totp" });
    const { secret } = authenticationFactor.totp;
    const { url, verifier } = await start();
    const b = browser();
    await signIn(b, url, email);
    expect(b.page.title).toBe("Enter your authenticator code");
    const right = await generate({ secret });
    await b.submit("Continue", { code: right === "000000" ? "000001" : "000000" });
    expect(b.page.problem).toBe("This code is not right. Check it and try again.");
    await b.submit("Continue", { code: await generate({ secret }) });
    expect(await exchange(answer(b.page.url)["code"], verifier)).toMatchObject({ user: { id } });
  });

  test("sign-up: the address is proved by a mailed code; a taken address and a weak password are told", async () => {
    const email = freshEmail("new");
    const { url, verifier } = await start({ screenHint: "sign-up" });
    const b = browser();
    await b.open(url);
    expect(b.page.title).toBe("Create your account");
    await b.submit("Continue", { email, password: "short" });
    expect(b.page.problem).toContain("10 characters");
    await b.submit("Continue", { email, password, first_name: "Rita", last_name: "<b>Lopes</b>" });
    expect(b.page.title).toBe("Verify your e-mail address");
    await b.submit("Send a new code");
    await b.submit("Continue", { code: await mailedCode(email, 2) });
    expect(await exchange(answer(b.page.url)["code"], verifier)).toMatchObject({
      user: { email, emailVerified: true, firstName: "Rita", lastName: "<b>Lopes</b>" },
    });

    const other = browser();
    await other.open((await start({ screenHint: "sign-up" })).url);
    await other.submit("Continue", { email: email.toUpperCase(), password });
    expect(other.page).toMatchObject({ status: 400, problem: expect.stringContaining("already") });
  });

  test("reset: by the mailed link, once; every session ends, the new password works", async () => {
    const { email, id } = await member();
    const session = await target.sdk.userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
    const b = browser();
    await b.open((await start()).url);
    await b.submit("Continue", { email });
    await b.click("Forgot your password?");
    await b.submit("Send the link", { email });
    expect(b.page.title).toBe("Check your e-mail");
    const known = b.page.html.replaceAll(email, "");
    const link = await mailedLink(email);
    await b.open(link);
    await b.submit("Save", { password: "short" });
    expect(b.page.problem).toContain("10 characters");
    const used = b.form("Save", { password: "another long password" });
    await b.submit("Save", { password: "another long password" });
    expect(b.page.title).toBe("Your password is changed");
    expect(await b.post(used.action, used.body)).toMatchObject({ title: "This link cannot be used" });
    expect(await refresh(session.refreshToken).then(String, (error) => error.error)).toBe("invalid_grant");
    await b.open(link);
    expect(b.page.title).toBe("This link cannot be used");

    await signIn(b, (await start()).url, email, "another long password");
    expect(answer(b.page.url)["code"]).toBeDefined();
    expect(await refusal(target.sdk.userManagement.authenticateWithPassword({ clientId: target.clientId, email, password }))).toMatchObject(
      { code: "invalid_credentials" },
    );
    expect((await target.sdk.userManagement.listSessions(id)).data.map(({ status }) => status).toSorted()).toEqual(["active", "revoked"]);

    const stranger = browser();
    const nobody = freshEmail("nobody");
    await stranger.open((await start()).url);
    await stranger.submit("Continue", { email: nobody });
    await stranger.click("Forgot your password?");
    await stranger.submit("Send the link", { email: nobody });
    expect(stranger.page.html.replaceAll(nobody, "").length).toBe(known.length);
    expect(await admin().mails(nobody)).toEqual([]);
  });

  test("several organizations: the person chooses among their own, unless the application has chosen", async () => {
    const { email, id, organizationId } = await member();
    const second = await join(id, "Clínica & Filhos");
    const foreign = (await member()).organizationId;
    const { url, verifier } = await start();
    const b = browser();
    await signIn(b, url, email);
    expect(b.page.title).toBe("Choose an organization");
    await b.submit("Clínica & Filhos", {}, { organization_id: foreign });
    expect(b.page).toMatchObject({ status: 400, title: "Choose an organization" });
    await b.submit("Clínica & Filhos");
    const reply = await exchange(answer(b.page.url)["code"], verifier);
    expect(reply).toMatchObject({ organizationId: second });

    // Asked for by the application, silently: and the same session goes on.
    const next = await start({ organizationId });
    await b.open(next.url);
    const other = await exchange(answer(b.page.url)["code"], next.verifier);
    expect(other).toMatchObject({ organizationId });
    expect(decodeJwt(other.accessToken)["sid"]).toBe(decodeJwt(reply.accessToken)["sid"]);
    expect(await refresh(other.refreshToken, second)).toMatchObject({ organizationId: second });
  });

  test("who is signed in is not asked again, unless the application wants it, until they sign out", async () => {
    const { email, id } = await member();
    const b = browser();
    const first = await start();
    await signIn(b, first.url, email);
    const { accessToken } = await exchange(answer(b.page.url)["code"], first.verifier);
    const second = await start();
    await b.open(second.url);
    const silent = decodeJwt((await exchange(answer(b.page.url)["code"], second.verifier)).accessToken);
    expect(silent).toMatchObject({ sub: id, auth_time: decodeJwt(accessToken)["auth_time"] });
    await b.open((await start({ maxAge: 3_600 })).url);
    expect(answer(b.page.url)["code"]).toBeDefined();

    for (const wish of [{ prompt: "login" }, { maxAge: 0 }]) {
      const again = await start(wish);
      await b.open(again.url);
      expect(b.page.title).toBe("Sign in");
      expect(b.page.html).toContain(`value="${email}"`);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await b.submit("Continue", {});
      await b.submit("Sign in", { password });
      const fresh = decodeJwt((await exchange(answer(b.page.url)["code"], again.verifier)).accessToken);
      expect(fresh["sid"]).toBe(silent["sid"]);
      expect(Number(fresh["auth_time"])).toBeGreaterThan(Number(silent["auth_time"]));
    }

    await b.open(target.sdk.userManagement.getLogoutUrl({ sessionId: String(silent["sid"]), returnTo: SIGNED_OUT }));
    expect(b.page.url).toBe(SIGNED_OUT);
    await b.open((await start()).url);
    expect(b.page.title).toBe("Sign in");
  });

  test("signing out ends refreshing, and leads nowhere but to a registered address", async () => {
    const { email } = await member();
    const b = browser();
    const { url, verifier } = await start();
    await signIn(b, url, email);
    const { accessToken, refreshToken } = await exchange(answer(b.page.url)["code"], verifier);
    const sessionId = String(decodeJwt(accessToken)["sid"]);
    await b.open(target.sdk.userManagement.getLogoutUrl({ sessionId, returnTo: "http://evil.example/" }));
    expect(b.page.url).toBe(SIGNED_OUT);
    expect(await refusal(refresh(refreshToken))).toMatchObject({ error: "invalid_grant" });
    await b.open(target.sdk.userManagement.getLogoutUrl({ sessionId }));
    expect(b.page.url).toBe(SIGNED_OUT);
    expect((await target.fetch(`${target.url}/user_management/sessions/logout?session_id=session_none`)).status).toBe(422);
  });

  test("a session revoked by API is over in the browser too, and refreshes no more", async () => {
    const { email, id } = await member();
    const b = browser();
    const { url, verifier } = await start();
    await signIn(b, url, email);
    const code = answer(b.page.url)["code"];
    const [session] = (await target.sdk.userManagement.listSessions(id)).data;
    const { refreshToken } = await exchange(code, verifier);
    const late = await start();
    await b.open(late.url);
    await target.sdk.userManagement.revokeSession({ sessionId: session?.id ?? "" });
    expect(await refusal(exchange(answer(b.page.url)["code"], late.verifier))).toMatchObject({ error: "invalid_grant" });
    expect(await refusal(refresh(refreshToken))).toMatchObject({ error: "invalid_grant" });
    await b.open((await start()).url);
    expect(b.page.title).toBe("Sign in");
  });

  test("a code works once, and only with the verifier of its challenge", async () => {
    const { email } = await member();
    const b = browser();
    const codes: { code: string | undefined; verifier: string }[] = [];
    await signIn(b, (await start()).url, email);
    for (let index = 0; index < 4; index++) {
      const { url, verifier } = await start();
      await b.open(url);
      codes.push({ code: answer(b.page.url)["code"], verifier });
    }
    const [first, second, third, fourth] = codes;
    const outcomes = await Promise.allSettled([exchange(first?.code, first?.verifier), exchange(first?.code, first?.verifier)]);
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(await refusal(exchange(first?.code, first?.verifier))).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await refusal(exchange(second?.code, first?.verifier))).toMatchObject({ status: 400, error: "invalid_grant" });
    expect(await refusal(exchange(second?.code, second?.verifier))).toMatchObject({ error: "invalid_grant" });
    // The API key alone does not stand for the verifier, and the verifier alone is enough for a public client.
    expect(await refusal(exchange(third?.code))).toMatchObject({ error: "invalid_grant" });
    const body = {
      grant_type: "authorization_code",
      client_id: target.clientId,
      code: fourth?.code ?? "",
      code_verifier: fourth?.verifier ?? "",
    };
    const reply = await target.fetch(`${target.url}/user_management/authenticate`, { method: "POST", body: new URLSearchParams(body) });
    expect(reply.status).toBe(200);
    expect(await refusal(exchange("no such code", fourth?.verifier))).toMatchObject({ error: "invalid_grant" });
  });

  test("without a challenge the API key is needed, and a verifier is a mistake", async () => {
    const { email } = await member();
    const b = browser();
    const plain = () =>
      target.sdk.userManagement.getAuthorizationUrl({ provider: "authkit", clientId: target.clientId, redirectUri: CALLBACK });
    await signIn(b, plain(), email);
    expect(answer(b.page.url)).toEqual({ code: expect.any(String) });
    expect(await exchange(answer(b.page.url)["code"])).toMatchObject({ user: { email } });
    await b.open(plain());
    expect(await refusal(exchange(answer(b.page.url)["code"], "some verifier"))).toMatchObject({
      status: 400,
      code: "code_challenge_not_found",
    });
    await b.open(plain());
    const body = { grant_type: "authorization_code", client_id: target.clientId, code: answer(b.page.url)["code"] ?? "" };
    const reply = await target.fetch(`${target.url}/user_management/authenticate`, { method: "POST", body: new URLSearchParams(body) });
    expect([reply.status, await reply.json()]).toMatchObject([400, { error: "invalid_client" }]);
  });

  test("a refresh token works once, also one of the hosted pages", async () => {
    const { email } = await member();
    const b = browser();
    const { url, verifier } = await start();
    await signIn(b, url, email);
    const { refreshToken } = await exchange(answer(b.page.url)["code"], verifier);
    const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => refresh(refreshToken)));
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await refusal(refresh(refreshToken))).toMatchObject({ status: 400, error: "invalid_grant" });
  });

  test("a wrong client or redirect address leads nowhere", async () => {
    const b = new Browser("http://app.example:3000/", "http://evil.example/");
    for (const redirectUri of [
      "http://evil.example/",
      `${CALLBACK}/`,
      `${CALLBACK}?x=1`,
      `${CALLBACK}#x`,
      CALLBACK.toUpperCase(),
      "http://app.example:3000/callback/../evil",
      "",
    ]) {
      await b.open((await start({ redirectUri })).url);
      expect(b.page, redirectUri).toMatchObject({ status: 400, title: "This address is not registered" });
    }
    await b.open((await start({ clientId: "client_other" })).url);
    expect(b.page).toMatchObject({ status: 400, title: "This application is not known" });
  });

  test("a browser is led by 302, after a form by 303, and never through a store", async () => {
    const { email } = await member();
    const b = browser();
    const first = await fetch((await start()).url, { redirect: "manual" });
    expect([first.status, first.headers.get("location")]).toEqual([302, expect.stringMatching(/^\/authkit\/sign-in\?flow=/)]);
    await b.open((await start()).url);
    await b.submit("Continue", { email });
    const { action, body } = b.form("Sign in", { password });
    const cookie = () => ({ cookie: [...b.cookies].map((one) => one.join("=")).join("; ") });
    const last = await fetch(action, { method: "POST", body, redirect: "manual", headers: cookie() });
    expect([last.status, last.headers.get("cache-control")]).toEqual([303, "no-store"]);
    await b.open((await start()).url);
    await b.submit("Continue", { email });
    await b.submit("Sign in", { password });
    const silent = await fetch((await start()).url, { redirect: "manual", headers: cookie() });
    expect([silent.status, silent.headers.get("location")]).toEqual([
      302,
      expect.stringMatching(/^http:\/\/app\.example:3000\/callback\?code=/),
    ]);
  });

  test("other mistakes are told to the application, with its state", async () => {
    const b = browser();
    const lonely = await target.sdk.organizations.createOrganization({ name: "Lonely" });
    const cases: [Partial<Wish> & { raw?: Record<string, string> }, string][] = [
      [{ provider: "GitHubOAuth" }, "invalid_connection_selector"],
      [{ raw: { connection_id: "conn_none" } }, "invalid_connection_selector"],
      [{ provider: undefined, connectionId: "conn_none" }, "connection_invalid"],
      [{ provider: undefined, organizationId: "org_none" }, "organization_invalid"],
      [{ organizationId: "org_none" }, "organization_invalid"],
      [{ provider: undefined, organizationId: lonely.id }, "organization_invalid"],
      [{ raw: { code_challenge_method: "plain" } }, "invalid_request"],
      [{ raw: { code_challenge: "short" } }, "invalid_request"],
      [{ raw: { response_type: "token" } }, "unsupported_response_type"],
    ];
    for (const [{ raw = {}, ...wish }, error] of cases) {
      const { url, state } = await start(wish);
      const address = new URL(url);
      for (const [name, value] of Object.entries(raw)) address.searchParams.set(name, value);
      await b.open(address.href);
      expect(answer(b.page.url), JSON.stringify([wish, raw])).toEqual({ error, error_description: expect.any(String), state });
    }
  });

  test("state comes back to the letter", async () => {
    const { email } = await member();
    const b = browser();
    const state = 'a b+c%20&code=evil#"<ß>\u{1F600}=';
    await signIn(b, (await start({ state })).url, email);
    expect(new URL(b.page.url).searchParams.getAll("state")).toEqual([state]);
    expect(new URL(b.page.url).searchParams.getAll("code")).toHaveLength(1);
  });

  test("a form works in the browser it was given to, unchanged, and from its own site only", async () => {
    const { email } = await member();
    const b = browser();
    await b.open((await start()).url);
    const refused = { status: 403, title: "This form cannot be used" };
    expect(await b.submit("Continue", { email }, { form_token: "forged" })).toMatchObject(refused);
    await b.open((await start()).url);
    const otherFlow = b.form("Continue").body.get("flow") ?? "";
    await b.open((await start()).url);
    expect(await b.submit("Continue", { email }, { flow: otherFlow })).toMatchObject(refused);
    await b.open((await start()).url);
    const given = b.form("Continue", { email });
    expect(await b.post(given.action, given.body, { origin: "http://evil.example" })).toMatchObject(refused);
    const stranger = browser();
    await stranger.open((await start()).url);
    expect(await stranger.post(given.action, given.body)).toMatchObject(refused);
    expect(await browser().post(given.action, given.body)).toMatchObject(refused);
    // Nor does a link into somebody else's sign-in work.
    expect(await stranger.open(`${target.url}/authkit/sign-in?flow=${otherFlow}`)).toMatchObject({
      status: 400,
      title: "This sign-in is over",
    });
    expect(await b.post(given.action, given.body)).toMatchObject({ status: 200, title: "Enter your password" });
  });

  test("a provider's answer belongs to one sign-in of one browser", async () => {
    const { email } = await member();
    const b = browser();
    await b.open((await start({ provider: "GoogleOAuth" })).url);
    const { action, body } = b.form("Continue", { email });
    const reply = await fetch(action, {
      method: "POST",
      body,
      redirect: "manual",
      headers: { cookie: [...b.cookies].map((one) => one.join("=")).join("; ") },
    });
    const back = new URL(reply.headers.get("location") ?? "", target.url);
    const tampered = new URL(back);
    tampered.searchParams.set("state", `${back.searchParams.get("state")}x`);
    expect(await b.open(tampered.href)).toMatchObject({ status: 400, title: "This sign-in is over" });
    expect(await browser().open(back.href)).toMatchObject({ status: 400, title: "This sign-in is over" });
    const stolen = browser();
    await stolen.open((await start({ provider: "GoogleOAuth" })).url);
    const mixed = new URL(back);
    mixed.searchParams.set("state", new URL(stolen.page.url).searchParams.get("state") ?? "");
    await stolen.open(mixed.href);
    expect(answer(stolen.page.url)).toMatchObject({ error: "oauth_failed" });
    await b.open(back.href);
    expect(answer(b.page.url)).toMatchObject({ error: "oauth_failed" }); // the code was spent by the other
    expect(await b.open(back.href)).toMatchObject({ status: 400, title: "This sign-in is over" });
  });

  test("steps cannot be skipped", async () => {
    const { email, id } = await member();
    await target.sdk.multiFactorAuth.createUserAuthFactor({ userId: id, type: "totp" });
    await join(id, "Second");
    const b = browser();
    await signIn(b, (await start()).url, email);
    expect(b.page.title).toBe("Enter your authenticator code");
    const flow = new URL(b.page.url).searchParams.get("flow");
    await b.open(`${target.url}/authkit/organizations?flow=${flow}`);
    expect(b.page.html).not.toContain("<button");
    await b.open(`${target.url}/authkit/verify-email?flow=${flow}`);
    await b.submit("Continue", { code: "123456" });
    expect(b.page).toMatchObject({ status: 400, problem: "This step has taken too long. Start the sign-in again." });
  });

  test("an invitation: by the mailed link, with a new account, into its organization and role", async () => {
    const { userManagement } = target.sdk;
    const { id: organizationId } = await target.sdk.organizations.createOrganization({ name: "Clínica Sol" });
    const email = freshEmail("guest");
    const invitation = await userManagement.sendInvitation({ email, organizationId });
    const link = await mailedLink(email);
    expect(link).toBe(invitation.acceptInvitationUrl);
    const b = browser();
    await b.open(link);
    expect(b.page.title).toBe("Join Clínica Sol");
    await b.submit("Accept the invitation");
    expect(b.page.url).toBe(`http://app.example:3000/sign-in?invitation_token=${invitation.token}`);

    const { url, verifier } = await start({ screenHint: "sign-up" });
    await b.open(url);
    expect(b.page.html).toContain(`value="${email}"`);
    await b.submit("Continue", { password });
    await b.submit("Continue", { code: await mailedCode(email, 2) });
    expect(await exchange(answer(b.page.url)["code"], verifier)).toMatchObject({ organizationId, user: { email } });
    expect(await userManagement.getInvitation(invitation.id)).toMatchObject({ state: "accepted" });
    await b.open(link);
    expect(b.page.title).toBe("This invitation cannot be used");
  });

  test("an invitation to somebody else is refused, and does not hold up the sign-in", async () => {
    const { email } = await member();
    const { token } = await target.sdk.userManagement.sendInvitation({
      email: freshEmail("guest"),
      organizationId: (await member()).organizationId,
    });
    const b = browser();
    await signIn(b, (await start({ invitationToken: token })).url, email);
    expect(b.page).toMatchObject({
      status: 400,
      title: "The invitation cannot be used",
      problem: "This invitation was sent to another e-mail address.",
    });
    await b.click("Sign in without the invitation");
    await b.submit("Continue", { email });
    await b.submit("Sign in", { password });
    expect(answer(b.page.url)["code"]).toBeDefined();
  });

  test("impersonation: the reply and the token say who it really is, for an hour", async () => {
    const { id, organizationId } = await member();
    const impersonator = { email: "support@workos.example", reason: "ticket 7" };
    const { url, code } = await admin().impersonate({ userId: id, ...impersonator });
    expect(url).toBe(`${CALLBACK}?code=${code}`);
    const reply = await exchange(code);
    expect(reply).toMatchObject({ user: { id }, organizationId, impersonator, authenticationMethod: "Impersonation" });
    expect(decodeJwt(reply.accessToken)).toMatchObject({ act: { sub: impersonator.email } });
    const [session] = (await target.sdk.userManagement.listSessions(id)).data;
    expect(session).toMatchObject({ authMethod: "impersonation", impersonator });
    expect((Date.parse(session?.expiresAt ?? "") - Date.parse(session?.createdAt ?? "")) / 60_000).toBeCloseTo(60, 1);
    expect(await refresh(reply.refreshToken)).toMatchObject({ impersonator });
    const { data } = await target.sdk.events.listEvents({ events: ["session.created"], limit: 100 });
    expect(data.find(({ data: one }) => (one as { id: string }).id === session?.id)?.data).toMatchObject({ impersonator });
  });

  interface Wish {
    provider: string | undefined;
    clientId: string;
    redirectUri: string;
    state: string;
    connectionId: string;
    organizationId: string;
    screenHint: "sign-up" | "sign-in";
    loginHint: string;
    domainHint: string;
    invitationToken: string;
    prompt: string;
    maxAge: number;
  }

  /** What an application does before it sends the browser away: the URL of the SDK, with PKCE. */
  async function start(wish: Partial<Wish> = {}): Promise<{ url: string; state: string; verifier: string }> {
    const verifier = randomBytes(32).toString("base64url");
    const state = wish.state ?? randomBytes(8).toString("hex");
    const url = target.sdk.userManagement.getAuthorizationUrl({
      provider: "authkit",
      clientId: target.clientId,
      redirectUri: CALLBACK,
      codeChallenge: createHash("sha256").update(verifier).digest("base64url"),
      codeChallengeMethod: "S256",
      ...wish,
      state,
    } as Parameters<typeof target.sdk.userManagement.getAuthorizationUrl>[0]);
    return { url, state, verifier };
  }

  async function signIn(b: Browser, url: string, email: string, given = password): Promise<void> {
    await b.open(url);
    await b.submit("Continue", { email });
    await b.submit("Sign in", { password: given });
  }

  function exchange(code: string | undefined, codeVerifier?: string) {
    return target.sdk.userManagement.authenticateWithCode({
      clientId: target.clientId,
      code: code ?? "",
      ...(codeVerifier === undefined ? {} : { codeVerifier }),
    });
  }

  function refresh(refreshToken: string, organizationId?: string) {
    return target.sdk.userManagement.authenticateWithRefreshToken({
      clientId: target.clientId,
      refreshToken,
      ...(organizationId === undefined ? {} : { organizationId }),
    });
  }

  async function member(): Promise<{ email: string; id: string; organizationId: string }> {
    const email = freshEmail("ana");
    const { id } = await target.sdk.userManagement.createUser({ email, password, emailVerified: true });
    return { email, id, organizationId: await join(id, "First") };
  }

  async function join(userId: string, name: string): Promise<string> {
    const { id: organizationId } = await target.sdk.organizations.createOrganization({ name });
    await target.sdk.userManagement.createOrganizationMembership({ userId, organizationId });
    return organizationId;
  }

  /** The code in the mail of this number (the first is 1). */
  async function mailedCode(email: string, number = 1): Promise<string> {
    const mails = await admin().mails(email);
    expect(mails).toHaveLength(number);
    expect(mails.at(-1)?.subject).not.toMatch(/\d{6}/);
    return /Your code is (\d{6})/.exec(mails.at(-1)?.text ?? "")?.[1] ?? "";
  }

  async function mailedLink(email: string): Promise<string> {
    return /http\S+/.exec((await admin().mails(email)).at(-1)?.text ?? "")?.[0] ?? "";
  }
});

/** The query the application was sent. */
function answer(url: string): Record<string, string | undefined> {
  expect(url).toMatch(/^http:\/\/app\.example:3000\/callback\?/);
  return Object.fromEntries(new URL(url).searchParams);
}
