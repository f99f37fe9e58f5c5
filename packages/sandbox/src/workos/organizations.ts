import type { Hono } from "hono";
import { type Body, externalId, mergeMetadata, optionalFlag, optionalText, optionalTexts, readBody, requiredText } from "./body.ts";
import { removeDirectory } from "./directories.ts";
import { ApiError, badRequest, notFound, unprocessable } from "./errors.ts";
import { organizationEvent } from "./event-wire.ts";
import { paginate, readPageQuery } from "./pages.ts";
import { type Environment, type Organization, type OrganizationDomain, stamp, touch } from "./state.ts";
import { organizationWire } from "./wire.ts";

const DOMAIN = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+$/;

export function addOrganizationRoutes(app: Hono, environment: Environment): void {
  app.post("/organizations", async (c) => {
    const body = await readBody(c);
    const organization: Organization = {
      ...stamp("org"),
      name: requiredText(body, "name"),
      external_id: externalId(body) ?? null,
      metadata: mergeMetadata({}, body),
      stripe_customer_id: undefined,
      allow_profiles_outside_organization: optionalFlag(body, "allow_profiles_outside_organization") ?? false,
      domains: readDomains(body) ?? [],
    };
    claimExternalId(environment, organization, organization.external_id);
    claimDomains(environment, organization, organization.domains);
    environment.organizations.add(organization);
    environment.events.append("organization.created", organizationEvent(organization), organization.id);
    return c.json(organizationWire(organization), 201);
  });

  app.get("/organizations", (c) => {
    const query = readPageQuery((name) => c.req.query(name));
    const domains = [...(c.req.queries("domains") ?? []), ...(c.req.queries("domains[]") ?? [])].flatMap((value) =>
      value.toLowerCase().split(","),
    );
    const search = c.req.query("search")?.toLowerCase();
    let organizations = environment.organizations.all();
    if (domains.length > 0) organizations = organizations.filter((one) => one.domains.some(({ domain }) => domains.includes(domain)));
    if (search !== undefined) {
      organizations = organizations.filter((one) =>
        [one.id, one.name, one.external_id].some((text) => text?.toLowerCase().includes(search)),
      );
    }
    return c.json(paginate(organizations, query, organizationWire));
  });

  app.get("/organizations/external_id/:external_id", (c) => {
    const organization = environment.organizationByExternalId.get(c.req.param("external_id"));
    if (!organization) throw notFound("Organization", c.req.param("external_id"));
    return c.json(organizationWire(organization));
  });

  app.get("/organizations/:id", (c) => c.json(organizationWire(findOrganization(environment, c.req.param("id")))));

  app.put("/organizations/:id", async (c) => {
    const body = await readBody(c);
    const organization = findOrganization(environment, c.req.param("id"));
    const name = body["name"] === undefined ? undefined : requiredText(body, "name");
    const external = externalId(body);
    const metadata = mergeMetadata(organization.metadata, body);
    const domains = readDomains(body);
    const allow = optionalFlag(body, "allow_profiles_outside_organization");
    const customer = optionalText(body, "stripe_customer_id");
    if (domains) checkDomains(environment, organization, domains);
    if (external !== undefined) claimExternalId(environment, organization, external);
    if (domains) claimDomains(environment, organization, domains);
    if (name !== undefined) organization.name = name;
    if (allow !== undefined) organization.allow_profiles_outside_organization = allow;
    if (customer !== undefined) organization.stripe_customer_id = customer ?? undefined;
    organization.metadata = metadata;
    touch(organization);
    environment.events.append("organization.updated", organizationEvent(organization), organization.id);
    return c.json(organizationWire(organization));
  });

  app.delete("/organizations/:id", (c) => {
    const organization = environment.organizations.get(c.req.param("id"));
    // The description names no 404 here; an organization that is gone is what was asked for.
    if (organization) removeOrganization(environment, organization);
    return c.body(null, 202);
  });
}

/** @throws ApiError 404 */
export function findOrganization(environment: Environment, id: string): Organization {
  const organization = environment.organizations.get(id);
  if (!organization) throw notFound("Organization", id);
  return organization;
}

function removeOrganization(environment: Environment, organization: Organization): void {
  for (const membership of environment.membershipsByOrganization.of(organization.id)) environment.removeMembership(membership, true);
  for (const invitation of environment.invitations.all()) {
    if (invitation.organization_id === organization.id) environment.removeInvitation(invitation);
  }
  for (const directory of environment.directories.all()) {
    if (directory.organization_id === organization.id) removeDirectory(environment, directory);
  }
  for (const connection of environment.connections.all()) {
    if (connection.organization_id === organization.id) environment.connections.delete(connection.id);
  }
  if (organization.external_id !== null) environment.organizationByExternalId.delete(organization.external_id);
  for (const { domain } of organization.domains) environment.organizationByDomain.delete(domain);
  environment.organizations.delete(organization.id);
  environment.events.append("organization.deleted", organizationEvent(organization), organization.id);
}

function claimExternalId(environment: Environment, organization: Organization, external: string | null): void {
  const holder = external === null ? undefined : environment.organizationByExternalId.get(external);
  if (holder && holder.id !== organization.id) {
    throw badRequest("external_id_already_used", "The external_id provided has already been assigned to another organization.");
  }
  if (organization.external_id !== null) environment.organizationByExternalId.delete(organization.external_id);
  organization.external_id = external;
  if (external !== null) environment.organizationByExternalId.set(external, organization);
}

function checkDomains(environment: Environment, organization: Organization, domains: readonly OrganizationDomain[]): void {
  for (const { domain } of domains) {
    const holder = environment.organizationByDomain.get(domain);
    if (holder && holder.id !== organization.id) throw new ApiError(409, { message: "A domain already belongs to another organization." });
  }
}

function claimDomains(environment: Environment, organization: Organization, domains: OrganizationDomain[]): void {
  checkDomains(environment, organization, domains);
  for (const { domain } of organization.domains) environment.organizationByDomain.delete(domain);
  organization.domains = domains;
  for (const { domain } of domains) environment.organizationByDomain.set(domain, organization);
}

/** `domain_data`, or the older `domains`, whose entries count as verified. */
function readDomains(body: Body): OrganizationDomain[] | undefined {
  const data = body["domain_data"];
  const names = optionalTexts(body, "domains");
  if (data === undefined || data === null) return names?.map((name) => newDomain(name, "verified"));
  if (!Array.isArray(data)) throw unprocessable("domain_data", "must be a list");
  return data.map((item: unknown) => {
    const { domain, state } = (item ?? {}) as { domain?: unknown; state?: unknown };
    if (state !== "pending" && state !== "verified") throw unprocessable("domain_data.state", "must be pending or verified");
    return newDomain(domain, state);
  });
}

function newDomain(name: unknown, state: OrganizationDomain["state"]): OrganizationDomain {
  const domain = typeof name === "string" ? name.toLowerCase() : "";
  if (!DOMAIN.test(domain)) throw unprocessable("domain_data.domain", "is not a domain");
  return { ...stamp("org_domain"), domain, state };
}
