import type { Hono } from "hono";
import { readBody, requiredText } from "./body.ts";
import { badRequest, type InnerError, notFound } from "./errors.ts";
import { passwordResetEvent } from "./event-wire.ts";
import { newSecret } from "./ids.ts";
import type { RateLimits } from "./limits.ts";
import { keepPassword } from "./passwords.ts";
import { type Environment, emailKey, type PasswordReset, stamp, type User } from "./state.ts";
import { passwordWeakness, userChanged } from "./users.ts";
import { passwordResetWire, userWire } from "./wire.ts";

const LIFE_MS = 60 * 60_000;

export function addPasswordResetRoutes(app: Hono, environment: Environment, limits: RateLimits | undefined): void {
  const path = "/user_management/password_reset";

  app.post(path, async (c) => {
    const email = emailKey(requiredText(await readBody(c), "email"));
    limits?.admit("codes", `reset ${email}`);
    const user = environment.userByEmail.get(email);
    if (!user) throw notFound("User", "email");
    return c.json(passwordResetWire(environment, newPasswordReset(environment, user)), 201);
  });

  app.post(`${path}/confirm`, async (c) => {
    const body = await readBody(c);
    const user = await resetPassword(environment, requiredText(body, "token"), requiredText(body, "new_password"));
    return c.json({ user: userWire(user) });
  });

  app.get(`${path}/:id`, (c) => {
    const reset = environment.passwordResets.get(c.req.param("id"));
    if (!reset) throw notFound("Password reset", c.req.param("id"));
    return c.json(passwordResetWire(environment, reset));
  });
}

/** Makes a token with which the user can set a password, once, for an hour. It is mailed on its event. */
export function newPasswordReset(environment: Environment, user: User): PasswordReset {
  const reset = environment.passwordResets.add({
    ...stamp("password_reset"),
    user_id: user.id,
    email: user.email,
    token: newSecret(24),
    expires_at: new Date(Date.now() + LIFE_MS).toISOString(),
    used: false,
  });
  environment.passwordResetByToken.set(reset.token, reset);
  environment.events.append("password_reset.created", passwordResetEvent(environment, reset));
  return reset;
}

/** The reset a token may still be used for: the user is there, with the address the token was sent to. */
export function usablePasswordReset(environment: Environment, token: string): { reset: PasswordReset; user: User } | undefined {
  const reset = environment.passwordResetByToken.get(token);
  const user = environment.users.get(reset?.user_id ?? "");
  if (!reset || reset.used || Date.parse(reset.expires_at) <= Date.now() || user?.email !== reset.email) return undefined;
  return { reset, user };
}

/**
 * Sets a password by a token that was mailed: uses the token up, proves the address, ends every session of the user.
 *
 * @throws ApiError 404 for a token that was never made, 400 password_reset_error for one that is used or expired or a password that is too weak
 */
export async function resetPassword(environment: Environment, token: string, password: string): Promise<User> {
  if (!environment.passwordResetByToken.has(token)) throw notFound("Password reset", "token");
  const weakness = passwordWeakness(password);
  if (weakness) throw refused(weakness);
  const stored = await keepPassword(password);
  // Looked up after the wait: of two requests with one token, one is refused.
  const usable = usablePasswordReset(environment, token);
  if (!usable) throw refused({ code: "password_reset_token_invalid", message: "The token has been used or has expired." });
  const { reset, user } = usable;
  reset.used = true;
  user.password = stored;
  user.email_verified = true;
  userChanged(environment, user);
  environment.endSessions(user.id);
  environment.events.append("password_reset.succeeded", passwordResetEvent(environment, reset));
  return user;
}

function refused(inner: InnerError): Error {
  return badRequest("password_reset_error", "The password could not be reset.", [inner]);
}
