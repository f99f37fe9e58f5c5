import { randomBytes } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import { sameText } from "../twin/admin-door.ts";
import { Counters } from "../twin/counters.ts";
import { Faults, underFaults } from "../twin/faults.ts";
import { serveTwin } from "../twin/serve.ts";
import { addAdminRoutes } from "./admin-routes.ts";
import type { ClerkContext } from "./app.ts";
import { ClerkRefusal } from "./errors.ts";
import { addOrganizationRoutes } from "./organizations-routes.ts";
import { type ClerkLimits, DEFAULT_LIMITS, RateLimit } from "./rate-limit.ts";
import { addSessionRoutes } from "./sessions-routes.ts";
import { ClerkState } from "./state.ts";
import { createSessionTokens } from "./tokens.ts";
import { addUserRoutes } from "./users-routes.ts";

export interface ClerkTwinOptions {
  /** 0, the default, takes a free one. */
  port?: number;
  secretKey?: string;
  adminToken?: string;
  limits?: Partial<ClerkLimits>;
  /** How much faster than real time the windows of the limits pass. */
  clockSpeed?: number;
  /** Whether the export lists a verified primary address among the verified ones too. Default false, as in Clerk's own sample. */
  primaryInVerified?: boolean;
  /** Between addresses in a cell of the export. Default `|`. */
  separator?: "|" | ",";
  /** Claim `azp` of session tokens. Default `http://localhost:3000`. */
  authorizedParty?: string;
  /** Custom claims of session tokens, such as `{ metadata: "{{user.public_metadata}}" }`. */
  sessionClaims?: Record<string, unknown>;
}

export interface ClerkTwin {
  port: number;
  /** What `createClerkClient` takes as `apiUrl`. */
  url: string;
  secretKey: string;
  publishableKey: string;
  /** The public key of the session tokens as PEM, for `jwtKey`. */
  jwtKey: string;
  adminToken: string;
  /** Ends the twin; safe to call twice. */
  stop(): Promise<void>;
}

/** Ids in a path, so that the counters count routes. */
const IDS = /\/(user|sess|org|orgmem|inv|orginv|sit|idn)_[^/]+/g;

/** Starts a stand-in for api.clerk.com on 127.0.0.1 in this process. What it does not do as Clerk does: docs/twins.md. */
export async function startClerkTwin(options: ClerkTwinOptions = {}): Promise<ClerkTwin> {
  const secretKey = options.secretKey ?? `sk_test_${randomBytes(21).toString("hex")}`;
  const adminToken = options.adminToken ?? randomBytes(24).toString("base64url");
  let port = 0;
  const url = () => `http://127.0.0.1:${port}`;
  const state = new ClerkState();
  const tokens = await createSessionTokens(state, {
    issuer: url,
    authorizedParty: options.authorizedParty ?? "http://localhost:3000",
    sessionClaims: options.sessionClaims ?? {},
  });
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const rate = new RateLimit(options.clockSpeed ?? 1);
  const faults = new Faults();
  const counters = new Counters();

  const app = new Hono<{ Bindings: HttpBindings }>();
  app.onError((error, c) =>
    (error instanceof ClerkRefusal ? error : new ClerkRefusal(500, "internal_error", `The twin failed: ${error.message}`)).answer(c),
  );
  app.notFound((c) => new ClerkRefusal(404, "twin_route_unknown", "The twin does not have this route.").answer(c));
  app.use("/v1/*", async (c, next) => {
    counters.request(`${c.req.method} ${c.req.path.replace(IDS, "/:id")}`);
    await next();
    counters.answer(c.res.status);
  });
  app.use("/v1/*", (c, next) => underFaults(faults, c, next, (status) => answerFault(c, status)));
  app.use("/v1/*", async (c, next) => {
    if (!sameText(c.req.header("authorization") ?? "", `Bearer ${secretKey}`)) {
      throw new ClerkRefusal(
        401,
        "clerk_key_invalid",
        "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.",
      );
    }
    if (c.req.path !== "/v1/jwks") rate.take("requests", limits.requestsPer10s);
    await next();
  });
  addAdminRoutes(app, state, tokens, faults, counters, {
    adminToken,
    primaryInVerified: options.primaryInVerified ?? false,
    separator: options.separator ?? "|",
  });
  addUserRoutes(app, state, limits, rate);
  addSessionRoutes(app, state, tokens, url);
  addOrganizationRoutes(app, state);

  const { port: served, stop } = await serveTwin(app, options.port ?? 0);
  port = served;
  return {
    port,
    url: url(),
    secretKey,
    publishableKey: `pk_test_${Buffer.from(`127.0.0.1:${port}$`).toString("base64")}`,
    jwtKey: tokens.publicPem,
    adminToken,
    stop,
  };
}

function answerFault(c: ClerkContext, status: number): Response {
  const extra = status === 429 ? { retryAfterSeconds: 1 } : {};
  return new ClerkRefusal(status, "twin_fault", "A fault set by a test.", extra).answer(c);
}
