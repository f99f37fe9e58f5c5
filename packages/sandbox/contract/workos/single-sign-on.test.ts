import { GenerateLinkIntent } from "@workos-inc/node";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { WorkosTwinAdmin } from "../../src/workos/admin-client.ts";
import { Browser } from "./browser.ts";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

// Not live: connections are made by the twin's admin side, and its own pages are filled in.
const CALLBACK = "http://app.example:3000/callback";
const live = process.env["REHOME_CONTRACT_LIVE"] === "1";
const password = "a long enough password";

describe.skipIf(live)("single sign-on", () => {
  const target = withTarget({ redirectUris: [CALLBACK], limits: false });
  const admin = () => new WorkosTwinAdmin(target.twin ?? { url: "", adminToken: "" });
  const browser = () => new Browser("http://app.example:3000/");

  test("connections are listed, read and deleted", async () => {
    const { sso, organizations } = target.sdk;
    const { organizationId, connectionId, domain } = await company();
    const connection = await sso.getConnection(connectionId);
    expect(connection).toMatchObject({ id: connectionId, organizationId, name: "Work account", state: "active" });
    expect((await sso.listConnections({ organizationId })).data).toEqual([connection]);
    expect((await sso.listConnections({ domain })).data).toEqual([connection]);
    expect((await sso.listConnections({ organizationId: (await company()).organizationId })).data).toHaveLength(1);
    await sso.deleteConnection(connectionId);
    expect(await refusal(sso.getConnection(connectionId))).toMatchObject({ status: 404 });
    const other = await company();
    await organizations.deleteOrganization(other.organizationId);
    expect(await refusal(sso.getConnection(other.connectionId))).toMatchObject({ status: 404 });
  });

  test("an address in a verified domain leads there, is believed, and makes a member", async () => {
    const { organizationId, domain } = await company();
    const email = `rui-${crypto.randomUUID()}@${domain}`;
    const b = browser();
    await b.open(url({ provider: "authkit" }));
    await b.submit("Continue", { email });
    expect(b.page.title).toBe("Sign in to Company");
    await b.submit("Continue", { email, first_name: "Rui" });

    const reply = await exchange(b);
    expect(reply).toMatchObject({ user: { email, firstName: "Rui", emailVerified: true }, organizationId, authenticationMethod: "SSO" });
    expect((await target.sdk.userManagement.listSessions(reply.user.id)).data).toMatchObject([{ authMethod: "sso", organizationId }]);
    expect(decodeJwt(reply.accessToken)).toMatchObject({ org_id: organizationId, role: "member" });
  });

  test("the connection, the organization and the domain each lead there; several connections are ambiguous", async () => {
    const { organizationId, connectionId, domain } = await company();
    const b = browser();
    for (const wish of [{ connectionId }, { organizationId }, { provider: "authkit", domainHint: domain }]) {
      await b.open(url(wish));
      expect(b.page.title, JSON.stringify(wish)).toBe("Sign in to Company");
    }
    expect(b.page.html).toContain(`value="@${domain}"`);
    await admin().addConnection(organizationId, "Another");
    await b.open(url({ organizationId }));
    expect(answer(b)).toMatchObject({ error: "ambiguous_connection_selector" });
    await admin().setConnection(connectionId, "inactive");
    await b.open(url({ connectionId }));
    expect(answer(b)).toMatchObject({ error: "connection_unlinked" });
  });

  test("no other way is open to an address of such a domain", async () => {
    const { userManagement } = target.sdk;
    const { connectionId, domain } = await company();
    const email = `rui-${crypto.randomUUID()}@${domain}`;
    await userManagement.createUser({ email, password, emailVerified: true });
    const refused = await refusal(userManagement.authenticateWithPassword({ clientId: target.clientId, email, password }));
    expect(refused).toMatchObject({ status: 400 });
    expect(refused.rawData).toMatchObject({ error: "sso_required", connection_ids: [connectionId], email });
    const { code } = await userManagement.createMagicAuth({ email });
    expect(await refusal(userManagement.authenticateWithMagicAuth({ clientId: target.clientId, email, code }))).toMatchObject({
      rawData: { error: "sso_required" },
    });

    const b = browser();
    await b.open(url({ provider: "GoogleOAuth" }));
    await b.submit("Continue", { email });
    expect(b.page.title).toBe("Sign in to Company");
    await b.open(url({ provider: "authkit", screenHint: "sign-up" }));
    await b.submit("Continue", { email: `new-${email}`, password });
    expect(b.page.title).toBe("Sign in to Company");
  });

  test("a provider may not speak for others' addresses: strangers are refused, guests prove theirs the first time", async () => {
    const { userManagement } = target.sdk;
    const { organizationId, connectionId } = await company();
    const email = freshEmail("guest");
    const { id: userId } = await userManagement.createUser({ email, password, emailVerified: true });
    const b = browser();
    await b.open(url({ connectionId }));
    await b.submit("Continue", { email });
    expect(answer(b)).toMatchObject({ error: "server_error" });

    await userManagement.createOrganizationMembership({ userId, organizationId });
    await b.open(url({ connectionId }));
    await b.submit("Continue", { email });
    expect(b.page.title).toBe("Verify your e-mail address");
    const [mail] = await admin().mails(email);
    await b.submit("Continue", { code: /(\d{6})/.exec(mail?.text ?? "")?.[1] ?? "" });
    expect(await exchange(b)).toMatchObject({ user: { id: userId }, organizationId });
    const again = browser();
    await again.open(url({ connectionId }));
    await again.submit("Continue", { email });
    expect(await exchange(again)).toMatchObject({ user: { id: userId } });
  });

  test("an invited guest becomes a member; a suspended one stays out", async () => {
    const { userManagement } = target.sdk;
    const { organizationId, connectionId, domain } = await company();
    const email = freshEmail("guest");
    const invitation = await userManagement.sendInvitation({ email, organizationId });
    const b = browser();
    await b.open(url({ connectionId }));
    await b.submit("Continue", { email });
    const mail = (await admin().mails(email)).find(({ kind }) => kind === "email_verification");
    await b.submit("Continue", { code: /(\d{6})/.exec(mail?.text ?? "")?.[1] ?? "" });
    expect(await exchange(b)).toMatchObject({ organizationId });
    expect(await userManagement.getInvitation(invitation.id)).toMatchObject({ state: "accepted" });

    const own = `rui-${crypto.randomUUID()}@${domain}`;
    const { id: userId } = await userManagement.createUser({ email: own, emailVerified: true });
    const { id } = await userManagement.createOrganizationMembership({ userId, organizationId });
    await userManagement.deactivateOrganizationMembership(id);
    await b.open(url({ connectionId }));
    await b.submit("Continue", { email: own });
    expect(answer(b)).toMatchObject({ error: "server_error" });
    expect(await userManagement.getOrganizationMembership(id)).toMatchObject({ status: "inactive" });
  });

  test("the provider's no and its failure are told apart", async () => {
    const { connectionId } = await company();
    const b = browser();
    for (const [button, error] of [
      ["Cancel", "access_denied"],
      ["Answer with an error", "server_error"],
    ] as const) {
      await b.open(url({ connectionId }));
      await b.submit(button);
      expect(answer(b)).toEqual({ error, error_description: expect.any(String), state: "s" });
    }
  });

  test("TOTP is not asked for", async () => {
    const { organizationId, connectionId, domain } = await company();
    const email = `rui-${crypto.randomUUID()}@${domain}`;
    const { id: userId } = await target.sdk.userManagement.createUser({ email, emailVerified: true });
    await target.sdk.userManagement.createOrganizationMembership({ userId, organizationId });
    await target.sdk.multiFactorAuth.createUserAuthFactor({ userId, type: "totp" });
    const b = browser();
    await b.open(url({ connectionId }));
    await b.submit("Continue", { email });
    expect(await exchange(b)).toMatchObject({ user: { id: userId } });
  });

  test("the Admin Portal connects an organization by its link, and leads back", async () => {
    const { organizations, sso, adminPortal } = target.sdk;
    const { id: organization } = await organizations.createOrganization({ name: "Company" });
    const successUrl = "http://app.example:3000/connected";
    const { link } = await adminPortal.generateLink({
      organization,
      intent: GenerateLinkIntent.SSO,
      successUrl,
      returnUrl: "http://app.example:3000/",
    });
    const b = browser();
    await b.open(link);
    expect(b.page.title).toBe("Set up Company");
    await b.submit("Connect", { name: "Work account" });
    expect(b.page.url).toBe(successUrl);
    expect((await sso.listConnections({ organizationId: organization })).data).toMatchObject([{ name: "Work account", state: "active" }]);

    const other = await adminPortal.generateLink({ organization, intent: GenerateLinkIntent.DSync });
    await b.open(other.link);
    expect(b.page.html).toContain("not played here");
    await b.open(`${link}x`);
    expect(b.page).toMatchObject({ status: 400, title: "This link cannot be used" });
    expect(await refusal(adminPortal.generateLink({ organization: "org_none", intent: GenerateLinkIntent.SSO }))).toMatchObject({
      status: 404,
    });
    expect(await refusal(adminPortal.generateLink({ organization, intent: "everything" as GenerateLinkIntent }))).toMatchObject({
      status: 422,
    });
    const script = adminPortal.generateLink({ organization, intent: GenerateLinkIntent.SSO, returnUrl: "javascript:alert(1)" });
    expect(await refusal(script)).toMatchObject({ status: 422 });
  });

  test("redirect addresses are registered by API, to the letter", async () => {
    const uri = `http://app.example:3000/${crypto.randomUUID()}`;
    const { data } = await target.sdk.post<{ uri: string; default: boolean }, object>("/user_management/redirect_uris", { uri });
    expect(data).toMatchObject({ uri, default: false });
    const b = browser();
    await b.open(url({ provider: "authkit", redirectUri: uri }));
    expect(b.page.title).toBe("Sign in");
    for (const wrong of [uri, "javascript:alert(1)", "/callback", `${uri}#x`, "http://*.example/"]) {
      expect(await refusal(target.sdk.post("/user_management/redirect_uris", { uri: wrong })), wrong).toMatchObject({ status: 422 });
    }
  });

  async function company(): Promise<{ organizationId: string; connectionId: string; domain: string }> {
    const domain = `${crypto.randomUUID()}.example`;
    const { id: organizationId } = await target.sdk.organizations.createOrganization({
      name: "Company",
      domainData: [{ domain, state: "verified" as never }],
    });
    return { organizationId, connectionId: await admin().addConnection(organizationId, "Work account"), domain };
  }

  function url(wish: Partial<Parameters<typeof target.sdk.userManagement.getAuthorizationUrl>[0]>): string {
    return target.sdk.userManagement.getAuthorizationUrl({ clientId: target.clientId, redirectUri: CALLBACK, state: "s", ...wish });
  }

  function exchange(b: Browser) {
    return target.sdk.userManagement.authenticateWithCode({ clientId: target.clientId, code: answer(b)["code"] ?? "" });
  }
});

/** The query the application was sent. */
function answer({ page }: Browser): Record<string, string | undefined> {
  expect(page.url).toMatch(/^http:\/\/app\.example:3000\/callback\?/);
  return Object.fromEntries(new URL(page.url).searchParams);
}
