import type { Hono } from "hono";
import { type Body, optionalText, readBody, requiredText } from "./body.ts";
import { unprocessable } from "./errors.ts";
import { newSecret } from "./ids.ts";
import { findOrganization } from "./organizations.ts";
import type { Environment } from "./state.ts";

const INTENTS = ["sso", "dsync", "audit_logs", "log_streams", "domain_verification", "certificate_renewal", "bring_your_own_key"] as const;
// docs admin-portal: links expire 5 minutes after they are made.
const LIFE_MS = 5 * 60_000;

export interface PortalLink {
  token: string;
  organizationId: string;
  intent: (typeof INTENTS)[number];
  returnUrl: string | undefined;
  successUrl: string | undefined;
  expiresAt: number;
}

/** Links to the Admin Portal, for 5 minutes. */
export class PortalLinks {
  readonly #byToken = new Map<string, PortalLink>();

  add(link: Omit<PortalLink, "token" | "expiresAt">): PortalLink {
    const made = { ...link, token: newSecret(24), expiresAt: Date.now() + LIFE_MS };
    this.#byToken.set(made.token, made);
    return made;
  }

  find(token: string): PortalLink | undefined {
    const link = this.#byToken.get(token);
    return link && link.expiresAt > Date.now() ? link : undefined;
  }
}

/** `POST /portal/generate_link`. */
export function addPortalRoute(app: Hono, environment: Environment, links: PortalLinks): void {
  app.post("/portal/generate_link", async (c) => {
    const body = await readBody(c);
    const organization = findOrganization(environment, requiredText(body, "organization"));
    const intent = INTENTS.find((one) => one === requiredText(body, "intent"));
    if (!intent) throw unprocessable("intent", `must be one of ${INTENTS.join(", ")}`);
    const { token } = links.add({
      organizationId: organization.id,
      intent,
      returnUrl: webAddress(body, "return_url"),
      successUrl: webAddress(body, "success_url"),
    });
    return c.json({ link: `${environment.baseUrl}/portal/launch?token=${token}` }, 201);
  });
}

function webAddress(body: Body, field: string): string | undefined {
  const text = optionalText(body, field);
  if (text === undefined || text === null) return undefined;
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw unprocessable(field, "must be a URL");
  return text;
}
