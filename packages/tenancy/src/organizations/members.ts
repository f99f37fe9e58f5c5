import type { AuthenticationResponse, WorkOS } from "@workos-inc/node";
import type { Query } from "../client/tenancy.ts";
import { OrganizationError } from "./errors.ts";

export interface MyOrganization {
  orgId: string;
  name: string | null;
  slug: string | null;
  type: string;
  tier: string;
  role: string;
  status: "active" | "invited" | "suspended";
  /** Whether the token names this one. */
  current: boolean;
}

/** Every organization of the verified person, with role and state. @param query inside `tenancy.as(token, …)` */
export async function listMyOrganizations(query: Query): Promise<MyOrganization[]> {
  const { rows } = await query<MyOrganization>(
    `select org_id as "orgId", name, slug, type, tier, role, status, is_current as "current" from tenancy.my_organizations()`,
  );
  return rows;
}

/**
 * A session in another organization of the verified person: the mirror is asked first, then WorkOS refreshes.
 *
 * @param query inside `tenancy.as(token, …)`
 * @throws OrganizationError not_a_member
 */
export async function switchOrganization(
  query: Query,
  { workos, ...request }: { workos: WorkOS; clientId: string; refreshToken: string; organizationId: string },
): Promise<AuthenticationResponse> {
  const { rows } = await query<{ may: boolean }>("select tenancy.may_switch_to($1) as may", [request.organizationId]);
  if (rows[0]?.may !== true) throw new OrganizationError("not_a_member");
  return await workos.userManagement.authenticateWithRefreshToken(request);
}

/** Whether the verified person's organization has a feature. @param query inside `tenancy.as(token, …)` */
export async function hasOwnFeature<Feature extends string>(query: Query, feature: Feature): Promise<boolean> {
  const { rows } = await query<{ has: boolean }>("select tenancy.has_feature($1) as has", [feature]);
  return rows[0]?.has ?? false;
}
