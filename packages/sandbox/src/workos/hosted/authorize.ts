import type { Context, Hono } from "hono";
import type { SignInAttempt } from "../signin.ts";
import type { Connection, Session } from "../state.ts";
import type { AuthorizationRequest, Flow } from "./flows.ts";
import { PageError } from "./page-error.ts";
import { advance, attemptOf, fail, type Hosted, toProvider } from "./steps.ts";

const CHALLENGE = /^[\w-]{43}$/;

/**
 * `GET /user_management/authorize`: where an application sends a browser to have somebody signed in.
 *
 * A wrong client or redirect address is told on a page and leads nowhere; every other refusal goes to the redirect address, with `error`,
 * `error_description` and `state` (docs reference/authkit/authentication/get-authorization-url/error-codes).
 */
export function addAuthorizePage(app: Hono, hosted: Hosted): void {
  const { browsers, environment, flows } = hosted;

  app.get("/user_management/authorize", (c) => {
    const request = readRequest(c, hosted);
    const refusal = refusalOf(c);
    if (refusal) return fail(c, request, ...refusal);
    const { provider, connection_id: connectionId, organization_id: organizationId } = c.req.query();
    const flow = (): Flow => flows.open(browsers.identify(c), request);

    if (provider === "GoogleOAuth") return toProvider(c, hosted, flow(), "google");
    if (connectionId !== undefined) {
      const connection = environment.connections.get(connectionId);
      if (!connection) return fail(c, request, "connection_invalid", "There is no connection for the provided ID.");
      return toConnection(c, request, flow, connection);
    }
    if (organizationId !== undefined && !environment.organizations.get(organizationId)) {
      return fail(c, request, "organization_invalid", "There is no organization matching the provided ID.");
    }
    if (provider === undefined) return toOnlyConnection(c, request, flow, environment.activeConnections(organizationId ?? ""));
    const hinted = request.domainHint === undefined ? undefined : environment.organizationOfAddress(`anybody@${request.domainHint}`);
    const [connection] = hinted ? environment.activeConnections(hinted.id) : [];
    const session = browsers.sessionOf(c);
    if (session && isFreshEnough(c, session)) return resume(c, flow(), session);
    // Who has to sign in again is not asked for the address again.
    request.loginHint ??= session && environment.users.get(session.user_id)?.email;
    if (connection) return toConnection(c, request, flow, connection);
    const page = c.req.query("screen_hint") === "sign-up" ? "sign-up" : "sign-in";
    return c.redirect(`/authkit/${page}?flow=${flow().id}`, 302);
  });

  function toOnlyConnection(c: Context, request: AuthorizationRequest, flow: () => Flow, connections: readonly Connection[]) {
    const [only, another] = connections;
    if (!only) return fail(c, request, "organization_invalid", "No connection associated with organization.");
    if (another) return fail(c, request, "ambiguous_connection_selector", "The organization has several connections: name one.");
    return toConnection(c, request, flow, only);
  }

  function toConnection(c: Context, request: AuthorizationRequest, flow: () => Flow, connection: Connection) {
    if (connection.state !== "active") return fail(c, request, "connection_unlinked", "The connection is not active.");
    return toProvider(c, hosted, flow(), "idp", connection.id);
  }

  /** Whoever is signed in here is not asked again; at most for the organization. */
  function resume(c: Context, flow: Flow, session: Session) {
    const user = environment.users.get(session.user_id);
    if (!user) throw new PageError(400, "This sign-in is over", "Go back to the application and start again.");
    const attempt = attemptOf(c, hosted, flow, user, session.authentication_method as SignInAttempt["method"]);
    const organizationId = flow.organizationId ?? session.organization_id;
    return advance(c, hosted, flow, { ...attempt, organizationId, continues: session, silent: true, factorPassed: true });
  }
}

/** @throws PageError 400 unless the client is known and the redirect address is one of the registered ones, to the letter */
function readRequest(c: Context, { browsers, redirects, settings }: Hosted): AuthorizationRequest {
  const query = c.req.query();
  if (query["client_id"] !== settings.clientId) {
    throw new PageError(400, "This application is not known", "The client ID of the request is not one of this environment.");
  }
  const redirectUri = query["redirect_uri"] ?? "";
  if (!redirects.isRegistered(redirectUri)) {
    throw new PageError(
      400,
      "This address is not registered",
      "The redirect address of the request is not among the registered ones. They are compared to the letter.",
    );
  }
  return {
    redirectUri,
    state: query["state"],
    challenge: query["code_challenge"],
    organizationId: query["organization_id"],
    loginHint: query["login_hint"],
    domainHint: query["domain_hint"],
    invitationToken: query["invitation_token"] ?? browsers.invitationOf(browsers.identify(c)),
  };
}

/** What is wrong with a request whose client and redirect address are right. */
function refusalOf(c: Context): [error: string, description: string] | undefined {
  const query = c.req.query();
  if (query["response_type"] !== "code") return ["unsupported_response_type", "The response type must be code."];
  const { code_challenge: challenge, code_challenge_method: method } = query;
  if ((challenge !== undefined || method !== undefined) && (method !== "S256" || !CHALLENGE.test(challenge ?? ""))) {
    return ["invalid_request", "The code challenge must be one of method S256."];
  }
  const { provider, connection_id: connection, organization_id: organization } = query;
  const selectors = [provider, connection, organization].filter((one) => one !== undefined).length;
  const known = provider === undefined || provider === "authkit" || provider === "GoogleOAuth";
  if (known && (selectors === 1 || (provider === "authkit" && connection === undefined))) return undefined;
  return ["invalid_connection_selector", "Name one of provider (authkit or GoogleOAuth here), connection_id and organization_id."];
}

/** Whether the request takes a sign-in that was made earlier (docs authkit/reauthentication: `max_age` in seconds). */
function isFreshEnough(c: Context, session: Session): boolean {
  const { prompt, max_age: maxAge } = c.req.query();
  if (prompt === "login") return false;
  return maxAge === undefined || (/^\d{1,9}$/.test(maxAge) && Date.now() - session.authenticated_at < Number(maxAge) * 1_000);
}
