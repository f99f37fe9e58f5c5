import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { EMAIL } from "../users.ts";
import { field, type Problem, page } from "./layout.ts";
import { PageError } from "./page-error.ts";
import type { Hop, ProviderKind } from "./providers.ts";
import { type Hosted, keyedForm, readKeyedForm } from "./steps.ts";

/**
 * The small pages that stand for Google and for an organization's identity provider: whoever sits before them says who they are. A provider
 * proves nothing to the twin but what is entered here.
 */
export function addProviderPages(app: Hono, hosted: Hosted, kind: ProviderKind): void {
  const { browsers, environment, providers } = hosted;
  const path = `/${kind}/authorize`;

  app.get(path, (c) => {
    const hop = find(c, c.req.query("state") ?? "");
    const { email, loginHint, domainHint } = hop.flow;
    return show(c, hop, { email: email ?? loginHint ?? (domainHint === undefined ? "" : `@${domainHint}`), firstName: "", lastName: "" });
  });

  app.post(path, async (c) => {
    const field = await readKeyedForm(c, hosted, "state");
    const hop = find(c, field("state"));
    const profile = { email: field("email").trim(), firstName: field("first_name").trim(), lastName: field("last_name").trim() };
    const choice = field("choice");
    if (choice !== "continue") return back(c, hop, { error: choice === "deny" ? "access_denied" : "server_error" });
    if (!EMAIL.test(profile.email))
      return show(c, hop, profile, { field: "email", message: "Enter an e-mail address, for example ana@example.com." });
    return back(c, hop, { code: providers.issue(hop, profile) });
  });

  function find(c: Context, state: string): Hop {
    const hop = providers.find(state, browsers.identify(c), kind);
    if (hop) return hop;
    throw new PageError(
      400,
      "This sign-in is over",
      "It has ended, or it began in another browser. Go back to the application and start again.",
    );
  }

  function back(c: Context, hop: Hop, answer: Record<string, string>): Response {
    return c.redirect(`/authkit/callback?${new URLSearchParams({ ...answer, state: hop.state })}`, 303);
  }

  function show(c: Context, hop: Hop, profile: { email: string; firstName: string; lastName: string }, problem?: Problem) {
    const organization = environment.organizations.get(environment.connections.get(hop.connectionId ?? "")?.organization_id ?? "");
    return page(
      c,
      {
        title: kind === "google" ? "Sign in with Google" : `Sign in to ${organization?.name ?? "your organization"}`,
        lead:
          kind === "google"
            ? "Not the real Google: say which account is to sign in."
            : "The organization's own identity provider: say who is to sign in.",
        problem,
        footer: `A stand-in for ${kind === "google" ? "Google" : "an identity provider"} on this machine.`,
      },
      keyedForm(
        c,
        hosted,
        path,
        "state",
        hop.state,
        html`${field({ name: "email", label: "E-mail address", type: "email", autocomplete: "username", value: profile.email, first: true }, problem)}
${field({ name: "first_name", label: "First name", autocomplete: "given-name", value: profile.firstName, optional: true })}
${field({ name: "last_name", label: "Last name", autocomplete: "family-name", value: profile.lastName, optional: true })}
<button name="choice" value="continue">Continue</button>
<button class="second" name="choice" value="deny" formnovalidate>Cancel</button>
${kind === "idp" ? html`<button class="second" name="choice" value="error" formnovalidate>Answer with an error</button>` : ""}`,
      ),
    );
  }
}
