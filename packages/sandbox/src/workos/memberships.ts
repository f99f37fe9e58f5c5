import type { Hono } from "hono";
import { type Body, optionalText, optionalTexts, readBody, requiredText } from "./body.ts";
import { ApiError, badRequest, conflict, notFound, unprocessable } from "./errors.ts";
import { findOrganization } from "./organizations.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Environment, type Membership, stamp } from "./state.ts";
import { findUser } from "./users.ts";
import { membershipWire } from "./wire.ts";

export const DEFAULT_ROLE = "member";
const STATUSES: readonly string[] = ["active", "inactive", "pending"];

export function addMembershipRoutes(app: Hono, environment: Environment, multipleRoles: boolean): void {
  const path = "/user_management/organization_memberships";

  app.post(path, async (c) => {
    const body = await readBody(c);
    const user = findUser(environment, requiredText(body, "user_id"));
    const organization = findOrganization(environment, requiredText(body, "organization_id"));
    const roles = readRoles(environment, body, multipleRoles);
    const existing = environment.membershipsByUser.of(user.id).find((one) => one.organization_id === organization.id);
    if (existing?.status === "active") {
      throw conflict("organization_membership_already_exists", "The user is already a member of the organization.");
    }
    if (existing?.status === "pending") throw pendingCannot("reactivate");
    if (existing) {
      existing.status = "active";
      if (roles) existing.role_slugs = roles;
      environment.membershipChanged(existing);
      return c.json(membershipWire(environment, existing), 201);
    }
    const membership: Membership = {
      ...stamp("om"),
      user_id: user.id,
      organization_id: organization.id,
      status: "active",
      role_slugs: roles ?? [DEFAULT_ROLE],
      directory_managed: false,
    };
    environment.addMembership(membership);
    return c.json(membershipWire(environment, membership), 201);
  });

  app.get(path, (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const userId = c.req.query("user_id");
    const organizationId = c.req.query("organization_id");
    const asked = [...(c.req.queries("statuses") ?? []), ...(c.req.queries("statuses[]") ?? [])].flatMap((value) => value.split(","));
    if (asked.some((status) => !STATUSES.includes(status))) throw unprocessable("statuses", `must be among ${STATUSES.join(", ")}`);
    // Only active ones unless statuses are named.
    const statuses = asked.length > 0 ? asked : ["active"];
    const memberships = membershipsOf(environment, userId, organizationId).filter((one) => statuses.includes(one.status));
    return c.json(paginate(memberships, query, (membership) => membershipWire(environment, membership)));
  });

  app.get(`${path}/:id`, (c) => c.json(membershipWire(environment, findMembership(environment, c.req.param("id")))));

  app.put(`${path}/:id`, async (c) => {
    const body = await readBody(c);
    const membership = findMembership(environment, c.req.param("id"));
    const roles = readRoles(environment, body, multipleRoles);
    if (roles) membership.role_slugs = roles;
    environment.membershipChanged(membership);
    return c.json(membershipWire(environment, membership));
  });

  app.put(`${path}/:id/deactivate`, (c) => {
    const membership = findMembership(environment, c.req.param("id"));
    if (membership.status === "pending") throw pendingCannot("deactivate");
    // Of an inactive one it changes nothing and announces nothing (WorkOS's description).
    if (membership.status === "active") {
      membership.status = "inactive";
      environment.membershipChanged(membership);
      environment.endSessions(membership.user_id, membership.organization_id);
    }
    return c.json(membershipWire(environment, membership));
  });

  app.put(`${path}/:id/reactivate`, (c) => {
    const membership = findMembership(environment, c.req.param("id"));
    if (membership.status === "pending") throw pendingCannot("reactivate");
    if (membership.status === "inactive") {
      membership.status = "active";
      environment.membershipChanged(membership);
    }
    return c.json(membershipWire(environment, membership));
  });

  app.delete(`${path}/:id`, (c) => {
    environment.removeMembership(findMembership(environment, c.req.param("id")));
    return c.body(null, 200);
  });
}

function membershipsOf(environment: Environment, userId: string | undefined, organizationId: string | undefined): Membership[] {
  if (userId !== undefined) {
    const memberships = environment.membershipsByUser.of(userId);
    return organizationId === undefined ? memberships : memberships.filter((one) => one.organization_id === organizationId);
  }
  if (organizationId !== undefined) return environment.membershipsByOrganization.of(organizationId);
  throw badRequest("missing_user_id_or_organization_id", "Provide user_id or organization_id.");
}

function findMembership(environment: Environment, id: string): Membership {
  const membership = environment.memberships.get(id);
  if (!membership) throw notFound("Organization membership", id);
  return membership;
}

/** The role or roles of a request, each of which must exist; undefined when none was sent. */
function readRoles(environment: Environment, body: Body, multipleRoles: boolean): string[] | undefined {
  const one = optionalText(body, "role_slug");
  const many = optionalTexts(body, "role_slugs");
  if (typeof one === "string" && many) throw unprocessable("role_slug", "must not be sent together with role_slugs");
  const roles = typeof one === "string" ? [one] : [...new Set(many)];
  if (many?.length === 0) throw unprocessable("role_slugs", "must name at least one role");
  if (roles.length > 1 && !multipleRoles) {
    throw new ApiError(422, { code: "multiple_roles_not_enabled", message: "Multiple roles are not enabled for this environment." });
  }
  if (roles.some((slug) => !environment.roles.has(slug)))
    throw new ApiError(422, { code: "invalid_role", message: "The role does not exist." });
  return roles.length === 0 ? undefined : roles;
}

function pendingCannot(verb: "deactivate" | "reactivate"): ApiError {
  return badRequest(`cannot_${verb}_pending_organization_membership`, `A pending organization membership cannot be ${verb}d.`);
}
