import { notFound } from "./errors.ts";
import type { Metadata, UserRecord } from "./user.ts";

export interface SessionRecord {
  id: string;
  userId: string;
  clientId: string;
  status: "active" | "revoked" | "ended";
  organizationId: string | null;
  createdAt: number;
  updatedAt: number;
}

export interface OrganizationRecord {
  id: string;
  name: string;
  slug: string;
  publicMetadata: Metadata;
  privateMetadata: Metadata;
  createdBy: string | null;
  createdAt: number;
  updatedAt: number;
}

export interface MembershipRecord {
  id: string;
  organizationId: string;
  userId: string;
  role: string;
  createdAt: number;
  updatedAt: number;
}

export interface InvitationRecord {
  id: string;
  email: string;
  organizationId: string | null;
  role: string | null;
  status: "pending" | "accepted" | "revoked";
  publicMetadata: Metadata;
  createdAt: number;
  updatedAt: number;
}

export interface SignInTokenRecord {
  id: string;
  userId: string;
  token: string;
  status: "pending" | "accepted" | "revoked";
  createdAt: number;
  expiresAt: number;
}

/** Everything the twin knows. Gone when its process ends. */
export class ClerkState {
  readonly users = new Map<string, UserRecord>();
  readonly sessions = new Map<string, SessionRecord>();
  readonly organizations = new Map<string, OrganizationRecord>();
  readonly memberships = new Map<string, MembershipRecord>();
  readonly invitations = new Map<string, InvitationRecord>();
  readonly signInTokens = new Map<string, SignInTokenRecord>();

  /** Users the API knows, in no order. */
  apiUsers(): UserRecord[] {
    return [...this.users.values()].filter((user) => user.inApi);
  }

  /** @throws ClerkRefusal 404 */
  user(id: string): UserRecord {
    const user = this.users.get(id);
    if (!user?.inApi) throw notFound("User");
    return user;
  }

  /** @throws ClerkRefusal 404 */
  session(id: string): SessionRecord {
    const session = this.sessions.get(id);
    if (!session) throw notFound("Session");
    return session;
  }

  /** @throws ClerkRefusal 404; by id or slug */
  organization(idOrSlug: string): OrganizationRecord {
    const organization = this.organizations.get(idOrSlug) ?? [...this.organizations.values()].find((one) => one.slug === idOrSlug);
    if (!organization) throw notFound("Organization");
    return organization;
  }

  revokeSessionsOf(userId: string): void {
    for (const session of this.sessions.values()) {
      if (session.userId !== userId || session.status !== "active") continue;
      session.status = "revoked";
      session.updatedAt = Date.now();
    }
  }
}
