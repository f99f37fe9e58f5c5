import { type Context, Hono } from "hono";
import { matchedRoutes } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Counters } from "../twin/counters.ts";
import { Faults, underFaults } from "../twin/faults.ts";
import { addAdminRoutes } from "./admin.ts";
import { addAuthenticateRoute } from "./authenticate.ts";
import { addCodeRoutes } from "./codes.ts";
import { Deliveries } from "./deliveries.ts";
import { addDirectoryRoutes } from "./directories.ts";
import { addDirectoryAdminRoutes } from "./directory-admin.ts";
import { ApiError } from "./errors.ts";
import { addEventRoutes } from "./events.ts";
import { addFactorRoutes } from "./factors.ts";
import { newId } from "./ids.ts";
import { addInvitationRoutes } from "./invitations.ts";
import { RateLimits, tooMany } from "./limits.ts";
import { addMembershipRoutes } from "./memberships.ts";
import type { TwinSettings } from "./options.ts";
import { addOrganizationRoutes } from "./organizations.ts";
import { addRoleRoutes } from "./roles.ts";
import { addSessionRoutes } from "./sessions.ts";
import { SignIns } from "./signin.ts";
import { Environment } from "./state.ts";
import type { Signer } from "./tokens.ts";
import { addUserRoutes } from "./users.ts";
import { addWebhookAdminRoutes } from "./webhook-admin.ts";
import { addWebhookRoutes } from "./webhooks.ts";

const READS = ["GET", "HEAD"];

/**
 * Builds the HTTP side of one environment. Its order: count, fault, API key, limits, route.
 *
 * @returns the application, and `stop`, which ends deliveries to webhooks
 */
export function createApp(settings: TwinSettings, signer: Signer): { app: Hono; stop: () => void } {
  const environment = new Environment(settings.announceCascades);
  const signIns = new SignIns(environment, settings, signer);
  const deliveries = new Deliveries(environment.clock, settings.clockSpeed);
  environment.events.onEvent((event) => deliveries.send(event));
  const faults = new Faults();
  const counters = new Counters();
  const { limits: figures } = settings;
  const limits = figures === false ? undefined : new RateLimits(settings, figures === true ? {} : figures);
  const app = new Hono();

  app.onError((error, c) => answerError(error, c));
  app.notFound((c) => c.json({ message: "Not Found" }, 404));
  addAdminRoutes(app, { adminToken: settings.adminToken, environment, signIns, signer, faults, counters });
  addWebhookAdminRoutes(app, environment, deliveries);
  addDirectoryAdminRoutes(app, environment);

  app.use("*", async (c, next) => {
    counters.request(`${c.req.method} ${matchedRoutes(c).at(-1)?.path ?? "*"}`);
    c.header("x-request-id", newId("req"));
    await next();
    counters.answer(c.res.status);
  });
  app.use("*", (c, next) => underFaults(faults, c, next, (status) => answerFault(c, status)));
  app.use("*", async (c, next) => {
    const key = requireApiKey(c, settings.apiKeys);
    limits?.admit("general", key);
    if (c.req.path.startsWith("/user_management/")) limits?.admit(READS.includes(c.req.method) ? "reads" : "writes");
    if (c.req.method === "DELETE" && c.req.path.startsWith("/organizations/")) limits?.admit("organizationDelete", key);
    await next();
  });

  addUserRoutes(app, environment);
  addOrganizationRoutes(app, environment);
  addInvitationRoutes(app, environment);
  addDirectoryRoutes(app, environment);
  addMembershipRoutes(app, environment, settings.multipleRoles);
  addRoleRoutes(app, environment);
  addFactorRoutes(app, environment);
  addSessionRoutes(app, environment);
  addCodeRoutes(app, environment, limits);
  addEventRoutes(app, environment.events, environment.clock);
  addWebhookRoutes(app, deliveries);
  addAuthenticateRoute(app, { environment, settings, signIns, limits });
  app.get("/sso/jwks/:clientId", (c) => {
    if (c.req.param("clientId") !== settings.clientId) throw new ApiError(404, { message: "The client ID does not exist." });
    return c.json(signer.jwks());
  });
  return { app, stop: () => deliveries.stop() };
}

function answerFault(c: Context, status: number): Response {
  if (status === 429) throw tooMany();
  return c.json({ message: "A fault was armed for this request." }, status as ContentfulStatusCode);
}

/**
 * Answers which API key the request is counted for.
 *
 * Open without a key: the JWKS, the sign-out page, and the exchange of public clients (which checks its own `client_secret`).
 */
function requireApiKey(c: Context, apiKeys: ReadonlySet<string>): string {
  const [scheme, key] = (c.req.header("authorization") ?? "").split(" ");
  if (scheme === "Bearer" && key !== undefined && apiKeys.has(key)) return key;
  const open = c.req.path.startsWith("/sso/jwks/") || c.req.path === "/user_management/sessions/logout";
  if (open || (c.req.path === "/user_management/authenticate" && scheme === "")) return "";
  throw new ApiError(401, { message: "Unauthorized" });
}

function answerError(error: Error, c: Context): Response {
  if (error instanceof ApiError) return c.json(error.body, error.status as ContentfulStatusCode, error.headers);
  // The message may quote a body; where it happened is enough.
  process.stderr.write(`WorkOS twin: ${error.name}\n${(error.stack ?? "").split("\n").slice(1).join("\n")}\n`);
  return c.json({ message: "Internal Server Error" }, 500);
}
