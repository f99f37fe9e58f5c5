import { createTransport, type Transporter } from "nodemailer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startMailCatcher } from "./catcher.ts";
import type { MailCatcher } from "./client.ts";
import { spawnMailCatcher } from "./spawn.ts";

let catcher: MailCatcher;
let transport: Transporter;
beforeEach(async () => {
  catcher = await startMailCatcher();
  transport = createTransport(`${catcher.smtpUrl}?pool=true`);
});
afterEach(async () => {
  transport.close();
  await catcher.stop();
});

function send(to: string, subject: string, more: { text?: string; html?: string; bcc?: string } = {}) {
  return transport.sendMail({ from: "clinic@example.com", to, subject, text: "Olá, João", ...more });
}

test("what is sent is kept, by address whatever its case, in the order it came", async () => {
  await send("ana@example.com", "First", { html: "<p>Olá</p>" });
  await send("bea@example.com", "Second", { bcc: "Ana@Example.com" });

  expect(await catcher.mails()).toMatchObject([
    { number: 1, to: ["ana@example.com"], from: "clinic@example.com", subject: "First", text: "Olá, João", html: "<p>Olá</p>" },
    { number: 2, to: ["bea@example.com", "Ana@example.com"], subject: "Second", html: "" },
  ]);
  expect((await catcher.mails("ANA@example.com")).map(({ number }) => number)).toEqual([1, 2]);
  expect(await catcher.mails("nobody@example.com")).toEqual([]);
});

test("waiting ends with the mail that fits, also with one that comes later", async () => {
  const later = catcher.waitForMail("ana@example.com", { subject: /code/ });
  await send("ana@example.com", "Welcome");
  await send("ana@example.com", "Your code");
  const first = await later;
  expect(first).toMatchObject({ number: 2, subject: "Your code" });

  const next = catcher.waitForMail("ana@example.com", { after: first });
  await send("bea@example.com", "Your code");
  await send("ana@example.com", "Another code");
  expect(await next).toMatchObject({ number: 4 });
});

test("waiting in vain says what came instead, not what it said", async () => {
  await send("ana@example.com", "Welcome", { text: "secret 123456" });
  const error = await catcher.waitForMail("ana@example.com", { subject: /code/, timeoutMs: 100 }).catch(String);
  expect(error).toContain('No mail to ana@example.com that fits came within 100 ms. What came: "Welcome".');
  expect(error).not.toContain("123456");
});

test("a person reads them on pages on which a mail's markup does nothing", async () => {
  const attack = '<script>alert(1)</script>"><img src=x onerror=alert(1)>';
  await send("ana@example.com", attack, { text: `See http://127.0.0.1:1/x?a=1&b=2 ${attack}`, html: attack });
  const list = await (await fetch(catcher.url)).text();
  const reply = await fetch(`${catcher.url}/mails/1`);
  const one = await reply.text();

  for (const page of [list, one]) {
    expect(page).not.toMatch(/<script|<img/);
    expect(page).toContain("&lt;script&gt;");
  }
  expect(one).toContain('<a href="http://127.0.0.1:1/x?a=1&amp;b=2">');
  expect(one).toMatch(/<iframe[^>]* sandbox="allow-popups allow-popups-to-escape-sandbox"/);
  expect(reply.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect((await fetch(`${catcher.url}/mails/2`)).status).toBe(404);
});

test("they are forgotten when the catcher is told so, and by nobody else", async () => {
  await send("ana@example.com", "First");
  expect((await fetch(`${catcher.url}/mails.json`, { method: "DELETE" })).status).toBe(403);
  expect(await catcher.mails()).toHaveLength(1);
  await catcher.clear();
  expect(await catcher.mails()).toEqual([]);
});

test("a hundred mails are kept, each once", async () => {
  await Promise.all(Array.from({ length: 100 }, (_, index) => send(`p${index}@example.com`, "Hello")));
  const mails = await catcher.mails();
  expect(new Set(mails.map(({ number }) => number)).size).toBe(100);
  expect(new Set(mails.flatMap(({ to }) => to)).size).toBe(100);
});

test("a port that is taken is told, and nothing is left listening", async () => {
  const port = Number(new URL(catcher.url).port);
  await expect(startMailCatcher({ port })).rejects.toMatchObject({ code: "EADDRINUSE" });
});

test("as a process of its own it does the same, and is gone after stop", async () => {
  const spawned = await spawnMailCatcher();
  const own = createTransport(spawned.smtpUrl);
  await own.sendMail({ from: "a@example.com", to: "ana@example.com", subject: "Hello", text: "Hello" });
  own.close();
  expect(await spawned.waitForMail("ana@example.com")).toMatchObject({ subject: "Hello" });
  await spawned.stop();
  await expect(fetch(spawned.url)).rejects.toThrow();
});
