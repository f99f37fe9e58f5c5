import type { Hono } from "hono";
import { readBody, requiredText } from "./body.ts";
import { badRequest, notFound, unprocessable } from "./errors.ts";
import type { RateLimits } from "./limits.ts";
import { newEmailVerification, newMagicAuth, useEmailCode } from "./one-time-codes.ts";
import { type Environment, emailKey } from "./state.ts";
import { addBareUser, EMAIL, findUser, userChanged } from "./users.ts";
import { emailCodeWire, userWire } from "./wire.ts";

/** Codes that are e-mailed: address verification and magic auth. The API shows them too. */
export function addCodeRoutes(app: Hono, environment: Environment, limits: RateLimits | undefined): void {
  app.get("/user_management/email_verification/:id", (c) => {
    const verification = environment.emailVerifications.get(c.req.param("id"));
    if (!verification) throw notFound("Email verification", c.req.param("id"));
    return c.json(emailCodeWire("email_verification", verification));
  });

  app.post("/user_management/users/:id/email_verification/send", (c) => {
    const user = findUser(environment, c.req.param("id"));
    limits?.admit("codes", user.id);
    if (user.email_verified) throw badRequest("email_already_verified", "The email is already verified.");
    newEmailVerification(environment, user);
    return c.json({ user: userWire(user) });
  });

  app.post("/user_management/users/:id/email_verification/confirm", async (c) => {
    const code = requiredText(await readBody(c), "code");
    const user = findUser(environment, c.req.param("id"));
    const sent = environment.emailVerificationByUser.get(user.id);
    useEmailCode(sent?.email === user.email ? sent : undefined, code);
    user.email_verified = true;
    userChanged(environment, user);
    return c.json({ user: userWire(user) });
  });

  app.post("/user_management/magic_auth", async (c) => {
    const email = requiredText(await readBody(c), "email").trim();
    if (!EMAIL.test(email)) throw unprocessable("email", "is not an e-mail address");
    limits?.admit("codes", emailKey(email));
    // An unknown address becomes a user, as on the service.
    const user = environment.userByEmail.get(emailKey(email)) ?? addBareUser(environment, email);
    return c.json(emailCodeWire("magic_auth", newMagicAuth(environment, user)), 201);
  });

  app.get("/user_management/magic_auth/:id", (c) => {
    const code = environment.magicAuths.get(c.req.param("id"));
    if (!code) throw notFound("Magic auth", c.req.param("id"));
    return c.json(emailCodeWire("magic_auth", code));
  });
}
