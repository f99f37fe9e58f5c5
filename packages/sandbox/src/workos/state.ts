import { Clock } from "./clock.ts";
import { Collection, Owned } from "./collections.ts";
import { membershipEvent, sessionEvent } from "./event-wire.ts";
import { EventLog } from "./events.ts";
import { newId } from "./ids.ts";
import type { StoredPassword } from "./passwords.ts";

interface Stamped {
  id: string;
  created_at: string;
  updated_at: string;
}

export interface User extends Stamped {
  email: string;
  email_verified: boolean;
  name: string | null;
  first_name: string | null;
  last_name: string | null;
  external_id: string | null;
  metadata: Record<string, string>;
  locale: string | null;
  last_sign_in_at: string | null;
  password: StoredPassword | undefined;
}

export interface OrganizationDomain extends Stamped {
  domain: string;
  state: "pending" | "verified";
}

export interface Organization extends Stamped {
  name: string;
  external_id: string | null;
  metadata: Record<string, string>;
  stripe_customer_id: string | undefined;
  allow_profiles_outside_organization: boolean;
  domains: OrganizationDomain[];
}

export interface Membership extends Stamped {
  user_id: string;
  organization_id: string;
  status: "active" | "inactive" | "pending";
  role_slugs: string[];
  directory_managed: boolean;
}

export interface Invitation extends Stamped {
  email: string;
  /** `expired` is not stored: it follows from `expires_at`. */
  state: "pending" | "accepted" | "revoked";
  accepted_at: string | null;
  revoked_at: string | null;
  expires_at: string;
  organization_id: string | null;
  inviter_user_id: string | null;
  accepted_user_id: string | null;
  role_slug: string | null;
  token: string;
}

export interface Role extends Stamped {
  slug: string;
  name: string;
  description: string | null;
  permissions: string[];
}

export interface Permission extends Stamped {
  slug: string;
  name: string;
  description: string | null;
}

export interface Factor extends Stamped {
  user_id: string;
  issuer: string;
  user: string;
  secret: string;
  /** The newest 30 s step a code was accepted for; none at or before it is accepted again. */
  usedStep: number;
}

export interface Challenge extends Stamped {
  factor_id: string;
  expires_at: string;
  attempts: number;
  answered: boolean;
}

export interface Session extends Stamped {
  user_id: string;
  organization_id: string | undefined;
  auth_method: "password" | "oauth" | "magic_code" | "sso" | "impersonation";
  authentication_method: string;
  /** When the person last proved who they are, in milliseconds since 1970: refreshing does not move it. */
  authenticated_at: number;
  impersonator: Impersonator | undefined;
  ip_address: string | null;
  user_agent: string | null;
  status: "active" | "revoked";
  expires_at: string;
  ended_at: string | null;
}

/** A member of the WorkOS team who signed in as somebody else. */
export interface Impersonator {
  email: string;
  reason: string;
}

/** A connection to an organization's identity provider. */
export interface Connection extends Stamped {
  organization_id: string;
  name: string;
  state: "active" | "inactive";
}

export interface PasswordReset extends Stamped {
  user_id: string;
  email: string;
  token: string;
  expires_at: string;
  used: boolean;
}

export interface Directory extends Stamped {
  organization_id: string;
  name: string;
  type: string;
  external_key: string;
}

export interface DirectoryUser extends Stamped {
  directory_id: string;
  organization_id: string;
  idp_id: string;
  email: string | null;
  first_name: string | null;
  last_name: string | null;
  state: "active" | "inactive";
  custom_attributes: Record<string, unknown>;
}

export interface DirectoryGroup extends Stamped {
  directory_id: string;
  organization_id: string;
  idp_id: string;
  name: string;
  user_ids: Set<string>;
}

export interface WebhookEndpoint extends Stamped {
  endpoint_url: string;
  secret: string;
  status: "enabled" | "disabled";
  events: string[];
}

export interface EmailCode extends Stamped {
  user_id: string;
  email: string;
  code: string;
  expires_at: string;
  used: boolean;
  attempts: number;
}

/** Everything one WorkOS environment holds, in memory. */
export class Environment {
  readonly clock = new Clock();
  readonly events = new EventLog(this.clock);
  /** Where the twin is reached: in links that leave it. Known once it listens. */
  baseUrl = "http://127.0.0.1";
  readonly #announceCascades: boolean;
  readonly users = new Collection<User>();
  readonly userByEmail = new Map<string, User>();
  readonly userByExternalId = new Map<string, User>();
  readonly organizations = new Collection<Organization>();
  readonly organizationByExternalId = new Map<string, Organization>();
  readonly organizationByDomain = new Map<string, Organization>();
  readonly memberships = new Collection<Membership>();
  readonly membershipsByUser = new Owned<Membership>();
  readonly membershipsByOrganization = new Owned<Membership>();
  readonly invitations = new Collection<Invitation>();
  readonly invitationByToken = new Map<string, Invitation>();
  readonly directories = new Collection<Directory>();
  readonly directoryUsers = new Collection<DirectoryUser>();
  readonly directoryGroups = new Collection<DirectoryGroup>();
  readonly roles = new Map<string, Role>();
  readonly permissions = new Map<string, Permission>();
  readonly factors = new Collection<Factor>();
  readonly factorsByUser = new Owned<Factor>();
  readonly challenges = new Collection<Challenge>();
  readonly sessions = new Collection<Session>();
  readonly sessionsByUser = new Owned<Session>();
  readonly emailVerifications = new Collection<EmailCode>();
  readonly emailVerificationByUser = new Map<string, EmailCode>();
  readonly magicAuths = new Collection<EmailCode>();
  readonly magicAuthByEmail = new Map<string, EmailCode>();
  readonly connections = new Collection<Connection>();
  /** Users who have come through a connection before, as `<user id> <connection id>`. */
  readonly ssoIdentities = new Set<string>();
  readonly passwordResets = new Collection<PasswordReset>();
  readonly passwordResetByToken = new Map<string, PasswordReset>();

  /** @param announceCascades whether what goes along with a deleted user or organization has events of its own */
  constructor(announceCascades = true) {
    this.#announceCascades = announceCascades;
    // `member` is the role every environment is born with.
    this.roles.set("member", { ...stamp("role"), slug: "member", name: "Member", description: null, permissions: [] });
  }

  activeMemberships(userId: string): Membership[] {
    return this.membershipsByUser.of(userId).filter((membership) => membership.status === "active");
  }

  /** The organization whose verified domain this address lies in. */
  organizationOfAddress(email: string): Organization | undefined {
    const name = emailKey(email).split("@").at(-1) ?? "";
    const organization = this.organizationByDomain.get(name);
    return organization?.domains.some(({ domain, state }) => domain === name && state === "verified") ? organization : undefined;
  }

  activeConnections(organizationId: string): Connection[] {
    return this.connections.all().filter((one) => one.organization_id === organizationId && one.state === "active");
  }

  addMembership(membership: Membership): void {
    this.memberships.add(membership);
    this.membershipsByUser.add(membership.user_id, membership);
    this.membershipsByOrganization.add(membership.organization_id, membership);
    this.events.append("organization_membership.created", membershipEvent(membership), membership.organization_id);
  }

  /** To be called after every change of a membership: dates and announces it. */
  membershipChanged(membership: Membership): void {
    touch(membership);
    this.events.append("organization_membership.updated", membershipEvent(membership), membership.organization_id);
  }

  /** @param cascade it goes because its user or organization does */
  removeMembership(membership: Membership, cascade = false): void {
    this.memberships.delete(membership.id);
    this.membershipsByUser.delete(membership.user_id, membership.id);
    this.membershipsByOrganization.delete(membership.organization_id, membership.id);
    this.endSessions(membership.user_id, membership.organization_id, cascade);
    if (cascade && !this.#announceCascades) return;
    this.events.append("organization_membership.deleted", membershipEvent(membership), membership.organization_id);
  }

  removeInvitation(invitation: Invitation): void {
    this.invitations.delete(invitation.id);
    this.invitationByToken.delete(invitation.token);
  }

  /** Revokes a user's sessions, in one organization or everywhere; access tokens already given stay valid until they expire. */
  endSessions(userId: string, organizationId?: string, cascade = false): void {
    for (const session of this.sessionsByUser.of(userId)) {
      if (organizationId === undefined || session.organization_id === organizationId) this.endSession(session, cascade);
    }
  }

  endSession(session: Session, cascade = false): void {
    if (session.status === "revoked") return;
    const expired = Date.parse(session.expires_at) <= Date.now();
    session.status = "revoked";
    touch(session);
    session.ended_at = session.updated_at;
    if (expired || (cascade && !this.#announceCascades)) return;
    this.events.append("session.revoked", sessionEvent(session), session.organization_id);
  }
}

/** A new id with this prefix and the two dates every record has. */
export function stamp(prefix: string): Stamped {
  const now = new Date().toISOString();
  return { id: newId(prefix), created_at: now, updated_at: now };
}

/** Dates a change: always later than the one before, as consumers order changes of a record by it. */
export function touch(record: Stamped): void {
  record.updated_at = new Date(Math.max(Date.now(), Date.parse(record.updated_at) + 1)).toISOString();
}

/** E-mail addresses are unique without regard to case and kept as they were given. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}
