import type { Context } from "hono";
import { verify as verifyTotp } from "otplib";
import type { ClerkApp } from "./app.ts";
import { ClerkRefusal, invalid } from "./errors.ts";
import { findUsers, orderUsers, pageOf } from "./find-users.ts";
import { passwordFits } from "./passwords.ts";
import type { ClerkLimits, RateLimit } from "./rate-limit.ts";
import type { ClerkState } from "./state.ts";
import { type Metadata, type UserRecord, userWire } from "./user.ts";
import { applyUpdate, createUser } from "./users-write.ts";

type Body = Record<string, unknown>;

export async function bodyOf(c: Context): Promise<Body> {
  const text = await c.req.text();
  if (text === "") return {};
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // answered below
  }
  throw new ClerkRefusal(
    400,
    "request_body_invalid",
    "The request body is invalid. Please consult the API documentation for more information.",
  );
}

/** Users: list, count, read, create, update, metadata, delete, ban, lock, passwords, TOTP, OAuth tokens. */
export function addUserRoutes(app: ClerkApp, state: ClerkState, limits: ClerkLimits, rate: RateLimit): void {
  const queryOf = (c: Context) => new URL(c.req.url).searchParams;
  const answer = (c: Context, user: UserRecord) => c.json(userWire(user));
  const countUpdate = (id: string) => rate.take(`update:${id}`, limits.updatesPer10sAndUser);

  app.get("/v1/users", (c) => {
    const query = queryOf(c);
    const ordered = orderUsers(findUsers(state.apiUsers(), query), query.get("order_by") ?? "-created_at");
    return c.json(pageOf(ordered, query).map(userWire));
  });
  app.get("/v1/users/count", (c) =>
    c.json({
      object: "total_count",
      total_count: findUsers(state.apiUsers(), queryOf(c)).length,
    }),
  );
  app.get("/v1/users/:id", (c) => answer(c, state.user(c.req.param("id"))));
  app.post("/v1/users", async (c) => answer(c, createUser(state, await bodyOf(c))));
  app.patch("/v1/users/:id", async (c) => {
    const user = state.user(c.req.param("id"));
    countUpdate(user.id);
    return answer(c, applyUpdate(state, user, await bodyOf(c)));
  });
  app.patch("/v1/users/:id/metadata", async (c) => {
    const user = state.user(c.req.param("id"));
    countUpdate(user.id);
    const body = await bodyOf(c);
    for (const [field, wire] of METADATA) if (isMetadata(body[wire])) user[field] = mergeDeep(user[field], body[wire]);
    user.updatedAt = Date.now();
    return answer(c, user);
  });
  app.put("/v1/users/:id/metadata", async (c) => {
    const user = state.user(c.req.param("id"));
    countUpdate(user.id);
    const body = await bodyOf(c);
    for (const [field, wire] of METADATA) if (isMetadata(body[wire])) user[field] = body[wire];
    user.updatedAt = Date.now();
    return answer(c, user);
  });
  app.delete("/v1/users/:id", (c) => {
    const user = state.user(c.req.param("id"));
    state.revokeSessionsOf(user.id);
    for (const [id, membership] of state.memberships) if (membership.userId === user.id) state.memberships.delete(id);
    state.users.delete(user.id);
    return c.json({
      id: user.id,
      object: "user",
      deleted: true,
      ...(user.externalId ? { external_id: user.externalId } : {}),
    });
  });
  for (const [verb, change] of Object.entries(MARKS)) {
    app.post(`/v1/users/:id/${verb}`, (c) => {
      const user = state.user(c.req.param("id"));
      Object.assign(user, change, { updatedAt: Date.now() });
      if (user.banned) state.revokeSessionsOf(user.id);
      return answer(c, user);
    });
  }
  app.post("/v1/users/:id/verify_password", async (c) => verifyPassword(c, state.user(c.req.param("id")), await bodyOf(c)));
  app.post("/v1/users/:id/verify_totp", async (c) => {
    const user = state.user(c.req.param("id"));
    const { code } = await bodyOf(c);
    if (user.totpSecret === null) throw new ClerkRefusal(400, "totp_not_enabled", "TOTP is not enabled for this user.");
    const found =
      typeof code === "string" &&
      /^\d{6}$/.test(code) &&
      (
        await verifyTotp({
          secret: user.totpSecret,
          token: code,
          epochTolerance: 30,
        })
      ).valid;
    if (!found)
      throw new ClerkRefusal(422, "form_code_incorrect", "Incorrect code", {
        parameter: "code",
      });
    return c.json({ verified: true, code_type: "totp" });
  });
  app.get("/v1/users/:id/oauth_access_tokens/:provider", (c) => oauthTokens(c, state.user(c.req.param("id")), c.req.param("provider")));
}

const METADATA = [
  ["publicMetadata", "public_metadata"],
  ["privateMetadata", "private_metadata"],
  ["unsafeMetadata", "unsafe_metadata"],
] as const;

const MARKS: Record<string, Partial<UserRecord>> = {
  ban: { banned: true },
  unban: { banned: false },
  lock: { locked: true },
  unlock: { locked: false },
};

export function isMetadata(value: unknown): value is Metadata {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Objects are merged at any depth, null removes a key, everything else replaces. */
function mergeDeep(old: Metadata, change: Metadata): Metadata {
  const merged = { ...old };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete merged[key];
    else if (isMetadata(value)) merged[key] = mergeDeep(isMetadata(merged[key]) ? merged[key] : {}, value);
    else merged[key] = value;
  }
  return merged;
}

async function verifyPassword(c: Context, user: UserRecord, { password }: Body): Promise<Response> {
  if (typeof password !== "string") throw invalid("password", "password is required.");
  if (user.passwordDigest === null)
    throw new ClerkRefusal(400, "no_password_set", "This user does not have a password set for their account.");
  const fits = await passwordFits(password, user.passwordHasher ?? "", user.passwordDigest);
  if (fits === undefined) throw new ClerkRefusal(422, "twin_hasher_unknown", `The twin cannot compute the hasher ${user.passwordHasher}.`);
  if (!fits)
    throw new ClerkRefusal(422, "incorrect_password", "Password is incorrect. Try again, or use another method.", {
      parameter: "password",
    });
  return c.json({ verified: true });
}

function oauthTokens(c: Context, user: UserRecord, provider: string): Response {
  const accounts = user.externalAccounts.filter((account) => account.provider === provider);
  if (accounts.some((account) => account.refreshable === false)) {
    throw new ClerkRefusal(422, "oauth_missing_refresh_token", "Cannot refresh OAuth access token. The refresh token is missing.");
  }
  const data = accounts.map((account) => ({
    object: "oauth_access_token",
    external_account_id: account.id,
    provider,
    token: `ya29.twin-${account.id}`,
    expires_at: Date.now() + 3_600_000,
    public_metadata: {},
    label: null,
    scopes: ["email", "https://www.googleapis.com/auth/calendar.events", "openid", "profile"],
  }));
  return c.json({ data, total_count: data.length });
}
