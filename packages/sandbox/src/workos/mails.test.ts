import { WorkOS } from "@workos-inc/node";
import { afterEach, expect, test, vi } from "vitest";
import { Browser } from "../../contract/workos/browser.ts";
import { startMailCatcher } from "../mail/catcher.ts";
import type { MailCatcher } from "../mail/client.ts";
import { WorkosTwinAdmin } from "./admin-client.ts";
import { startWorkosTwin, type WorkosTwin, type WorkosTwinOptions } from "./twin.ts";

let twin: WorkosTwin;
let catcher: MailCatcher | undefined;
afterEach(async () => {
  await twin.stop();
  await catcher?.stop();
  catcher = undefined;
});

async function start(options: WorkosTwinOptions = {}): Promise<WorkOS> {
  twin = await startWorkosTwin(options);
  return new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: "127.0.0.1", port: twin.port, https: false, maxRetries: 0 });
}

test("every kind of mail reaches the catcher, with its code or link", async () => {
  catcher = await startMailCatcher();
  const { userManagement, organizations } = await start({ smtpUrl: catcher.smtpUrl });
  const email = "ana@example.com";
  const { id } = await userManagement.createUser({ email });
  const { code } = await userManagement.createMagicAuth({ email });
  const magic = await catcher.waitForMail(email, { subject: /sign-in code/ });
  expect([magic.text.includes(code), magic.html.includes(code), magic.subject.includes(code)]).toEqual([true, true, false]);

  await userManagement.sendVerificationEmail({ userId: id });
  expect((await catcher.waitForMail(email, { subject: /Verify/ })).text).toMatch(/Your code is \d{6}\n/);
  const reset = await userManagement.createPasswordReset({ email });
  expect((await catcher.waitForMail(email, { subject: /password/ })).text).toContain(reset.passwordResetUrl);
  const { id: organizationId } = await organizations.createOrganization({ name: "Clínica <Sol>" });
  const invitation = await userManagement.sendInvitation({ email: "bea@example.com", organizationId });
  const invited = await catcher.waitForMail("bea@example.com");
  expect(invited.text).toContain(`join Clínica <Sol>.\n\n${invitation.acceptInvitationUrl}\n`);
  expect(invited.html).toContain("Clínica &lt;Sol&gt;");
  await userManagement.resendInvitation(invitation.id);
  expect(await catcher.waitForMail("bea@example.com", { after: invited })).toMatchObject({ subject: "You have been invited" });
});

test("without a catcher they are kept in the outbox; kinds that are switched off are not written", async () => {
  const { userManagement } = await start({ silentMails: ["magic_auth"] });
  await userManagement.createUser({ email: "ana@example.com" });
  await userManagement.createMagicAuth({ email: "ana@example.com" });
  await userManagement.createPasswordReset({ email: "ANA@example.com" });
  await userManagement.sendInvitation({ email: "bea@example.com" });
  const admin = new WorkosTwinAdmin(twin);

  expect((await admin.mails()).map(({ kind, to }) => [kind, to])).toEqual([
    ["password_reset", "ana@example.com"],
    ["invitation", "bea@example.com"],
  ]);
  expect(await admin.mails("Bea@example.com")).toHaveLength(1);
  expect((await fetch(`${twin.url}/__twin/mails`, { headers: { authorization: `Bearer ${twin.apiKey}` } })).status).toBe(401);
});

test("a mail that cannot be delivered fails no request, and is told without what is in it", async () => {
  const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  try {
    const { userManagement } = await start({ smtpUrl: "smtp://127.0.0.1:1" });
    const { code } = await userManagement.createMagicAuth({ email: "ana@example.com" });
    await expect.poll(() => said.mock.calls.flat().join(""), { timeout: 10_000 }).toContain("a mail was not delivered (");
    const all = said.mock.calls.flat().join("");
    expect([all.includes(code), all.includes("ana@example.com")]).toEqual([false, false]);
  } finally {
    said.mockRestore();
  }
});

test("the hosted pages keep the documented limits, and say so", async () => {
  const redirectUri = "http://app.example/callback";
  const { userManagement } = await start({ redirectUris: [redirectUri] });
  await userManagement.createUser({ email: "ana@example.com", password: "a long enough password", emailVerified: true });
  const browser = new Browser(redirectUri);
  await browser.open(userManagement.getAuthorizationUrl({ provider: "authkit", clientId: twin.clientId, redirectUri }));
  await browser.submit("Continue", { email: "ana@example.com" });
  for (let attempt = 0; attempt < 10; attempt++) expect((await browser.submit("Sign in", { password: "wrong" })).status).toBe(400);
  expect(await browser.submit("Sign in", { password: "a long enough password" })).toMatchObject({
    status: 429,
    problem: "There were too many attempts. Wait a minute, then try again.",
  });
  for (let mail = 0; mail < 3; mail++) {
    await browser.submit("E-mail me a code");
    expect(browser.page.status).toBe(200);
    await browser.click("Use a password");
  }
  expect((await browser.submit("E-mail me a code")).status).toBe(429);
  expect(await new WorkosTwinAdmin(twin).mails()).toHaveLength(3);
});
