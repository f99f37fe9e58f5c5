import type { ClerkApp } from "./app.ts";
import { ClerkRefusal, notFound, taken } from "./errors.ts";
import { pageOf } from "./find-users.ts";
import type { ClerkState, InvitationRecord, MembershipRecord, OrganizationRecord } from "./state.ts";
import { permissionsOf } from "./tokens.ts";
import { newId, primaryEmail } from "./user.ts";
import { bodyOf, isMetadata } from "./users-routes.ts";

/** Organizations, memberships, invitations: list, read, create. */
export function addOrganizationRoutes(app: ClerkApp, state: ClerkState): void {
  const queryOf = (url: string) => new URL(url).searchParams;
  const newest = <T extends { createdAt: number; id: string }>(items: Iterable<T>) =>
    [...items].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1));

  app.get("/v1/organizations", (c) => {
    const query = queryOf(c.req.url);
    const ids = query.getAll("organization_id");
    const text = query.get("query")?.toLowerCase();
    const found = newest(state.organizations.values()).filter(
      (one) =>
        (ids.length === 0 || ids.includes(one.id)) &&
        (!text || one.id === text || one.name.toLowerCase().includes(text) || one.slug.includes(text)),
    );
    return c.json({
      data: pageOf(found, query).map((one) => organizationWire(state, one)),
      total_count: found.length,
    });
  });
  app.get("/v1/organizations/:id", (c) => c.json(organizationWire(state, state.organization(c.req.param("id")))));
  app.post("/v1/organizations", async (c) => {
    const body = await bodyOf(c);
    const name = body["name"];
    if (typeof name !== "string" || name === "")
      throw new ClerkRefusal(422, "form_param_missing", "name is required.", {
        parameter: "name",
      });
    const slug = typeof body["slug"] === "string" ? body["slug"] : `${name.toLowerCase().replace(/[^a-z0-9]+/g, "-")}-${Date.now()}`;
    if ([...state.organizations.values()].some((one) => one.slug === slug)) throw taken("slug");
    const creator = typeof body["created_by"] === "string" ? state.user(body["created_by"]).id : null;
    const now = Date.now();
    const metadata = (wire: string) => (isMetadata(body[wire]) ? body[wire] : {});
    const organization: OrganizationRecord = {
      id: newId("org"),
      name,
      slug,
      publicMetadata: metadata("public_metadata"),
      privateMetadata: metadata("private_metadata"),
      createdBy: creator,
      createdAt: now,
      updatedAt: now,
    };
    state.organizations.set(organization.id, organization);
    if (creator) addMembership(state, organization.id, creator, "org:admin");
    return c.json(organizationWire(state, organization));
  });
  app.get("/v1/organizations/:id/memberships", (c) => {
    const organization = state.organization(c.req.param("id"));
    const found = newest(state.memberships.values()).filter((one) => one.organizationId === organization.id);
    return c.json({
      data: pageOf(found, queryOf(c.req.url)).map((one) => membershipWire(state, one)),
      total_count: found.length,
    });
  });
  app.post("/v1/organizations/:id/memberships", async (c) => {
    const organization = state.organization(c.req.param("id"));
    const body = await bodyOf(c);
    return c.json(
      membershipWire(state, addMembership(state, organization.id, state.user(String(body["user_id"])).id, String(body["role"]))),
    );
  });
  app.get("/v1/users/:id/organization_memberships", (c) => {
    const user = state.user(c.req.param("id"));
    const found = newest(state.memberships.values()).filter((one) => one.userId === user.id);
    return c.json({
      data: pageOf(found, queryOf(c.req.url)).map((one) => membershipWire(state, one)),
      total_count: found.length,
    });
  });
  app.get("/v1/invitations", (c) => {
    const query = queryOf(c.req.url);
    const status = query.get("status");
    const found = newest(state.invitations.values()).filter(
      (one) => one.organizationId === null && (status ? one.status === status : one.status !== "revoked"),
    );
    const data = pageOf(found, query).map((one) => invitationWire(state, one));
    return query.get("paginated") === "true" ? c.json({ data, total_count: found.length }) : c.json(data);
  });
  app.post("/v1/invitations", async (c) => {
    const body = await bodyOf(c);
    const email = String(body["email_address"]);
    if (
      body["ignore_existing"] !== true &&
      [...state.invitations.values()].some((one) => one.email === email && one.status === "pending")
    ) {
      throw new ClerkRefusal(422, "duplicate_record", "duplicate invitation", {
        parameter: "email_address",
      });
    }
    return c.json(
      invitationWire(state, addInvitation(state, email, null, null, isMetadata(body["public_metadata"]) ? body["public_metadata"] : {})),
    );
  });
  app.post("/v1/invitations/:id/revoke", (c) => {
    const invitation = state.invitations.get(c.req.param("id"));
    if (!invitation || invitation.organizationId !== null) throw notFound("Invitation");
    if (invitation.status !== "pending") throw new ClerkRefusal(400, "invitation_already_revoked", "The invitation cannot be revoked.");
    invitation.status = "revoked";
    invitation.updatedAt = Date.now();
    return c.json(invitationWire(state, invitation));
  });
  app.get("/v1/organizations/:id/invitations", (c) => {
    const organization = state.organization(c.req.param("id"));
    const statuses = queryOf(c.req.url).getAll("status");
    const found = newest(state.invitations.values()).filter(
      (one) => one.organizationId === organization.id && (statuses.length === 0 || statuses.includes(one.status)),
    );
    return c.json({
      data: pageOf(found, queryOf(c.req.url)).map((one) => invitationWire(state, one)),
      total_count: found.length,
    });
  });
  app.get("/v1/organizations/:id/invitations/:invitation", (c) => {
    const invitation = state.invitations.get(c.req.param("invitation"));
    if (!invitation || invitation.organizationId !== state.organization(c.req.param("id")).id) throw notFound("Invitation");
    return c.json(invitationWire(state, invitation));
  });
  app.post("/v1/organizations/:id/invitations", async (c) => {
    const organization = state.organization(c.req.param("id"));
    const body = await bodyOf(c);
    return c.json(
      invitationWire(state, addInvitation(state, String(body["email_address"]), organization.id, String(body["role"] ?? "org:member"), {})),
    );
  });
}

function addMembership(state: ClerkState, organizationId: string, userId: string, role: string): MembershipRecord {
  if ([...state.memberships.values()].some((one) => one.organizationId === organizationId && one.userId === userId)) {
    throw new ClerkRefusal(400, "already_a_member_in_organization", "The user is already a member of the organization.");
  }
  const now = Date.now();
  const membership: MembershipRecord = {
    id: newId("orgmem"),
    organizationId,
    userId,
    role,
    createdAt: now,
    updatedAt: now,
  };
  state.memberships.set(membership.id, membership);
  return membership;
}

function addInvitation(
  state: ClerkState,
  email: string,
  organizationId: string | null,
  role: string | null,
  publicMetadata: Record<string, unknown>,
): InvitationRecord {
  const now = Date.now();
  const invitation: InvitationRecord = {
    id: newId(organizationId ? "orginv" : "inv"),
    email,
    organizationId,
    role,
    status: "pending",
    publicMetadata,
    createdAt: now,
    updatedAt: now,
  };
  state.invitations.set(invitation.id, invitation);
  return invitation;
}

function organizationWire(state: ClerkState, organization: OrganizationRecord): Record<string, unknown> {
  return {
    id: organization.id,
    object: "organization",
    name: organization.name,
    slug: organization.slug,
    image_url: "",
    has_image: false,
    members_count: [...state.memberships.values()].filter((one) => one.organizationId === organization.id).length,
    pending_invitations_count: [...state.invitations.values()].filter(
      (one) => one.organizationId === organization.id && one.status === "pending",
    ).length,
    max_allowed_memberships: 0,
    admin_delete_enabled: true,
    public_metadata: organization.publicMetadata,
    private_metadata: organization.privateMetadata,
    created_by: organization.createdBy,
    created_at: organization.createdAt,
    updated_at: organization.updatedAt,
  };
}

function membershipWire(state: ClerkState, membership: MembershipRecord): Record<string, unknown> {
  const user = state.user(membership.userId);
  return {
    id: membership.id,
    object: "organization_membership",
    role: membership.role,
    role_name: membership.role === "org:admin" ? "Admin" : "Member",
    permissions: permissionsOf(membership),
    public_metadata: {},
    private_metadata: {},
    organization: organizationWire(state, state.organization(membership.organizationId)),
    public_user_data: {
      user_id: user.id,
      identifier: primaryEmail(user)?.address ?? user.username ?? user.id,
      first_name: user.firstName,
      last_name: user.lastName,
      image_url: user.imageUrl,
      has_image: user.imageUrl !== "",
    },
    created_at: membership.createdAt,
    updated_at: membership.updatedAt,
  };
}

function invitationWire(state: ClerkState, invitation: InvitationRecord): Record<string, unknown> {
  const common = {
    id: invitation.id,
    email_address: invitation.email,
    status: invitation.status,
    public_metadata: invitation.publicMetadata,
    url: null,
    created_at: invitation.createdAt,
    updated_at: invitation.updatedAt,
  };
  if (!invitation.organizationId)
    return {
      ...common,
      object: "invitation",
      revoked: invitation.status === "revoked",
    };
  const { id, name, slug } = state.organization(invitation.organizationId);
  return {
    ...common,
    object: "organization_invitation",
    role: invitation.role,
    role_name: invitation.role === "org:admin" ? "Admin" : "Member",
    organization_id: id,
    public_organization_data: {
      id,
      name,
      slug,
      image_url: "",
      has_image: false,
    },
    private_metadata: {},
    expires_at: invitation.createdAt + 30 * 24 * 3_600_000,
  };
}
