import { ApiError, badRequest, oauthError } from "./errors.ts";
import { sessionEvent } from "./event-wire.ts";
import { newSecret } from "./ids.ts";
import { acceptInvitation, usableInvitation } from "./invitations.ts";
import { newEmailVerification } from "./one-time-codes.ts";
import type { TwinSettings } from "./options.ts";
import { type Environment, type Impersonator, type Session, stamp, touch, type User } from "./state.ts";
import { accessClaims, RefreshTokens, type Signer } from "./tokens.ts";
import { userWire } from "./wire.ts";

type Method = "Password" | "MagicAuth" | "GoogleOAuth" | "SSO" | "Impersonation";

export interface SignInAttempt {
  user: User;
  method: Method;
  ipAddress: string | null;
  userAgent: string | null;
  /** Token of an invitation, which is accepted once nothing is asked any more. */
  invitationToken?: string | undefined;
  /** The TOTP step has been passed, or is not asked of this attempt. */
  factorPassed: boolean;
  /** The organization to sign in to, when it has been chosen already. Where the user is no active member of it, it is not taken. */
  organizationId?: string | undefined;
  /** The session this browser has already: the same person goes on with it. */
  continues?: Session | undefined;
  /** The person proved nothing anew: the session's `authenticated_at` stays. */
  silent?: boolean;
  impersonator?: Impersonator;
  /** The connection a single sign-on came through: remembered with the user once it is through. */
  connectionId?: string;
  /** An identity provider spoke for an address that is not in its organization's domains: it is proved even where it was proved before. */
  addressUnproven?: boolean;
}

/** The step a pending sign-in waits for; its code is also the error the caller got. */
type Step = "email_verification_required" | "mfa_challenge" | "organization_selection_required";

interface Pending {
  attempt: SignInAttempt;
  step: Step;
  expiresAt: number;
}

const PENDING_LIFE_MS = 10 * 60_000;
const SESSION_LIFE_MS = 7 * 24 * 3_600_000;
// docs authkit/impersonation
const IMPERSONATION_LIFE_MS = 60 * 60_000;
const SESSION_METHODS = {
  Password: "password",
  MagicAuth: "magic_code",
  GoogleOAuth: "oauth",
  SSO: "sso",
  Impersonation: "impersonation",
} as const;

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
   * @throws ApiError 403 with a pending token when a step is missing: email_verification_required, mfa_challenge,
   *   organization_selection_required; 400 sso_required when the address belongs to an organization with an identity provider
   */
  proceed(attempt: SignInAttempt): Session {
    const { user } = attempt;
    if (!attempt.silent) this.#requireOwnIdentityProvider(attempt);
    if (!user.email_verified || attempt.addressUnproven) throw this.#verificationRequired(attempt);
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
    const memberships = this.#environment.activeMemberships(user.id);
    if (memberships.some((one) => one.organization_id === attempt.organizationId)) return this.open(attempt, attempt.organizationId);
    if (memberships.length > 1) {
      throw this.#wait(attempt, "organization_selection_required", "The user must choose an organization to finish their authentication.", {
        organizations: memberships.map(({ organization_id: id }) => ({ id, name: this.#environment.organizations.get(id)?.name })),
        user: userWire(user),
      });
    }
    return this.open(attempt, memberships[0]?.organization_id);
  }

  /** Opens a session without asking anything more, or goes on with the one the browser has. */
  open(attempt: SignInAttempt, organizationId: string | undefined): Session {
    const { user, method, continues, connectionId } = attempt;
    if (connectionId !== undefined) this.#environment.ssoIdentities.add(`${user.id} ${connectionId}`);
    if (continues && continues.user_id === user.id && this.isLive(continues)) {
      if (!attempt.silent) continues.authenticated_at = Date.now();
      continues.organization_id = organizationId;
      touch(continues);
      return continues;
    }
    const life = method === "Impersonation" ? IMPERSONATION_LIFE_MS : SESSION_LIFE_MS;
    const session: Session = {
      ...stamp("session"),
      user_id: user.id,
      organization_id: organizationId,
      auth_method: SESSION_METHODS[method],
      authentication_method: method,
      authenticated_at: Date.now(),
      impersonator: attempt.impersonator,
      ip_address: attempt.ipAddress,
      user_agent: attempt.userAgent,
      status: "active",
      expires_at: new Date(Date.now() + life).toISOString(),
      ended_at: null,
    };
    user.last_sign_in_at = session.created_at;
    this.#environment.sessions.add(session);
    this.#environment.sessionsByUser.add(user.id, session);
    this.#environment.events.append("session.created", sessionEvent(session), organizationId);
    return session;
  }

  /**
   * The body of a successful reply: fresh tokens of this session.
   *
   * @throws ApiError 400 invalid_grant when the session or its user is no more
   */
  async reply(session: Session): Promise<Record<string, unknown>> {
    const user = this.#environment.users.get(session.user_id);
    if (!user || !this.isLive(session)) throw oauthError("invalid_grant", "Session has already ended.");
    const accessToken = await this.#signer.signClaims(accessClaims(this.#environment, this.#settings, session));
    return {
      user: userWire(user),
      ...(session.organization_id === undefined ? {} : { organization_id: session.organization_id }),
      access_token: accessToken,
      refresh_token: this.refreshTokens.issue(session),
      authentication_method: session.authentication_method,
      ...(session.impersonator === undefined ? {} : { impersonator: session.impersonator }),
    };
  }

  /** Whether a session goes on; one whose time is over is ended. */
  isLive(session: Session): boolean {
    if (Date.parse(session.expires_at) <= Date.now()) this.#environment.endSession(session);
    return session.status === "active" && this.#environment.users.get(session.user_id) !== undefined;
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
    // docs authkit/mfa: the requirement does not apply to SSO users.
    if (method === "SSO" || method === "Impersonation") return false;
    return challengeEnrolled === "every_method" || (challengeEnrolled && method !== "GoogleOAuth");
  }

  /** An organization with a verified domain and an identity provider takes only sign-ins through that (docs authkit/organization-policies). */
  #requireOwnIdentityProvider({ user, method }: SignInAttempt): void {
    if (method === "SSO" || method === "Impersonation") return;
    const organization = this.#environment.organizationOfAddress(user.email);
    const connections = organization ? this.#environment.activeConnections(organization.id) : [];
    if (connections.length === 0) return;
    throw new ApiError(400, {
      error: "sso_required",
      error_description: "The request failed due to: sso_required.",
      email: user.email,
      connection_ids: connections.map(({ id }) => id),
    });
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
