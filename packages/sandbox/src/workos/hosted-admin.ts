import type { Hono } from "hono";
import type { AuthorizationCodes } from "./authorization-codes.ts";
import { optionalText, readBody, requiredText } from "./body.ts";
import { addConnection } from "./connections.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { Mails } from "./mails.ts";
import { findOrganization } from "./organizations.ts";
import type { Redirects } from "./redirects.ts";
import type { SignIns } from "./signin.ts";
import { type Environment, touch } from "./state.ts";
import { findUser } from "./users.ts";

interface Parts {
  environment: Environment;
  signIns: SignIns;
  codes: AuthorizationCodes;
  redirects: Redirects;
  mails: Mails;
}

/** What is done in the dashboard, or seen nowhere: the outbox, connections, impersonation. */
export function addHostedAdminRoutes(app: Hono, { environment, signIns, codes, redirects, mails }: Parts): void {
  app.get("/__twin/mails", (c) => c.json({ mails: mails.list(c.req.query("to")) }));

  app.post("/__twin/connections", async (c) => {
    const body = await readBody(c);
    const organization = findOrganization(environment, requiredText(body, "organization_id"));
    return c.json({ id: addConnection(environment, organization.id, requiredText(body, "name")).id }, 201);
  });

  app.patch("/__twin/connections/:id", async (c) => {
    const { state } = await readBody(c);
    const connection = environment.connections.get(c.req.param("id"));
    if (!connection) throw notFound("Connection", c.req.param("id"));
    if (state !== "active" && state !== "inactive") throw unprocessable("state", "must be active or inactive");
    connection.state = state;
    touch(connection);
    return c.body(null, 204);
  });

  // The dashboard sends the browser to the application with a code, without `state`: the sign-in did not begin there.
  app.post("/__twin/impersonations", async (c) => {
    const body = await readBody(c);
    const user = findUser(environment, requiredText(body, "user_id"));
    const impersonator = { email: requiredText(body, "email"), reason: requiredText(body, "reason") };
    const organizationId = optionalText(body, "organization_id") ?? undefined;
    if (organizationId !== undefined) signIns.requireMember(user.id, organizationId);
    const only = environment.activeMemberships(user.id).map((one) => one.organization_id);
    const who = { user, method: "Impersonation", ipAddress: null, userAgent: null, factorPassed: true, impersonator } as const;
    const session = signIns.open(who, organizationId ?? (only.length === 1 ? only[0] : undefined));
    const code = codes.issue(session, undefined);
    const url = redirects.defaultUri === undefined ? null : `${redirects.defaultUri}?code=${encodeURIComponent(code)}`;
    return c.json({ code, url }, 201);
  });
}
