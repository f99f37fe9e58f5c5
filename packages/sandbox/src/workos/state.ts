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
  auth_method: "password" | "oauth" | "magic_code";
  authentication_method: string;
  ip_address: string | null;
  user_agent: string | null;
  status: "active" | "revoked";
  expires_at: string;
  ended_at: string | null;
}

export interface EmailCode extends Stamped {
  user_id: string;
  email: string;
  code: string;
  expires_at: string;
  used: boolean;
  attempts: number;
}

/** Records in order of creation, found by id. */
class Collection<T extends { id: string }> {
  readonly #byId = new Map<string, T>();

  add(item: T): T {
    this.#byId.set(item.id, item);
    return item;
  }

  get(id: string): T | undefined {
    return this.#byId.get(id);
  }

  delete(id: string): void {
    this.#byId.delete(id);
  }

  /** Oldest first: a Map keeps the order of insertion, which is the order of the ids. */
  all(): T[] {
    return [...this.#byId.values()];
  }
}

/** A one-to-many index from an owner's id to records. */
class Owned<T extends { id: string }> {
  readonly #byOwner = new Map<string, Map<string, T>>();

  add(owner: string, item: T): void {
    const items = this.#byOwner.get(owner) ?? new Map<string, T>();
    items.set(item.id, item);
    this.#byOwner.set(owner, items);
  }

  delete(owner: string, id: string): void {
    this.#byOwner.get(owner)?.delete(id);
  }

  of(owner: string): T[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }
}

/** Everything one WorkOS environment holds, in memory. */
export class Environment {
  readonly users = new Collection<User>();
  readonly userByEmail = new Map<string, User>();
  readonly userByExternalId = new Map<string, User>();
  readonly organizations = new Collection<Organization>();
  readonly organizationByExternalId = new Map<string, Organization>();
  readonly organizationByDomain = new Map<string, Organization>();
  readonly memberships = new Collection<Membership>();
  readonly membershipsByUser = new Owned<Membership>();
  readonly membershipsByOrganization = new Owned<Membership>();
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

  constructor() {
    // `member` is the role every environment is born with.
    this.roles.set("member", { ...stamp("role"), slug: "member", name: "Member", description: null, permissions: [] });
  }

  activeMemberships(userId: string): Membership[] {
    return this.membershipsByUser.of(userId).filter((membership) => membership.status === "active");
  }

  removeMembership(membership: Membership): void {
    this.memberships.delete(membership.id);
    this.membershipsByUser.delete(membership.user_id, membership.id);
    this.membershipsByOrganization.delete(membership.organization_id, membership.id);
    this.endSessions(membership.user_id, membership.organization_id);
  }

  /** Revokes a user's sessions, in one organization or everywhere; access tokens already given stay valid until they expire. */
  endSessions(userId: string, organizationId?: string): void {
    for (const session of this.sessionsByUser.of(userId)) {
      if (organizationId === undefined || session.organization_id === organizationId) endSession(session);
    }
  }
}

export function endSession(session: Session): void {
  if (session.status === "revoked") return;
  session.status = "revoked";
  session.ended_at = new Date().toISOString();
  session.updated_at = session.ended_at;
}

/** A new id with this prefix and the two dates every record has. */
export function stamp(prefix: string): Stamped {
  const now = new Date().toISOString();
  return { id: newId(prefix), created_at: now, updated_at: now };
}

export function touch(record: Stamped): void {
  record.updated_at = new Date().toISOString();
}

/** E-mail addresses are unique without regard to case and kept as they were given. */
export function emailKey(email: string): string {
  return email.trim().toLowerCase();
}
