import type {
  EmailCode,
  Environment,
  Invitation,
  Membership,
  Organization,
  PasswordReset,
  Permission,
  Role,
  Session,
  User,
} from "./state.ts";
import { emailCodeWire, invitationWire, organizationWire, passwordResetWire, permissionWire, sessionWire, userWire } from "./wire.ts";

type Wire = Record<string, unknown>;

// What an event carries differs from what the API answers by a field here and there (`EventSchema` of WorkOS's description).

export function userEvent(user: User): Wire {
  return userWire(user);
}

export function organizationEvent(organization: Organization): Wire {
  const { allow_profiles_outside_organization: _, ...data } = organizationWire(organization);
  return data;
}

export function membershipEvent(membership: Membership): Wire {
  const roles = membership.role_slugs.map((slug) => ({ slug }));
  return {
    object: "organization_membership",
    id: membership.id,
    user_id: membership.user_id,
    organization_id: membership.organization_id,
    status: membership.status,
    role: roles[0],
    roles,
    custom_attributes: {},
    directory_managed: membership.directory_managed,
    created_at: membership.created_at,
    updated_at: membership.updated_at,
  };
}

export function invitationEvent(environment: Environment, invitation: Invitation): Wire {
  // Whoever holds the token can accept: it is fetched by API, never pushed.
  const { token: _, accept_invitation_url: __, ...data } = invitationWire(environment, invitation);
  return data;
}

export function roleEvent(role: Role): Wire {
  return {
    object: "role",
    slug: role.slug,
    resource_type_slug: "organization",
    permissions: role.permissions,
    created_at: role.created_at,
    updated_at: role.updated_at,
  };
}

export function permissionEvent(permission: Permission): Wire {
  const { resource_type_slug: _, ...data } = permissionWire(permission);
  return data;
}

export function sessionEvent(session: Session): Wire {
  return sessionWire(session);
}

/** The id of a code, never the code: the caller fetches it by API. */
export function emailCodeEvent(object: "email_verification" | "magic_auth", code: EmailCode): Wire {
  const { code: _, ...data } = emailCodeWire(object, code);
  return data;
}

/** Without the token, as a code. */
export function passwordResetEvent(environment: Environment, reset: PasswordReset): Wire {
  const { password_reset_token: _, password_reset_url: __, ...data } = passwordResetWire(environment, reset);
  return data;
}
