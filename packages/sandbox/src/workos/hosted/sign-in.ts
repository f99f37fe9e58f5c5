import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { EMAIL } from "../users.ts";
import type { Flow } from "./flows.ts";
import { field, type Problem, page } from "./layout.ts";
import { flowForm, flowOf, type Hosted, readFlowForm, toProvider } from "./steps.ts";

/** The first page: whose sign-in it is. The address decides whether an organization's identity provider takes over. */
export function addSignInPage(app: Hono, hosted: Hosted): void {
  app.get("/authkit/sign-in", (c) => show(c, flowOf(c, hosted)));

  app.post("/authkit/sign-in", async (c) => {
    const { flow, field } = await readFlowForm(c, hosted);
    flow.email = field("email").trim();
    if (!EMAIL.test(flow.email))
      return show(c, flow, { field: "email", message: "Enter your e-mail address, for example ana@example.com." });
    return goOn(c, hosted, flow, "/authkit/password");
  });

  app.post("/authkit/google", async (c) => toProvider(c, hosted, (await readFlowForm(c, hosted)).flow, "google"));

  function show(c: Context, flow: Flow, problem?: Problem) {
    const invited = hosted.environment.invitationByToken.get(flow.invitationToken ?? "")?.email;
    const value = flow.email ?? invited ?? flow.loginHint;
    return page(
      c,
      { title: "Sign in", problem },
      html`${flowForm(
        hosted,
        flow,
        "/authkit/sign-in",
        html`${field({ name: "email", label: "E-mail address", type: "email", autocomplete: "username", value, first: true }, problem)}
<button>Continue</button>`,
      )}
<p class="or">or</p>
${flowForm(hosted, flow, "/authkit/google", html`<button class="second">Continue with Google</button>`)}
<p>No account yet? <a href="/authkit/sign-up?flow=${flow.id}">Sign up</a></p>`,
    );
  }
}

/** Goes to a page of the flow, unless the address belongs to an organization with an identity provider: then there. */
export function goOn(c: Context, hosted: Hosted, flow: Flow, path: string): Response {
  const { environment } = hosted;
  const organization = environment.organizationOfAddress(flow.email ?? "");
  const [connection] = organization ? environment.activeConnections(organization.id) : [];
  if (connection) return toProvider(c, hosted, flow, "idp", connection.id);
  return c.redirect(`${path}?flow=${flow.id}`, 303);
}
