import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { newPasswordReset, resetPassword, usablePasswordReset } from "../password-reset.ts";
import { emailKey } from "../state.ts";
import { EMAIL, passwordWeakness } from "../users.ts";
import type { Flow } from "./flows.ts";
import { deadEnd, field, type Problem, page } from "./layout.ts";
import { flowForm, flowOf, type Hosted, keyedForm, orShow, readFlowForm, readKeyedForm } from "./steps.ts";

/** A forgotten password: the link is mailed, and what is said is the same whether anybody has the address. */
export function addForgotPasswordPage(app: Hono, hosted: Hosted): void {
  const { environment, limits } = hosted;
  const path = "/authkit/forgot-password";

  app.get(path, (c) => show(c, flowOf(c, hosted)));

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    const email = field("email").trim();
    flow.email = email;
    if (!EMAIL.test(email)) return show(c, flow, { field: "email", message: "Enter your e-mail address, for example ana@example.com." });
    return orShow(
      () => {
        limits?.admit("codes", `reset ${emailKey(email)}`);
        const user = environment.userByEmail.get(emailKey(email));
        if (user) newPasswordReset(environment, user);
        return page(
          c,
          {
            title: "Check your e-mail",
            lead: html`If there is an account for <strong>${email}</strong>, a link to set a new password is on its way.`,
          },
          html`<p><a href="/authkit/sign-in?flow=${flow.id}">Back to sign-in</a></p>`,
        );
      },
      (problem) => show(c, flow, problem),
    );
  });

  function show(c: Context, flow: Flow, problem?: Problem) {
    const value = flow.email ?? flow.loginHint;
    return page(
      c,
      { title: "Reset your password", lead: "We send you a link with which you can set a new one.", problem },
      html`${flowForm(
        hosted,
        flow,
        path,
        html`${field({ name: "email", label: "E-mail address", type: "email", autocomplete: "username", value, first: true }, problem)}
<button>Send the link</button>`,
      )}
<p><a href="/authkit/sign-in?flow=${flow.id}">Back to sign-in</a></p>`,
    );
  }
}

/** Where the mailed link leads. The new password ends every session of the person. */
export function addResetPasswordPage(app: Hono, hosted: Hosted): void {
  const { browsers, environment, flows, settings } = hosted;
  const path = "/authkit/reset-password";

  app.get(path, (c) => show(c, c.req.query("token") ?? ""));

  app.post(path, async (c) => {
    const field = await readKeyedForm(c, hosted, "token");
    const [token, password] = [field("token"), field("password")];
    if (!usablePasswordReset(environment, token)) return show(c, token);
    const weakness = passwordWeakness(password);
    if (weakness) return show(c, token, { field: "password", message: weakness.message });
    await resetPassword(environment, token, password);
    const flow = flows.newest(browsers.identify(c));
    const next = flow ? `/authkit/sign-in?flow=${flow.id}` : settings.signInEndpoint;
    return page(
      c,
      { title: "Your password is changed", lead: "You are signed out everywhere. Sign in with the new password." },
      next === undefined ? html`<p>Go back to the application.</p>` : html`<p><a class="button" href="${next}">Sign in</a></p>`,
    );
  });

  function show(c: Context, token: string, problem?: Problem) {
    if (!usablePasswordReset(environment, token)) {
      return deadEnd(
        c,
        "This link cannot be used",
        "It has been used, has expired, or is not complete. Ask for a new one on the sign-in page.",
      );
    }
    const password = field(
      {
        name: "password",
        label: "New password",
        type: "password",
        autocomplete: "new-password",
        hint: "At least 10 characters.",
        first: true,
      },
      problem,
    );
    return page(
      c,
      { title: "Set a new password", problem },
      keyedForm(c, hosted, path, "token", token, html`${password}<button>Save</button>`),
    );
  }
}
