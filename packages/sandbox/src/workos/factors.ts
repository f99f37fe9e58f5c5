import type { Hono } from "hono";
import { optionalText, readBody, requiredText } from "./body.ts";
import { ApiError, badRequest, notFound, unprocessable } from "./errors.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Challenge, type Environment, type Factor, stamp, touch } from "./state.ts";
import { newTotpSecret, readTotpSecret, totpStep, totpUri } from "./totp.ts";
import { findUser } from "./users.ts";
import { challengeWire, factorWire } from "./wire.ts";

const CHALLENGE_LIFE_MS = 10 * 60_000;
const MOST_ATTEMPTS = 10;
// The service draws the URI as a picture; this is one transparent pixel, for the field's sake.
const QR_CODE = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

export function addFactorRoutes(app: Hono, environment: Environment): void {
  app.post("/user_management/users/:id/auth_factors", async (c) => {
    const body = await readBody(c);
    const user = findUser(environment, c.req.param("id"));
    if (body["type"] !== "totp") throw unprocessable("type", "must be totp");
    const given = optionalText(body, "totp_secret");
    const secret = typeof given === "string" ? readTotpSecret(given) : newTotpSecret();
    if (secret === undefined) throw unprocessable("totp_secret", "must be Base32 of at least 16 characters");
    const factor: Factor = {
      ...stamp("auth_factor"),
      user_id: user.id,
      issuer: optionalText(body, "totp_issuer") ?? "Rehome twin",
      user: optionalText(body, "totp_user") ?? user.email,
      secret,
      usedStep: 0,
    };
    environment.factors.add(factor);
    environment.factorsByUser.add(user.id, factor);
    const uri = totpUri(factor.issuer, factor.user, secret);
    return c.json(
      {
        authentication_factor: { ...factorWire(factor), totp: { issuer: factor.issuer, user: factor.user, secret, uri, qr_code: QR_CODE } },
        authentication_challenge: challengeWire(newChallenge(environment, factor)),
      },
      201,
    );
  });

  app.get("/user_management/users/:id/auth_factors", (c) => {
    const user = findUser(environment, c.req.param("id"));
    return c.json(
      paginate(
        environment.factorsByUser.of(user.id),
        readPageQuery((name) => c.req.query(name)),
        factorWire,
      ),
    );
  });

  app.get("/auth/factors/:id", (c) => c.json(factorWire(findFactor(environment, c.req.param("id")))));

  app.delete("/auth/factors/:id", (c) => {
    const factor = findFactor(environment, c.req.param("id"));
    environment.factors.delete(factor.id);
    environment.factorsByUser.delete(factor.user_id, factor.id);
    return c.body(null, 204);
  });

  app.post("/auth/factors/:id/challenge", (c) =>
    c.json(challengeWire(newChallenge(environment, findFactor(environment, c.req.param("id")))), 201),
  );

  app.post("/auth/challenges/:id/verify", async (c) => {
    const body = await readBody(c);
    const challenge = environment.challenges.get(c.req.param("id"));
    if (!challenge) throw notFound("Authentication challenge", c.req.param("id"));
    try {
      await answerChallenge(environment, challenge, requiredText(body, "code"));
      return c.json({ challenge: challengeWire(challenge), valid: true }, 201);
    } catch (error) {
      if (error instanceof ApiError && error.body["code"] === "invalid_one_time_code") {
        return c.json({ challenge: challengeWire(challenge), valid: false }, 201);
      }
      throw error;
    }
  });
}

/**
 * Answers a challenge with a TOTP code, once.
 *
 * @throws ApiError 400 invalid_one_time_code, one_time_code_expired, one_time_code_previously_used, one_time_code_too_many_attempts
 */
export async function answerChallenge(environment: Environment, challenge: Challenge, code: string): Promise<Factor> {
  const factor = findFactor(environment, challenge.factor_id);
  if (challenge.answered) throw badRequest("one_time_code_previously_used", "The challenge has already been answered.");
  if (Date.parse(challenge.expires_at) <= Date.now()) throw badRequest("one_time_code_expired", "The challenge has expired.");
  if (challenge.attempts >= MOST_ATTEMPTS) throw badRequest("one_time_code_too_many_attempts", "Too many attempts for this challenge.");
  challenge.attempts += 1;
  const step = await totpStep(factor.secret, code);
  if (step === undefined) throw badRequest("invalid_one_time_code", "The code is not valid.");
  // Nothing waits between this check and the mark, so of two equal codes sent at once one is refused.
  if (step <= factor.usedStep || challenge.answered) throw badRequest("one_time_code_previously_used", "The code has already been used.");
  factor.usedStep = step;
  challenge.answered = true;
  touch(challenge);
  return factor;
}

export function newChallenge(environment: Environment, factor: Factor): Challenge {
  const expires = new Date(Date.now() + CHALLENGE_LIFE_MS).toISOString();
  return environment.challenges.add({
    ...stamp("auth_challenge"),
    factor_id: factor.id,
    expires_at: expires,
    attempts: 0,
    answered: false,
  });
}

function findFactor(environment: Environment, id: string): Factor {
  const factor = environment.factors.get(id);
  if (!factor) throw notFound("Authentication factor", id);
  return factor;
}
