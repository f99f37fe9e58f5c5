import type { ClerkApp } from "./app.ts";
import { ClerkRefusal, invalid, notFound } from "./errors.ts";
import { pageOf } from "./find-users.ts";
import type { ClerkState, SessionRecord, SignInTokenRecord } from "./state.ts";
import type { SessionTokens } from "./tokens.ts";
import { newId } from "./user.ts";
import { bodyOf } from "./users-routes.ts";

const SESSION_LIFETIME_MS = 7 * 24 * 3_600_000;
const SIGN_IN_TOKEN_LIFETIME_S = 30 * 24 * 3600;

/** Sessions, session tokens, sign-in tokens, JWKS. */
export function addSessionRoutes(app: ClerkApp, state: ClerkState, tokens: SessionTokens, url: () => string): void {
  app.get("/v1/jwks", (c) => c.json(tokens.jwks));
  app.get("/v1/sessions", (c) => {
    const query = new URL(c.req.url).searchParams;
    const wanted = {
      userId: query.get("user_id"),
      clientId: query.get("client_id"),
      status: query.get("status"),
    };
    if (!wanted.userId && !wanted.clientId)
      throw new ClerkRefusal(422, "form_param_missing", "client_id or user_id is required.", { parameter: "user_id" });
    const found = [...state.sessions.values()]
      .filter((session) => Object.entries(wanted).every(([field, value]) => !value || session[field as keyof typeof wanted] === value))
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));
    const data = pageOf(found, query).map(sessionWire);
    return query.get("paginated") === "true" ? c.json({ data, total_count: found.length }) : c.json(data);
  });
  app.post("/v1/sessions", async (c) => {
    const { user_id } = await bodyOf(c);
    return c.json(sessionWire(createSession(state, String(user_id))));
  });
  app.get("/v1/sessions/:id", (c) => c.json(sessionWire(state.session(c.req.param("id")))));
  app.post("/v1/sessions/:id/revoke", (c) => {
    const session = state.session(c.req.param("id"));
    session.status = "revoked";
    session.updatedAt = Date.now();
    return c.json(sessionWire(session));
  });
  app.post("/v1/sessions/:id/tokens", async (c) => {
    const session = state.session(c.req.param("id"));
    if (session.status !== "active") throw notFound("Session");
    const { expires_in_seconds: lifetime } = await bodyOf(c);
    const user = state.user(session.userId);
    return c.json({
      object: "token",
      jwt: await tokens.sign(session, user, typeof lifetime === "number" ? lifetime : undefined),
    });
  });
  app.post("/v1/sign_in_tokens", async (c) => {
    const { user_id, expires_in_seconds: lifetime } = await bodyOf(c);
    const user = state.user(String(user_id));
    const now = Date.now();
    const seconds = typeof lifetime === "number" && lifetime > 0 ? lifetime : SIGN_IN_TOKEN_LIFETIME_S;
    const record: SignInTokenRecord = {
      id: newId("sit"),
      userId: user.id,
      token: newId("ticket"),
      status: "pending",
      createdAt: now,
      expiresAt: now + seconds * 1000,
    };
    state.signInTokens.set(record.id, record);
    return c.json(signInTokenWire(record, url()));
  });
  app.post("/v1/sign_in_tokens/:id/revoke", (c) => {
    const record = state.signInTokens.get(c.req.param("id"));
    if (!record) throw notFound("Sign-in token");
    if (record.status !== "pending")
      throw new ClerkRefusal(400, "sign_in_token_cannot_be_revoked", "Only pending sign-in tokens can be revoked.");
    record.status = "revoked";
    return c.json(signInTokenWire(record, url()));
  });
}

/** A new active session. @throws ClerkRefusal 404 for an unknown user, 403 for one who may not sign in */
export function createSession(state: ClerkState, userId: string, organizationId: string | null = null): SessionRecord {
  const user = state.user(userId);
  if (user.banned) throw new ClerkRefusal(403, "user_banned", "This user is banned.");
  if (user.locked) throw new ClerkRefusal(403, "user_locked", "This user is locked.");
  const now = Date.now();
  user.lastSignInAt = now;
  user.lastActiveAt = now;
  const session: SessionRecord = {
    id: newId("sess"),
    userId,
    clientId: newId("client"),
    status: "active",
    organizationId,
    createdAt: now,
    updatedAt: now,
  };
  state.sessions.set(session.id, session);
  return session;
}

/** Redeems a sign-in token, which a browser does at Clerk's frontend API. @throws ClerkRefusal 422 when it was used, revoked or is too old */
export function redeemSignInToken(state: ClerkState, token: string): SessionRecord {
  const record = [...state.signInTokens.values()].find((one) => one.token === token);
  if (record?.status !== "pending" || record.expiresAt <= Date.now()) throw invalid("ticket", "This sign-in token cannot be used.");
  record.status = "accepted";
  return createSession(state, record.userId);
}

function sessionWire(session: SessionRecord): Record<string, unknown> {
  return {
    id: session.id,
    object: "session",
    user_id: session.userId,
    client_id: session.clientId,
    actor: null,
    status: session.status,
    last_active_organization_id: session.organizationId,
    last_active_at: session.updatedAt,
    expire_at: session.createdAt + SESSION_LIFETIME_MS,
    abandon_at: session.createdAt + 30 * 24 * 3_600_000,
    created_at: session.createdAt,
    updated_at: session.updatedAt,
  };
}

function signInTokenWire(record: SignInTokenRecord, url: string): Record<string, unknown> {
  return {
    id: record.id,
    object: "sign_in_token",
    user_id: record.userId,
    token: record.token,
    status: record.status,
    url: `${url}/v1/tickets/accept?ticket=${record.token}`,
    created_at: record.createdAt,
    updated_at: record.createdAt,
  };
}
