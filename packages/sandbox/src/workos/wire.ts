import type {
  Challenge,
  Connection,
  EmailCode,
  Environment,
  Factor,
  Invitation,
  Membership,
  Organization,
  PasswordReset,
  Permission,
  Role,
  Session,
  User,
} from "./state.ts";

type Wire = Record<string, unknown>;

// Each function names what leaves the twin, so that a private field (a hash, a secret) cannot slip out with a spread.

export function userWire(user: User): Wire {
  return {
    object: "user",
    id: user.id,
    email: user.email,
    email_verified: user.email_verified,
    ...(user.name === null ? {} : { name: user.name }),
    first_name: user.first_name,
    last_name: user.last_name,
    profile_picture_url: null,
    external_id: user.external_id,
    metadata: user.metadata,
    last_sign_in_at: user.last_sign_in_at,
    locale: user.locale,
    created_at: user.created_at,
    updated_at: user.updated_at,
  };
}

export function organizationWire(organization: Organization): Wire {
  return {
    object: "organization",
    id: organization.id,
    name: organization.name,
    allow_profiles_outside_organization: organization.allow_profiles_outside_organization,
    domains: organization.domains.map((domain) => ({
      object: "organization_domain",
      id: domain.id,
      organization_id: organization.id,
      domain: domain.domain,
      state: domain.state,
      verification_strategy: "manual",
      created_at: domain.created_at,
      updated_at: domain.updated_at,
    })),
    metadata: organization.metadata,
    external_id: organization.external_id,
    ...(organization.stripe_customer_id === undefined ? {} : { stripe_customer_id: organization.stripe_customer_id }),
    created_at: organization.created_at,
    updated_at: organization.updated_at,
  };
}

export function membershipWire(environment: Environment, membership: Membership): Wire {
  const user = environment.users.get(membership.user_id);
  return {
    object: "organization_membership",
    id: membership.id,
    user_id: membership.user_id,
    organization_id: membership.organization_id,
    organization_name: environment.organizations.get(membership.organization_id)?.name,
    status: membership.status,
    directory_managed: membership.directory_managed,
    custom_attributes: {},
    role: { slug: membership.role_slugs[0] },
    ...(membership.role_slugs.length > 1 ? { roles: membership.role_slugs.map((slug) => ({ slug })) } : {}),
    ...(user ? { user: userWire(user) } : {}),
    created_at: membership.created_at,
    updated_at: membership.updated_at,
  };
}

export function invitationWire(environment: Environment, invitation: Invitation): Wire {
  const expired = invitation.state === "pending" && Date.parse(invitation.expires_at) <= environment.clock.now();
  return {
    object: "invitation",
    id: invitation.id,
    email: invitation.email,
    state: expired ? "expired" : invitation.state,
    accepted_at: invitation.accepted_at,
    revoked_at: invitation.revoked_at,
    expires_at: invitation.expires_at,
    organization_id: invitation.organization_id,
    inviter_user_id: invitation.inviter_user_id,
    accepted_user_id: invitation.accepted_user_id,
    role_slug: invitation.role_slug,
    created_at: invitation.created_at,
    updated_at: invitation.updated_at,
    token: invitation.token,
    accept_invitation_url: `${environment.baseUrl}/authkit/invitation?invitation_token=${invitation.token}`,
  };
}

export function roleWire(role: Role): Wire {
  return {
    object: "role",
    id: role.id,
    slug: role.slug,
    name: role.name,
    description: role.description,
    type: "EnvironmentRole",
    resource_type_slug: "organization",
    permissions: role.permissions,
    created_at: role.created_at,
    updated_at: role.updated_at,
  };
}

export function permissionWire(permission: Permission): Wire {
  return {
    object: "permission",
    id: permission.id,
    slug: permission.slug,
    name: permission.name,
    description: permission.description,
    system: false,
    resource_type_slug: "organization",
    created_at: permission.created_at,
    updated_at: permission.updated_at,
  };
}

/** A factor without its secret, which the service shows only in the answer to the enrolment. */
export function factorWire(factor: Factor): Wire {
  return {
    object: "authentication_factor",
    id: factor.id,
    type: "totp",
    user_id: factor.user_id,
    totp: { issuer: factor.issuer, user: factor.user },
    created_at: factor.created_at,
    updated_at: factor.updated_at,
  };
}

export function challengeWire(challenge: Challenge): Wire {
  return {
    object: "authentication_challenge",
    id: challenge.id,
    expires_at: challenge.expires_at,
    authentication_factor_id: challenge.factor_id,
    created_at: challenge.created_at,
    updated_at: challenge.updated_at,
  };
}

export function sessionWire(session: Session): Wire {
  const expired = session.status === "active" && Date.parse(session.expires_at) <= Date.now();
  return {
    object: "session",
    id: session.id,
    user_id: session.user_id,
    ...(session.organization_id === undefined ? {} : { organization_id: session.organization_id }),
    auth_method: session.auth_method,
    ...(session.impersonator === undefined ? {} : { impersonator: session.impersonator }),
    status: expired ? "expired" : session.status,
    ip_address: session.ip_address,
    user_agent: session.user_agent,
    expires_at: session.expires_at,
    ended_at: session.ended_at,
    created_at: session.created_at,
    updated_at: session.updated_at,
  };
}

/** An e-mail verification or a magic-auth code; the service returns the code to whoever holds the API key. */
export function emailCodeWire(object: "email_verification" | "magic_auth", code: EmailCode): Wire {
  return {
    object,
    id: code.id,
    user_id: code.user_id,
    email: code.email,
    code: code.code,
    expires_at: code.expires_at,
    created_at: code.created_at,
    updated_at: code.updated_at,
  };
}

/** The token and its link are for whoever holds the API key: custom mails are made of them. */
export function passwordResetWire(environment: Environment, reset: PasswordReset): Wire {
  return {
    object: "password_reset",
    id: reset.id,
    user_id: reset.user_id,
    email: reset.email,
    expires_at: reset.expires_at,
    created_at: reset.created_at,
    password_reset_token: reset.token,
    password_reset_url: `${environment.baseUrl}/authkit/reset-password?token=${reset.token}`,
  };
}

export function connectionWire(environment: Environment, connection: Connection): Wire {
  const domains = environment.organizations.get(connection.organization_id)?.domains ?? [];
  return {
    object: "connection",
    id: connection.id,
    organization_id: connection.organization_id,
    connection_type: "TestIdp",
    name: connection.name,
    state: connection.state,
    status: connection.state === "active" ? "linked" : "unlinked",
    domains: domains.map(({ id, domain }) => ({ object: "connection_domain", id, domain })),
    created_at: connection.created_at,
    updated_at: connection.updated_at,
  };
}
