import { badRequest } from "./errors.ts";
import { answerChallenge } from "./factors.ts";
import type { RateLimits } from "./limits.ts";
import { useEmailCode } from "./one-time-codes.ts";
import type { SignInAttempt, SignIns } from "./signin.ts";
import { type Environment, emailKey, type User } from "./state.ts";
import { userChanged } from "./users.ts";

/** What a person can prove who they are with: the same for the API and the hosted pages. */
interface Parts {
  environment: Environment;
  signIns: SignIns;
  limits: RateLimits | undefined;
}

/** @throws ApiError 400 invalid_credentials: the same for an unknown address, a user without a password and a wrong password */
export async function provePassword({ environment, limits }: Parts, address: string, password: string): Promise<User> {
  const email = emailKey(address);
  limits?.admit("authenticate", email);
  const user = environment.userByEmail.get(email);
  if (!user?.password || !(await user.password.matches(password))) {
    throw badRequest("invalid_credentials", "The email or password is incorrect.");
  }
  return user;
}

/** Uses up a magic-auth code; the code went to the address, so the address is proved. */
export function proveMagicCode({ environment, limits }: Parts, address: string, code: string): User {
  const email = emailKey(address);
  limits?.admit("authenticate", email);
  const sent = environment.magicAuthByEmail.get(email);
  useEmailCode(sent, code);
  const user = environment.users.get(sent?.user_id ?? "");
  if (!user || emailKey(user.email) !== email) throw badRequest("invalid_one_time_code", "The code is not valid.");
  if (!user.email_verified) {
    user.email_verified = true;
    userChanged(environment, user);
  }
  return user;
}

/** Proves the address of a pending sign-in; answers the attempt, which can proceed. */
export function proveAddress({ environment, limits, signIns }: Parts, token: string, code: string): SignInAttempt {
  const attempt = signIns.pending(token, "email_verification_required");
  limits?.admit("authenticate", emailKey(attempt.user.email));
  const sent = environment.emailVerificationByUser.get(attempt.user.id);
  useEmailCode(sent?.email === attempt.user.email ? sent : undefined, code);
  signIns.consume(token);
  if (!attempt.user.email_verified) {
    attempt.user.email_verified = true;
    userChanged(environment, attempt.user);
  }
  return { ...attempt, addressUnproven: false };
}

/** Answers the challenge of a pending sign-in; answers the attempt, which can proceed. */
export async function proveFactor(
  { environment, limits, signIns }: Parts,
  token: string,
  challengeId: string,
  code: string,
): Promise<SignInAttempt> {
  const attempt = signIns.pending(token, "mfa_challenge");
  limits?.admit("authenticate", challengeId);
  const challenge = environment.challenges.get(challengeId);
  const factor = environment.factors.get(challenge?.factor_id ?? "");
  // A challenge of another person's factor proves nothing here.
  if (!challenge || factor?.user_id !== attempt.user.id) throw badRequest("user_mismatch", "The challenge does not belong to the user.");
  await answerChallenge(environment, challenge, code);
  signIns.consume(token);
  return { ...attempt, factorPassed: true };
}

/** Takes the organization a pending sign-in was asked for; answers the attempt with it. */
export function chooseOrganization({ signIns }: Parts, token: string, organizationId: string): SignInAttempt {
  const attempt = signIns.pending(token, "organization_selection_required");
  signIns.requireMember(attempt.user.id, organizationId);
  signIns.consume(token);
  return { ...attempt, organizationId };
}
