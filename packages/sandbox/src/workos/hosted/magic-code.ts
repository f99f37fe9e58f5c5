import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { newMagicAuth } from "../one-time-codes.ts";
import { proveMagicCode } from "../proofs.ts";
import { emailKey } from "../state.ts";
import { addBareUser } from "../users.ts";
import type { Flow } from "./flows.ts";
import { codeField, type Problem, page } from "./layout.ts";
import { advance, attemptOf, flowForm, flowOf, type Hosted, orShow, readFlowForm } from "./steps.ts";

/** Signing in, or up, by a code that is mailed. */
export function addMagicCodePage(app: Hono, hosted: Hosted): void {
  const { environment, limits } = hosted;
  const path = "/authkit/magic-code";

  app.post(`${path}/send`, async (c) => {
    const { flow } = await readFlowForm(c, hosted);
    const email = flow.email;
    if (email === undefined) return c.redirect(`/authkit/sign-in?flow=${flow.id}`, 303);
    return orShow(
      () => {
        limits?.admit("codes", emailKey(email));
        // An unknown address becomes a user, as by the API (docs authkit/magic-auth: "sign in or sign up").
        newMagicAuth(environment, environment.userByEmail.get(emailKey(email)) ?? addBareUser(environment, email));
        return c.redirect(`${path}?flow=${flow.id}`, 303);
      },
      (problem) => show(c, flow, problem),
    );
  });

  app.get(path, (c) => show(c, flowOf(c, hosted)));

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    return orShow(
      () => {
        const user = proveMagicCode(hosted, flow.email ?? "", field("code").trim());
        return advance(c, hosted, flow, attemptOf(c, hosted, flow, user, "MagicAuth"));
      },
      (problem) => show(c, flow, problem),
      "code",
    );
  });

  function show(c: Context, flow: Flow, problem?: Problem) {
    return page(
      c,
      { title: "Check your e-mail", lead: html`We sent a code to <strong>${flow.email}</strong>. It is valid for 10 minutes.`, problem },
      html`${flowForm(hosted, flow, path, html`${codeField("Code from the e-mail", problem)}<button>Sign in</button>`)}
${flowForm(hosted, flow, `${path}/send`, html`<button class="link">Send a new code</button>`)}
<p><a href="/authkit/password?flow=${flow.id}">Use a password</a></p>`,
    );
  }
}
