import type { Hono } from "hono";
import { html } from "hono/html";
import { addConnection } from "../connections.ts";
import type { PortalLink } from "../portal.ts";
import { deadEnd, field, page } from "./layout.ts";
import { PageError } from "./page-error.ts";
import { type Hosted, keyedForm, readKeyedForm } from "./steps.ts";

/** The Admin Portal, as far as single sign-on goes: whoever holds the link connects the organization to the twin's identity provider. */
export function addPortalPage(app: Hono, hosted: Hosted): void {
  const { environment, portalLinks } = hosted;
  const path = "/portal/launch";

  app.get(path, (c) => {
    const link = portalLinks.find(c.req.query("token") ?? "");
    const organization = environment.organizations.get(link?.organizationId ?? "");
    if (!link || !organization)
      return deadEnd(c, "This link cannot be used", "Links to the Admin Portal are valid for 5 minutes. Ask for a new one.");
    const frame = { title: `Set up ${organization.name}`, lead: LEADS[link.intent] ?? "This part of the Admin Portal is not played here." };
    const connected = environment.activeConnections(organization.id).map(({ name }) => html`<p>Connected: <strong>${name}</strong></p>`);
    if (link.intent !== "sso") return page(c, frame, html`${back(link)}`);
    const name = field({ name: "name", label: "Name of the identity provider", value: `${organization.name} sign-in`, first: true });
    return page(
      c,
      frame,
      html`${connected}${keyedForm(c, hosted, path, "token", link.token, html`${name}<button>Connect</button>`)}${back(link)}`,
    );
  });

  app.post(path, async (c) => {
    const read = await readKeyedForm(c, hosted, "token");
    const link = portalLinks.find(read("token"));
    if (link?.intent !== "sso")
      throw new PageError(400, "This link cannot be used", "Links to the Admin Portal are valid for 5 minutes. Ask for a new one.");
    addConnection(environment, link.organizationId, read("name").trim() || "Identity provider");
    if (link.successUrl !== undefined) return c.redirect(link.successUrl, 303);
    return page(
      c,
      { title: "Single sign-on is set up", lead: "People with an address in a verified domain now sign in there." },
      html`${back(link)}`,
    );
  });
}

const LEADS: Partial<Record<PortalLink["intent"], string>> = {
  sso: "Connect your identity provider, so that your people sign in with their work account.",
};

function back({ returnUrl }: PortalLink) {
  return returnUrl === undefined ? "" : html`<p><a href="${returnUrl}">Back to the application</a></p>`;
}
