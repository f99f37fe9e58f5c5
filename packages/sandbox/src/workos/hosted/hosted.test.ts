import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { WorkOS } from "@workos-inc/node";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium } from "../../browser/chromium.ts";
import { startMailCatcher } from "../../mail/catcher.ts";
import type { MailCatcher } from "../../mail/client.ts";
import { startWorkosTwin, type WorkosTwin } from "../twin.ts";

// What only a real browser decides: whether the pages' policy lets a form lead on to the application, where the focus is, which cookies go along.
let chromium: Browser;
let mail: MailCatcher;
let twin: WorkosTwin;
let application: Server;
let origin: string;
let sdk: WorkOS;

beforeAll(async () => {
  application = createServer((request, response) => {
    response.setHeader("content-type", "text/html").end(`<h1>The application</h1>${request.method}`);
  });
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  // Another host than the pages': a redirect to it is what a strict policy would stop.
  origin = `http://localhost:${(application.address() as AddressInfo).port}`;
  [chromium, mail] = await Promise.all([launchChromium(), startMailCatcher()]);
  twin = await startWorkosTwin({ redirectUris: [`${origin}/callback`], signOutRedirects: [`${origin}/bye`], smtpUrl: mail.smtpUrl });
  sdk = new WorkOS(twin.apiKey, { clientId: twin.clientId, apiHostname: "127.0.0.1", port: twin.port, https: false, maxRetries: 0 });
});
afterAll(async () => {
  await Promise.all([chromium?.close(), twin?.stop(), mail?.stop()]);
  application.closeAllConnections();
  application.close();
});

test("a person signs up, signs in again without being asked, and signs out, by keyboard alone", async () => {
  const page = await (await chromium.newContext()).newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (/policy|refused/i.test(message.text())) complaints.push(message.text());
  });
  await page.goto(authorize({ screenHint: "sign-up" }));
  expect(await focused(page)).toBe("email");
  await page.keyboard.type("ana@example.com");
  for (const text of ["Ana", "Sousa", "short"]) {
    await page.keyboard.press("Tab");
    await page.keyboard.type(text);
  }
  await enter(page);
  expect(await page.title()).toBe("Error: Create your account");
  expect(await focused(page)).toBe("problem");
  expect(await page.locator("[role=alert]").textContent()).toContain("10 characters");
  await page.keyboard.press("Tab"); // the sentence leads to its field
  await page.keyboard.press("Enter");
  expect(await focused(page)).toBe("password");
  await page.keyboard.type("a long enough password");
  await enter(page);
  expect([await page.textContent("h1"), await focused(page)]).toEqual(["Verify your e-mail address", "code"]);
  const { text } = await mail.waitForMail("ana@example.com");
  await page.keyboard.type(/\d{6}/.exec(text)?.[0] ?? "");
  await enter(page);

  expect(page.url()).toMatch(/\/callback\?code=[\w-]+&state=s$/);
  expect(await page.textContent("body")).toContain("The applicationGET");
  const code = new URL(page.url()).searchParams.get("code") ?? "";
  const reply = await sdk.userManagement.authenticateWithCode({ clientId: twin.clientId, code });
  expect(reply.user).toMatchObject({ email: "ana@example.com", firstName: "Ana", lastName: "Sousa" });

  await page.goto(authorize({}));
  expect(page.url()).toMatch(/\/callback\?code=/);
  const { sid } = JSON.parse(Buffer.from(reply.accessToken.split(".")[1] ?? "", "base64url").toString()) as { sid: string };
  await page.goto(sdk.userManagement.getLogoutUrl({ sessionId: sid, returnTo: `${origin}/bye` }));
  expect(page.url()).toBe(`${origin}/bye`);
  await page.goto(authorize({}));
  expect(await page.textContent("h1")).toBe("Sign in");
  expect(complaints).toEqual([]);
}, 90_000);

test("another site's form does nothing", async () => {
  const context = await chromium.newContext();
  const page = await context.newPage();
  await page.goto(authorize({}));
  const inputs = page.locator("form").first().locator("input");
  const fields: (string | null)[][] = [];
  for (const input of await inputs.all()) fields.push([await input.getAttribute("name"), await input.inputValue()]);
  // Even one that has got hold of the hidden fields: the browser sends its cookies with links only.
  const attack = await context.newPage();
  await attack.goto(`${origin}/attack`);
  const html = fields.map(([name, value]) => `<input name="${name}" value="${name === "email" ? "eve@example.com" : value}">`).join("");
  await attack.setContent(`<form method="post" action="${twin.url}/authkit/sign-in">${html}<button>Go</button></form>`);
  await Promise.all([attack.waitForURL(/authkit/), attack.click("button")]);
  expect(await attack.textContent("h1")).toBe("This form cannot be used");
}, 90_000);

function authorize(wish: { screenHint?: "sign-up" }): string {
  const redirectUri = `${origin}/callback`;
  return sdk.userManagement.getAuthorizationUrl({ provider: "authkit", clientId: twin.clientId, redirectUri, state: "s", ...wish });
}

/** The id of what has the focus. */
async function focused(page: Page): Promise<string> {
  return (await page.locator(":focus").getAttribute("id")) ?? "";
}

/** Submits the form by Enter, and waits for the page it leads to. */
async function enter(page: Page): Promise<void> {
  await Promise.all([page.waitForEvent("load"), page.keyboard.press("Enter")]);
}
