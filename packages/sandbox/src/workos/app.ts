import { type Context, Hono } from "hono";
import { matchedRoutes } from "hono/route";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { Counters } from "../twin/counters.ts";
import { Faults, underFaults } from "../twin/faults.ts";
import { addAdminRoutes } from "./admin.ts";
import { addAuthenticateRoute } from "./authenticate.ts";
import { AuthorizationCodes } from "./authorization-codes.ts";
import { addCodeRoutes } from "./codes.ts";
import { addConnectionRoutes } from "./connections.ts";
import { Deliveries } from "./deliveries.ts";
import { addDirectoryRoutes } from "./directories.ts";
import { addDirectoryAdminRoutes } from "./directory-admin.ts";
import { ApiError, answerApiError } from "./errors.ts";
import { addEventRoutes } from "./events.ts";
import { addFactorRoutes } from "./factors.ts";
import { Browsers } from "./hosted/browsers.ts";
import { Flows } from "./hosted/flows.ts";
import { hostedPages } from "./hosted/pages.ts";
import { Providers } from "./hosted/providers.ts";
import { addHostedAdminRoutes } from "./hosted-admin.ts";
import { newId } from "./ids.ts";
import { addInvitationRoutes } from "./invitations.ts";
import { RateLimits, tooMany } from "./limits.ts";
import { Mails } from "./mails.ts";
import { addMembershipRoutes } from "./memberships.ts";
import type { TwinSettings } from "./options.ts";
import { addOrganizationRoutes } from "./organizations.ts";
import { addPasswordResetRoutes } from "./password-reset.ts";
import { addPortalRoute, PortalLinks } from "./portal.ts";
import { addRedirectRoute, Redirects } from "./redirects.ts";
import { addRoleRoutes } from "./roles.ts";
import { addSessionRoutes } from "./sessions.ts";
import { SignIns } from "./signin.ts";
import { openSmtp } from "./smtp.ts";
import { Environment } from "./state.ts";
import type { Signer } from "./tokens.ts";
import { addUserRoutes } from "./users.ts";
import { addWebhookAdminRoutes } from "./webhook-admin.ts";
import { addWebhookRoutes } from "./webhooks.ts";

const READS = ["GET", "HEAD"];

interface TwinApp {
  app: Hono;
  /** To be told once the twin listens: links that leave it begin with this. */
  listensAt: (url: string) => void;
  /** Ends deliveries to webhooks and to the mail server. */
  stop: () => void;
}

/** Builds the HTTP side of one environment. Its order: count, fault, hosted pages, API key, limits, route. */
export function createApp(settings: TwinSettings, signer: Signer): TwinApp {
  const environment = new Environment(settings.announceCascades);
  const signIns = new SignIns(environment, settings, signer);
  const deliveries = new Deliveries(environment.clock, settings.clockSpeed);
  environment.events.onEvent((event) => deliveries.send(event));
  const faults = new Faults();
  const counters = new Counters();
  const { limits: figures } = settings;
  const limits = figures === false ? undefined : new RateLimits(settings, figures === true ? {} : figures);
  const smtp = settings.smtpUrl === undefined ? undefined : openSmtp(settings.smtpUrl);
  const mails = new Mails(environment, settings.silentMails, (mail) => smtp?.send(mail));
  const redirects = new Redirects(settings);
  const portalLinks = new PortalLinks();
  const codes = new AuthorizationCodes();
  const browsers = new Browsers(environment, signIns, settings.clientId);
  const stores = { codes, redirects, portalLinks, browsers, flows: new Flows(), providers: new Providers() };
  const app = new Hono();

  app.onError((error, c) => answerApiError(error, c));
  app.notFound((c) => c.json({ message: "Not Found" }, 404));
  addAdminRoutes(app, { adminToken: settings.adminToken, environment, signIns, signer, faults, counters });
  addWebhookAdminRoutes(app, environment, deliveries);
  addDirectoryAdminRoutes(app, environment);
  addHostedAdminRoutes(app, { environment, signIns, codes, redirects, mails });

  app.use("*", async (c, next) => {
    counters.request(`${c.req.method} ${matchedRoutes(c).at(-1)?.path ?? "*"}`);
    c.header("x-request-id", newId("req"));
    await next();
    counters.answer(c.res.status);
  });
  app.use("*", (c, next) => underFaults(faults, c, next, (status) => answerFault(c, status)));
  app.route("/", hostedPages({ environment, settings, signIns, limits, ...stores }));
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
  addPasswordResetRoutes(app, environment, limits);
  addConnectionRoutes(app, environment);
  addPortalRoute(app, environment, portalLinks);
  addRedirectRoute(app, redirects);
  addAuthenticateRoute(app, { environment, settings, signIns, codes, limits });
  app.get("/sso/jwks/:clientId", (c) => {
    if (c.req.param("clientId") !== settings.clientId) throw new ApiError(404, { message: "The client ID does not exist." });
    return c.json(signer.jwks());
  });
  return {
    app,
    listensAt: (url) => {
      environment.baseUrl = url;
    },
    stop: () => {
      deliveries.stop();
      smtp?.close();
    },
  };
}

function answerFault(c: Context, status: number): Response {
  if (status === 429) throw tooMany();
  return c.json({ message: "A fault was armed for this request." }, status as ContentfulStatusCode);
}

/**
 * Answers which API key the request is counted for.
 *
 * Open without a key: the JWKS, and the exchange of public clients (which checks its own `client_secret`). The hosted pages come before.
 */
function requireApiKey(c: Context, apiKeys: ReadonlySet<string>): string {
  const [scheme, key] = (c.req.header("authorization") ?? "").split(" ");
  if (scheme === "Bearer" && key !== undefined && apiKeys.has(key)) return key;
  if (c.req.path.startsWith("/sso/jwks/") || (c.req.path === "/user_management/authenticate" && scheme === "")) return "";
  throw new ApiError(401, { message: "Unauthorized" });
}
