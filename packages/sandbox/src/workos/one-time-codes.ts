import { badRequest } from "./errors.ts";
import { emailCodeEvent } from "./event-wire.ts";
import { newCode } from "./ids.ts";
import { type EmailCode, type Environment, emailKey, stamp, type User } from "./state.ts";

const CODE_LIFE_MS = 10 * 60_000;
const MOST_ATTEMPTS = 10;

/** Makes the code a user must enter to prove the address; an earlier one no longer counts. It is mailed on its event. */
export function newEmailVerification(environment: Environment, user: User): EmailCode {
  const verification = environment.emailVerifications.add(newEmailCode("email_verification", user));
  environment.emailVerificationByUser.set(user.id, verification);
  environment.events.append("email_verification.created", emailCodeEvent("email_verification", verification));
  return verification;
}

/** Makes the code that signs this user in; an earlier one no longer counts. It is mailed on its event. */
export function newMagicAuth(environment: Environment, user: User): EmailCode {
  const code = environment.magicAuths.add(newEmailCode("magic_auth", user));
  environment.magicAuthByEmail.set(emailKey(user.email), code);
  environment.events.append("magic_auth.created", emailCodeEvent("magic_auth", code));
  return code;
}

function newEmailCode(prefix: string, user: User): EmailCode {
  return {
    ...stamp(prefix),
    user_id: user.id,
    email: user.email,
    code: newCode(),
    expires_at: new Date(Date.now() + CODE_LIFE_MS).toISOString(),
    used: false,
    attempts: 0,
  };
}

/**
 * Uses a code that was sent by e-mail.
 *
 * @throws ApiError 400 invalid_one_time_code, one_time_code_expired, one_time_code_previously_used, one_time_code_too_many_attempts
 */
export function useEmailCode(sent: EmailCode | undefined, code: string): void {
  if (!sent) throw badRequest("invalid_one_time_code", "The code is not valid.");
  if (sent.attempts >= MOST_ATTEMPTS) throw badRequest("one_time_code_too_many_attempts", "Too many attempts for this code.");
  sent.attempts += 1;
  if (sent.code !== code) throw badRequest("invalid_one_time_code", "The code is not valid.");
  if (sent.used) throw badRequest("one_time_code_previously_used", "The code has already been used.");
  if (Date.parse(sent.expires_at) <= Date.now()) throw badRequest("one_time_code_expired", "The code has expired.");
  sent.used = true;
}
