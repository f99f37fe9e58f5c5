import { setTimeout as wait } from "node:timers/promises";
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { matchedRoutes } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { addAdminRoutes } from "./admin.ts";
import { addAuthenticateRoute } from "./authenticate.ts";
import { addCodeRoutes } from "./codes.ts";
import { Counters } from "./counters.ts";
import { ApiError } from "./errors.ts";
import { addFactorRoutes } from "./factors.ts";
import { Faults } from "./faults.ts";
import { newId } from "./ids.ts";
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

const READS = ["GET", "HEAD"];

/** Builds the HTTP side of one environment. Its order: count, fault, API key, limits, route. */
export function createApp(settings: TwinSettings, signer: Signer): Hono {
  const environment = new Environment();
  const signIns = new SignIns(environment, settings, signer);
  const faults = new Faults();
  const counters = new Counters();
  const { limits: figures } = settings;
  const limits = figures === false ? undefined : new RateLimits(settings, figures === true ? {} : figures);
  const app = new Hono();

  app.onError((error, c) => answerError(error, c));
  app.notFound((c) => c.json({ message: "Not Found" }, 404));
  addAdminRoutes(app, { adminToken: settings.adminToken, environment, signIns, signer, faults, counters });

  app.use("*", async (c, next) => {
    counters.request(c.req.method, matchedRoutes(c).at(-1)?.path ?? "*");
    c.header("x-request-id", newId("req"));
    await next();
    counters.answer(c.res.status);
  });
  app.use("*", (c, next) => strike(c, next, faults));
  app.use("*", async (c, next) => {
    const key = requireApiKey(c, settings.apiKeys);
    limits?.admit("general", key);
    if (c.req.path.startsWith("/user_management/")) limits?.admit(READS.includes(c.req.method) ? "reads" : "writes");
    if (c.req.method === "DELETE" && c.req.path.startsWith("/organizations/")) limits?.admit("organizationDelete", key);
    await next();
  });

  addUserRoutes(app, environment);
  addOrganizationRoutes(app, environment);
  addMembershipRoutes(app, environment, settings.multipleRoles);
  addRoleRoutes(app, environment);
  addFactorRoutes(app, environment);
  addSessionRoutes(app, environment);
  addCodeRoutes(app, environment, limits);
  addAuthenticateRoute(app, { environment, settings, signIns, limits });
  app.get("/sso/jwks/:clientId", (c) => {
    if (c.req.param("clientId") !== settings.clientId) throw new ApiError(404, { message: "The client ID does not exist." });
    return c.json(signer.jwks());
  });
  return app;
}

/** Lets a fault that is armed strike this request. */
async function strike(c: Context, next: () => Promise<void>, faults: Faults): Promise<Response | undefined> {
  const fault = faults.strike(c.req.method, c.req.path);
  const { incoming } = c.env as HttpBindings;
  if (fault?.kind === "latency") await wait(fault.latencyMs ?? 1_000);
  if (fault?.kind === "reset_before") {
    incoming.socket.destroy();
    return c.body(null, 503); // reaches nobody
  }
  if (fault?.kind === "status") {
    if (fault.status === 429) throw tooMany();
    return c.json({ message: "A fault was armed for this request." }, (fault.status ?? 500) as ContentfulStatusCode);
  }
  await next();
  if (fault?.kind === "reset_after") incoming.socket.destroy();
  return undefined;
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
