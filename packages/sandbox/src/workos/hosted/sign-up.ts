import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { keepPassword } from "../passwords.ts";
import { emailKey } from "../state.ts";
import { addBareUser, EMAIL, passwordWeakness } from "../users.ts";
import type { Flow } from "./flows.ts";
import { field, type Problem, page } from "./layout.ts";
import { goOn } from "./sign-in.ts";
import { advance, attemptOf, flowForm, flowOf, type Hosted, readFlowForm } from "./steps.ts";

interface Names {
  first: string;
  last: string;
}

/** A new account with a password. The address is proved by a code before the person gets any further. */
export function addSignUpPage(app: Hono, hosted: Hosted): void {
  const { environment } = hosted;
  const path = "/authkit/sign-up";

  app.get(path, (c) => show(c, flowOf(c, hosted)));

  app.post(path, async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    const email = field("email").trim();
    const password = field("password");
    const names = { first: field("first_name").trim(), last: field("last_name").trim() };
    flow.email = email;
    const again = (name: string, message: string) => show(c, flow, { field: name, message }, names);
    if (!EMAIL.test(email)) return again("email", "Enter your e-mail address, for example ana@example.com.");
    if (belongsToProvider(email)) return goOn(c, hosted, flow, path);
    const weakness = passwordWeakness(password);
    if (weakness) return again("password", weakness.message);
    const stored = await keepPassword(password);
    if (environment.userByEmail.has(emailKey(email)))
      return again("email", "There is an account with this address already. Sign in instead.");
    const user = addBareUser(environment, email, { first_name: names.first || null, last_name: names.last || null, password: stored });
    return advance(c, hosted, flow, attemptOf(c, hosted, flow, user, "Password"));
  });

  function belongsToProvider(email: string): boolean {
    const organization = environment.organizationOfAddress(email);
    return organization !== undefined && environment.activeConnections(organization.id).length > 0;
  }

  function show(c: Context, flow: Flow, problem?: Problem, names: Names = { first: "", last: "" }) {
    const invited = environment.invitationByToken.get(flow.invitationToken ?? "")?.email;
    const value = flow.email ?? invited ?? flow.loginHint;
    return page(
      c,
      { title: "Create your account", problem },
      html`${flowForm(
        hosted,
        flow,
        path,
        html`${field({ name: "email", label: "E-mail address", type: "email", autocomplete: "username", value, first: true }, problem)}
${field({ name: "first_name", label: "First name", autocomplete: "given-name", value: names.first, optional: true })}
${field({ name: "last_name", label: "Last name", autocomplete: "family-name", value: names.last, optional: true })}
${field({ name: "password", label: "Password", type: "password", autocomplete: "new-password", hint: "At least 10 characters." }, problem)}
<button>Continue</button>`,
      )}
<p class="or">or</p>
${flowForm(hosted, flow, "/authkit/google", html`<button class="second">Continue with Google</button>`)}
<p>Have an account? <a href="/authkit/sign-in?flow=${flow.id}">Sign in</a></p>`,
    );
  }
}
