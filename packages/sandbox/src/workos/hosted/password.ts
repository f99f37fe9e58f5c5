import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { provePassword } from "../proofs.ts";
import type { Flow } from "./flows.ts";
import { field, type Problem, page } from "./layout.ts";
import { advance, attemptOf, flowForm, flowOf, type Hosted, orShow, readFlowForm } from "./steps.ts";

/** The password, or a code by mail instead. The page is the same for an address that nobody has. */
export function addPasswordPage(app: Hono, hosted: Hosted): void {
  const path = "/authkit/password";

  app.get(path, (c) => {
    const flow = flowOf(c, hosted);
    return flow.email === undefined ? c.redirect(`/authkit/sign-in?flow=${flow.id}`) : show(c, flow);
  });

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    return orShow(
      async () => {
        const user = await provePassword(hosted, flow.email ?? "", field("password"));
        return advance(c, hosted, flow, attemptOf(c, hosted, flow, user, "Password"));
      },
      (problem) => show(c, flow, problem),
      "password",
    );
  });

  function show(c: Context, flow: Flow, problem?: Problem) {
    return page(
      c,
      {
        title: "Enter your password",
        lead: html`Signing in as <strong>${flow.email}</strong>. <a href="/authkit/sign-in?flow=${flow.id}">Change</a>`,
        problem,
      },
      html`${flowForm(
        hosted,
        flow,
        path,
        html`<input type="hidden" name="username" value="${flow.email ?? ""}" autocomplete="username">
${field({ name: "password", label: "Password", type: "password", autocomplete: "current-password", first: true }, problem)}
<button>Sign in</button>`,
      )}
<p><a href="/authkit/forgot-password?flow=${flow.id}">Forgot your password?</a></p>
<p class="or">or</p>
${flowForm(hosted, flow, "/authkit/magic-code/send", html`<button class="second">E-mail me a code</button>`)}`,
    );
  }
}
