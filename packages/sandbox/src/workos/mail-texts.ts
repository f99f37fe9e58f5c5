import { html } from "hono/html";

export interface MailContent {
  subject: string;
  text: string;
  html: string;
}

/** A mail that carries a code. The subject does not: subjects show on locked screens. */
export function codeMail(subject: string, code: string): MailContent {
  const note = "It is valid for 10 minutes and works once. If you did not ask for it, you need do nothing.";
  return {
    subject,
    text: `Your code is ${code}\n\n${note}\n`,
    html: String(
      html`<h1>${subject}</h1><p>Your code is</p><p style="font-size:1.75rem;letter-spacing:.25em"><strong>${code}</strong></p><p>${note}</p>`,
    ),
  };
}

/** A mail that carries a link. */
export function linkMail(subject: string, sentence: string, link: string): MailContent {
  const note = "If you did not expect this, you need do nothing.";
  return {
    subject,
    text: `${sentence}\n\n${link}\n\n${note}\n`,
    html: String(html`<h1>${subject}</h1><p>${sentence}</p><p><a href="${link}">${subject}</a></p><p>${note}</p>`),
  };
}
