import type { Context } from "hono";
import { html } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";

export type Html = ReturnType<typeof html>;

/** What is wrong with what was entered: a sentence, and the field it is about. */
export interface Problem {
  message: string;
  field?: string;
  status?: ContentfulStatusCode;
}

interface PageFrame {
  title: string;
  /** Under the heading. */
  lead?: string | Html;
  problem?: Problem | undefined;
  footer?: string;
}

/** A whole page: one heading, what is wrong (which takes the focus), then what can be done. */
export function page(
  c: Context,
  { title, lead, problem, footer = FOOTER }: PageFrame,
  body: Html | Html[] = html``,
): Response | Promise<Response> {
  c.header("cache-control", "no-store");
  // No form-action: a form's answer may lead the browser on to the application.
  c.header("content-security-policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'");
  c.header("referrer-policy", "same-origin");
  c.header("x-content-type-options", "nosniff");
  return c.html(
    html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${problem ? "Error: " : ""}${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/authkit/style.css">
</head>
<body>
<main>
<h1>${title}</h1>
${lead === undefined ? "" : html`<p class="quiet">${lead}</p>`}
${problem ? summary(problem) : ""}
${body}
</main>
<footer>${footer}</footer>
</body>
</html>`,
    problem?.status ?? (problem ? 400 : 200),
  );
}

const FOOTER = "A stand-in for WorkOS on this machine. Do not enter a password you use elsewhere.";

function summary({ message, field }: Problem): Html {
  return html`<div class="problem" id="problem" role="alert" tabindex="-1" autofocus><p>${
    field === undefined ? message : html`<a href="#${field}">${message}</a>`
  }</p></div>`;
}

interface FieldFrame {
  name: string;
  label: string;
  type?: "text" | "email" | "password";
  value?: string | undefined;
  autocomplete?: string;
  hint?: string;
  /** Not required. */
  optional?: boolean;
  /** Takes the focus, unless something is wrong. */
  first?: boolean;
}

/** A labelled field; the problem of the page belongs to it when it names it. */
export function field(
  { name, label, type = "text", value = "", autocomplete = "off", hint, optional, first }: FieldFrame,
  problem?: Problem,
): Html {
  const wrong = problem?.field === name;
  const described = [hint === undefined ? "" : `${name}-hint`, wrong ? "problem" : ""].filter(Boolean).join(" ");
  return html`<div class="field">
<label for="${name}">${label}${optional ? " (optional)" : ""}</label>
${hint === undefined ? "" : html`<p class="hint" id="${name}-hint">${hint}</p>`}
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}"
${optional ? "" : "required"} ${wrong ? html`aria-invalid="true"` : ""} ${described === "" ? "" : html`aria-describedby="${described}"`} ${first && !problem ? "autofocus" : ""}>
</div>`;
}

/** The field for six digits. */
export function codeField(label: string, problem?: Problem, hint?: string): Html {
  const wrong = problem?.field === "code";
  return html`<div class="field">
<label for="code">${label}</label>
${hint === undefined ? "" : html`<p class="hint" id="code-hint">${hint}</p>`}
<input class="code" id="code" name="code" inputmode="numeric" pattern="[0-9]{6}" maxlength="6" autocomplete="one-time-code" required
${wrong ? html`aria-invalid="true"` : ""} aria-describedby="${hint === undefined ? "" : "code-hint"}${wrong ? " problem" : ""}" ${problem ? "" : "autofocus"}>
</div>`;
}

/** A page that says what went wrong and offers nothing else: the way back is in the application. */
export function deadEnd(
  c: Context,
  title: string,
  sentence: string,
  status: ContentfulStatusCode = 400,
  more?: Html,
): Response | Promise<Response> {
  return page(c, { title, problem: { message: sentence, status } }, more);
}
