import { DomainDataState } from "@workos-inc/node";
import { describe, expect, test } from "vitest";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail, type Target } from "./target.ts";

const target = withTarget();

describe("organizations", () => {
  test("an organization comes back as it was given, by id and by external id", async () => {
    const { organizations } = target.sdk;
    const externalId = crypto.randomUUID();
    const domain = `${externalId}.example.com`;
    const made = await organizations.createOrganization({
      name: "Clínica Sol",
      externalId,
      metadata: { kind: "patient_personal" },
      domainData: [{ domain, state: DomainDataState.Pending }],
    });

    expect(made).toMatchObject({ object: "organization", name: "Clínica Sol", externalId, metadata: { kind: "patient_personal" } });
    expect(made.domains).toMatchObject([{ domain, state: "pending", organizationId: made.id }]);
    expect(await organizations.getOrganization(made.id)).toEqual(made);
    expect(await organizations.getOrganizationByExternalId(externalId)).toEqual(made);
    expect((await organizations.listOrganizations({ domains: [domain] })).data).toEqual([made]);
  });

  test("names may repeat, external ids and domains may not", async () => {
    const { organizations } = target.sdk;
    const externalId = crypto.randomUUID();
    const domainData = [{ domain: `${externalId}.example.com`, state: DomainDataState.Verified }];
    await organizations.createOrganization({ name: "Same", externalId, domainData });

    expect(await refusal(organizations.createOrganization({ name: "Same", externalId }))).toMatchObject({
      status: 400,
      code: "external_id_already_used",
    });
    expect(await refusal(organizations.createOrganization({ name: "Same", domainData }))).toMatchObject({
      name: "ConflictException",
      status: 409,
    });
    const other = await organizations.createOrganization({ name: "Same" });
    expect(await refusal(organizations.updateOrganization({ organization: other.id, externalId }))).toMatchObject({
      code: "external_id_already_used",
    });
  });

  test("a user and an organization may have the same external id", async () => {
    const externalId = crypto.randomUUID();
    await target.sdk.userManagement.createUser({ email: freshEmail(), externalId });
    expect(await target.sdk.organizations.createOrganization({ name: "Same id", externalId })).toMatchObject({ externalId });
  });

  test("an update changes what it names; too much metadata is refused", async () => {
    const { organizations } = target.sdk;
    const made = await organizations.createOrganization({ name: "Before", metadata: { a: "1" } });

    const updated = await organizations.updateOrganization({ organization: made.id, name: "After", stripeCustomerId: "cus_1" });
    expect(updated).toEqual({ ...made, name: "After", stripeCustomerId: "cus_1", updatedAt: updated.updatedAt });
    const metadata = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`k${index}`, "v"]));
    expect(await refusal(organizations.updateOrganization({ organization: made.id, metadata }))).toMatchObject({
      code: "invalid_metadata",
    });
  });

  test("an organization without a name is refused", async () => {
    expect(await refusal(target.sdk.post("/organizations", {}))).toMatchObject({ status: 422 });
  });

  test("a deleted organization takes its memberships along and leaves its external id free", async () => {
    const { organizations, userManagement } = target.sdk;
    const externalId = crypto.randomUUID();
    const { user, organization } = await member(target, { externalId });

    await organizations.deleteOrganization(organization.id);

    expect(await refusal(organizations.getOrganization(organization.id))).toMatchObject({ status: 404 });
    expect((await userManagement.listOrganizationMemberships({ userId: user.id })).data).toEqual([]);
    expect(await organizations.createOrganization({ name: "Again", externalId })).toMatchObject({ externalId });
  });
});

describe("memberships", () => {
  test("a membership is active, has the default role and is listed for both sides", async () => {
    const { userManagement } = target.sdk;
    const { user, organization, membership } = await member(target);

    expect(membership).toMatchObject({
      userId: user.id,
      organizationId: organization.id,
      organizationName: organization.name,
      status: "active",
      role: { slug: "member" },
    });
    expect(await userManagement.getOrganizationMembership(membership.id)).toEqual(membership);
    expect((await userManagement.listOrganizationMemberships({ userId: user.id })).data).toEqual([membership]);
    expect((await userManagement.listOrganizationMemberships({ organizationId: organization.id })).data).toEqual([membership]);
  });

  test("a second active membership of the same two is a conflict", async () => {
    const { user, organization } = await member(target);
    expect(
      await refusal(target.sdk.userManagement.createOrganizationMembership({ userId: user.id, organizationId: organization.id })),
    ).toMatchObject({ name: "ConflictException", status: 409 });
  });

  test("a list needs a user or an organization", async () => {
    expect(await refusal(target.sdk.get("/user_management/organization_memberships"))).toMatchObject({
      status: 400,
      code: "missing_user_id_or_organization_id",
    });
  });

  test("a suspended membership leaves the list unless its status is asked for, and is revived with its role", async () => {
    const { userManagement } = target.sdk;
    const roleSlug = await role(target);
    const { user, organization, membership } = await member(target, {}, roleSlug);

    expect(await userManagement.deactivateOrganizationMembership(membership.id)).toMatchObject({ status: "inactive" });
    expect((await userManagement.listOrganizationMemberships({ userId: user.id })).data).toEqual([]);
    expect((await userManagement.listOrganizationMemberships({ userId: user.id, statuses: ["active", "inactive"] })).data).toHaveLength(1);
    expect(await userManagement.reactivateOrganizationMembership(membership.id)).toMatchObject({
      status: "active",
      role: { slug: roleSlug },
    });

    await userManagement.deactivateOrganizationMembership(membership.id);
    const again = await userManagement.createOrganizationMembership({ userId: user.id, organizationId: organization.id });
    expect(again).toMatchObject({ id: membership.id, status: "active" });
  });

  test("a role must exist, and there is only one at a time", async () => {
    const { userManagement } = target.sdk;
    const roleSlug = await role(target);
    const { membership } = await member(target);

    expect(await userManagement.updateOrganizationMembership(membership.id, { roleSlug })).toMatchObject({ role: { slug: roleSlug } });
    expect(await refusal(userManagement.updateOrganizationMembership(membership.id, { roleSlug: "nobody" }))).toMatchObject({
      status: 422,
      code: "invalid_role",
    });
    expect(await refusal(userManagement.updateOrganizationMembership(membership.id, { roleSlugs: [roleSlug, "member"] }))).toMatchObject({
      status: 422,
      code: "multiple_roles_not_enabled",
    });
  });

  test("a membership of nobody or nowhere is refused", async () => {
    const { userManagement } = target.sdk;
    const { user, organization } = await member(target);

    expect(
      await refusal(userManagement.createOrganizationMembership({ userId: "user_none", organizationId: organization.id })),
    ).toMatchObject({ status: 404 });
    expect(await refusal(userManagement.createOrganizationMembership({ userId: user.id, organizationId: "org_none" }))).toMatchObject({
      status: 404,
    });
  });

  test("a deleted membership is gone", async () => {
    const { userManagement } = target.sdk;
    const { user, membership } = await member(target);
    await userManagement.deleteOrganizationMembership(membership.id);

    expect(await refusal(userManagement.getOrganizationMembership(membership.id))).toMatchObject({ status: 404 });
    expect((await userManagement.listOrganizationMemberships({ userId: user.id })).data).toEqual([]);
  });
});

describe("roles and permissions", () => {
  test("a role holds the permissions that were set", async () => {
    const { authorization } = target.sdk;
    const slug = await role(target);
    const permissions = [await permission(target), await permission(target)];

    expect(await authorization.getEnvironmentRole(slug)).toMatchObject({ slug, type: "EnvironmentRole", permissions: [] });
    expect(await authorization.setEnvironmentRolePermissions(slug, { permissions })).toMatchObject({ permissions });
    const third = await permission(target);
    expect(await authorization.addEnvironmentRolePermission(slug, { permissionSlug: third })).toMatchObject({
      permissions: [...permissions, third],
    });
    expect(await authorization.updateEnvironmentRole(slug, { name: "Renamed" })).toMatchObject({ name: "Renamed" });
    expect((await authorization.listEnvironmentRoles()).data.map((one) => one.slug)).toContain(slug);
  });

  test("a permission that does not exist is refused, and nothing is set", async () => {
    const { authorization } = target.sdk;
    const slug = await role(target);
    const known = await permission(target);

    expect(await refusal(authorization.setEnvironmentRolePermissions(slug, { permissions: [known, "unknown:thing"] }))).toMatchObject({
      status: 404,
    });
    expect(await authorization.getEnvironmentRole(slug)).toMatchObject({ permissions: [] });
  });

  test("a slug is taken once", async () => {
    const { authorization } = target.sdk;
    const [roleSlug, permissionSlug] = [await role(target), await permission(target)];

    expect(await refusal(authorization.createEnvironmentRole({ slug: roleSlug, name: "Again" }))).toMatchObject({
      status: 409,
      code: "role_slug_conflict",
    });
    expect(await refusal(authorization.createPermission({ slug: permissionSlug, name: "Again" }))).toMatchObject({
      status: 409,
      code: "permission_slug_conflict",
    });
  });

  test("slugs, names and descriptions have a length", async () => {
    const { authorization } = target.sdk;
    expect(await refusal(authorization.createEnvironmentRole({ slug: "s".repeat(49), name: "Long" }))).toMatchObject({ status: 422 });
    expect(await refusal(authorization.createEnvironmentRole({ slug: "x", name: "n".repeat(49) }))).toMatchObject({ status: 422 });
    expect(await refusal(authorization.createPermission({ slug: "x", name: "x", description: "d".repeat(151) }))).toMatchObject({
      status: 422,
    });
  });

  test("a deleted permission leaves every role", async () => {
    const { authorization } = target.sdk;
    const slug = await role(target);
    const gone = await permission(target);
    await authorization.setEnvironmentRolePermissions(slug, { permissions: [gone] });

    await authorization.deletePermission(gone);

    expect(await authorization.getEnvironmentRole(slug)).toMatchObject({ permissions: [] });
    expect(await refusal(authorization.getPermission(gone))).toMatchObject({ status: 404 });
    expect((await authorization.listPermissions()).data.map((one) => one.slug)).not.toContain(gone);
  });
});

async function member({ sdk }: Target, given: { externalId?: string } = {}, roleSlug?: string) {
  const user = await sdk.userManagement.createUser({ email: freshEmail(), emailVerified: true });
  const organization = await sdk.organizations.createOrganization({ name: "Personal", ...given });
  const membership = await sdk.userManagement.createOrganizationMembership({
    userId: user.id,
    organizationId: organization.id,
    ...(roleSlug === undefined ? {} : { roleSlug }),
  });
  return { user, organization, membership };
}

async function role({ sdk }: Target): Promise<string> {
  return (await sdk.authorization.createEnvironmentRole({ slug: `r-${crypto.randomUUID()}`, name: "Made by a test" })).slug;
}

async function permission({ sdk }: Target): Promise<string> {
  return (await sdk.authorization.createPermission({ slug: `p:${crypto.randomUUID()}`, name: "Made by a test" })).slug;
}
