import { type Context, Hono } from "hono";
import { html, raw } from "hono/html";
import { STYLE } from "../workos/hosted/style.ts";
import type { CaughtMail } from "./types.ts";

type Html = ReturnType<typeof html>;

/** The pages where a person reads the mails, and the same as JSON for tests. */
export function mailPages(mails: CaughtMail[]): Hono {
  const app = new Hono();

  app.get("/style.css", (c) => c.body(STYLE, 200, { "content-type": "text/css; charset=utf-8" }));

  app.get("/mails.json", (c) => c.json({ mails: addressed(c) }));

  // The header makes a browser ask first, so that no other site can do it.
  app.delete("/mails.json", (c) => {
    if (c.req.header("x-mail-catcher") !== "clear") return c.body(null, 403);
    mails.length = 0;
    return c.body(null, 204);
  });

  app.get("/", (c) => {
    const shown = addressed(c).toReversed();
    const rows = shown.map(
      ({
        number,
        to,
        subject,
        date,
      }) => html`<tr><td><a href="/mails/${number}">${subject || "(no subject)"}</a></td><td>${to.join(", ")}</td>
<td><time datetime="${date}">${date.slice(0, 19).replace("T", " ")}</time></td></tr>`,
    );
    const table = html`<table><thead><tr><th scope="col">Subject</th><th scope="col">To</th><th scope="col">Sent (UTC)</th></tr></thead><tbody>${rows}</tbody></table>`;
    const search = html`<form class="inline" method="get" action="/"><div class="field"><label for="to">Only mails to</label>
<input id="to" name="to" type="email" value="${c.req.query("to") ?? ""}"></div><button class="second">Show</button></form>`;
    return page(c, "Mails", html`${search}${shown.length === 0 ? html`<p>No mails yet. Reload the page to look again.</p>` : table}`);
  });

  app.get("/mails/:number", (c) => {
    const mail = mails.find(({ number }) => String(number) === c.req.param("number"));
    if (!mail) return page(c, "There is no such mail", html`<p><a href="/">All mails</a></p>`, 404);
    // Neither scripts nor forms run in the frame; links open in a tab of their own.
    const frame = html`<h2>As HTML</h2><iframe title="The mail as HTML" sandbox="allow-popups allow-popups-to-escape-sandbox" srcdoc="${`<base target="_blank">${mail.html}`}"></iframe>`;
    return page(
      c,
      mail.subject || "(no subject)",
      html`<p class="quiet">From ${mail.from}<br>To ${mail.to.join(", ")}<br><time datetime="${mail.date}">${mail.date.slice(0, 19).replace("T", " ")} UTC</time></p>
<pre>${linked(mail.text)}</pre>
${mail.html === "" ? "" : frame}
<p><a href="/">All mails</a></p>`,
    );
  });

  function addressed(c: Context): CaughtMail[] {
    const to = c.req.query("to")?.trim().toLowerCase();
    return to ? mails.filter((mail) => mail.to.some((one) => one.toLowerCase() === to)) : mails;
  }

  return app;
}

/** The text with its web addresses as links. */
function linked(text: string): Html[] {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, index) => (index % 2 === 1 ? html`<a href="${part}">${part}</a>` : html`${part}`));
}

function page(c: Context, title: string, body: Html, status: 200 | 404 = 200) {
  c.header("cache-control", "no-store");
  c.header(
    "content-security-policy",
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  c.header("referrer-policy", "same-origin");
  c.header("x-content-type-options", "nosniff");
  return c.html(
    html`${raw("<!doctype html>")}
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="wide">
<h1>${title}</h1>
${body}
</main>
<footer>Mails caught on this machine. Nothing is sent on.</footer>
</body>
</html>`,
    status,
  );
}
