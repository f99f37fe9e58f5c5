import { ApiError, badRequest, oauthError } from "./errors.ts";
import { emailCodeEvent, sessionEvent } from "./event-wire.ts";
import { newCode, newSecret } from "./ids.ts";
import { acceptInvitation, usableInvitation } from "./invitations.ts";
import type { TwinSettings } from "./options.ts";
import { type EmailCode, type Environment, type Session, stamp, type User } from "./state.ts";
import { accessClaims, RefreshTokens, type Signer } from "./tokens.ts";
import { userWire } from "./wire.ts";

type Method = "Password" | "MagicAuth" | "GoogleOAuth";

export interface SignInAttempt {
  user: User;
  method: Method;
  ipAddress: string | null;
  userAgent: string | null;
  /** Token of an invitation, which is accepted once nothing is asked any more. */
  invitationToken?: string | undefined;
  /** The TOTP step has been passed, or is not asked of this attempt. */
  factorPassed: boolean;
}

/** The step a pending sign-in waits for; its code is also the error the caller got. */
type Step = "email_verification_required" | "mfa_challenge" | "organization_selection_required";

interface Pending {
  attempt: SignInAttempt;
  step: Step;
  expiresAt: number;
}

const PENDING_LIFE_MS = 10 * 60_000;
const CODE_LIFE_MS = 10 * 60_000;
const SESSION_LIFE_MS = 7 * 24 * 3_600_000;
const SESSION_METHODS = { Password: "password", MagicAuth: "magic_code", GoogleOAuth: "oauth" } as const;

/** Carries a sign-in through its steps: proved address, TOTP, one organization, session. */
export class SignIns {
  readonly refreshTokens = new RefreshTokens();
  readonly #pending = new Map<string, Pending>();
  readonly #environment: Environment;
  readonly #settings: TwinSettings;
  readonly #signer: Signer;

  constructor(environment: Environment, settings: TwinSettings, signer: Signer) {
    this.#environment = environment;
    this.#settings = settings;
    this.#signer = signer;
  }

  /**
   * Takes the attempt as far as it gets.
   *
   * @param organizationId the organization to sign in to, when it has been chosen already
   * @returns the body of a successful reply
   * @throws ApiError 403 with a pending token when a step is missing: email_verification_required, mfa_challenge, organization_selection_required
   */
  async proceed(attempt: SignInAttempt, organizationId?: string): Promise<Record<string, unknown>> {
    const { user } = attempt;
    if (!user.email_verified) throw this.#verificationRequired(attempt);
    const factors = this.#environment.factorsByUser.of(user.id);
    if (factors.length > 0 && !attempt.factorPassed && this.#challenges(attempt.method)) {
      throw this.#wait(attempt, "mfa_challenge", "The user must complete an MFA challenge to finish authenticating.", {
        authentication_factors: factors.map(({ id }) => ({ id, type: "totp" })),
        user: userWire(user),
      });
    }
    if (attempt.invitationToken !== undefined) {
      const invitation = usableInvitation(this.#environment, attempt.invitationToken, user);
      acceptInvitation(this.#environment, invitation, user);
      return this.open(attempt, invitation.organization_id ?? undefined);
    }
    if (organizationId !== undefined) return this.open(attempt, organizationId);
    const memberships = this.#environment.activeMemberships(user.id);
    if (memberships.length > 1) {
      throw this.#wait(attempt, "organization_selection_required", "The user must choose an organization to finish their authentication.", {
        organizations: memberships.map(({ organization_id: id }) => ({ id, name: this.#environment.organizations.get(id)?.name })),
        user: userWire(user),
      });
    }
    return this.open(attempt, memberships[0]?.organization_id);
  }

  /** Opens a session without asking anything more. */
  async open(attempt: SignInAttempt, organizationId: string | undefined): Promise<Record<string, unknown>> {
    const { user, method } = attempt;
    const session: Session = {
      ...stamp("session"),
      user_id: user.id,
      organization_id: organizationId,
      auth_method: SESSION_METHODS[method],
      authentication_method: method,
      ip_address: attempt.ipAddress,
      user_agent: attempt.userAgent,
      status: "active",
      expires_at: new Date(Date.now() + SESSION_LIFE_MS).toISOString(),
      ended_at: null,
    };
    user.last_sign_in_at = session.created_at;
    this.#environment.sessions.add(session);
    this.#environment.sessionsByUser.add(user.id, session);
    this.#environment.events.append("session.created", sessionEvent(session), organizationId);
    return this.reply(user, session);
  }

  /** The body of a successful reply: fresh tokens of this session. */
  async reply(user: User, session: Session): Promise<Record<string, unknown>> {
    const accessToken = await this.#signer.signClaims(accessClaims(this.#environment, this.#settings, session));
    return {
      user: userWire(user),
      ...(session.organization_id === undefined ? {} : { organization_id: session.organization_id }),
      access_token: accessToken,
      refresh_token: this.refreshTokens.issue(session),
      authentication_method: session.authentication_method,
    };
  }

  /** @throws ApiError 400 organization_membership_not_found unless the user is an active member */
  requireMember(userId: string, organizationId: string): void {
    if (!this.#environment.activeMemberships(userId).some((one) => one.organization_id === organizationId)) {
      throw oauthError("organization_membership_not_found", "The user is not an active member of the organization.");
    }
  }

  /** Finds an attempt that waits for this step (a token never skips one). The caller consumes it once the step has been passed. */
  pending(token: string, step: Step): SignInAttempt {
    const found = this.#pending.get(token);
    // The user may have been deleted since.
    if (!found || found.step !== step || found.expiresAt <= Date.now() || !this.#environment.users.get(found.attempt.user.id)) {
      throw badRequest("invalid_pending_authentication_token", "The pending authentication token is not valid.");
    }
    return found.attempt;
  }

  /** Uses a pending token up. @throws when another request has used it first */
  consume(token: string): void {
    if (!this.#pending.delete(token)) {
      throw badRequest("invalid_pending_authentication_token", "The pending authentication token is not valid.");
    }
  }

  #challenges(method: Method): boolean {
    const { challengeEnrolled } = this.#settings;
    return challengeEnrolled === "every_method" || (challengeEnrolled && method !== "GoogleOAuth");
  }

  #wait(attempt: SignInAttempt, step: Step, message: string, more: Record<string, unknown>): ApiError {
    const token = newSecret(18);
    this.#pending.set(token, { attempt, step, expiresAt: Date.now() + PENDING_LIFE_MS });
    return new ApiError(403, { code: step, message, pending_authentication_token: token, ...more });
  }

  #verificationRequired(attempt: SignInAttempt): ApiError {
    const { id } = newEmailVerification(this.#environment, attempt.user);
    return this.#wait(attempt, "email_verification_required", "Email ownership must be verified before authentication.", {
      email: attempt.user.email,
      email_verification_id: id,
    });
  }
}

/** Makes the code a user must enter to prove the address; an earlier one no longer counts. */
export function newEmailVerification(environment: Environment, user: User): EmailCode {
  const verification = environment.emailVerifications.add(newEmailCode("email_verification", user));
  environment.emailVerificationByUser.set(user.id, verification);
  environment.events.append("email_verification.created", emailCodeEvent("email_verification", verification));
  return verification;
}

export function newEmailCode(prefix: string, user: User): EmailCode {
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

const MOST_CODE_ATTEMPTS = 10;

/**
 * Uses a code that was sent by e-mail.
 *
 * @throws ApiError 400 invalid_one_time_code, one_time_code_expired, one_time_code_previously_used, one_time_code_too_many_attempts
 */
export function useEmailCode(sent: EmailCode | undefined, code: string): void {
  if (!sent) throw badRequest("invalid_one_time_code", "The code is not valid.");
  if (sent.attempts >= MOST_CODE_ATTEMPTS) throw badRequest("one_time_code_too_many_attempts", "Too many attempts for this code.");
  sent.attempts += 1;
  if (sent.code !== code) throw badRequest("invalid_one_time_code", "The code is not valid.");
  if (sent.used) throw badRequest("one_time_code_previously_used", "The code has already been used.");
  if (Date.parse(sent.expires_at) <= Date.now()) throw badRequest("one_time_code_expired", "The code has expired.");
  sent.used = true;
}
