import type { User, WorkOS } from "@workos-inc/node";
import { applyChanges, orUndefined } from "./apply.ts";
import { organizationChange, PERSONAL, userChange } from "./changes.ts";
import { findOrJoin, findOrMake, onceAtATime } from "./create.ts";
import { OrganizationError } from "./errors.ts";
import type { RunJob } from "./run.ts";

export interface PersonalOrganization {
  /** The person as WorkOS gave it at sign-in. */
  user: User;
  /** What the organization is called at WorkOS. */
  name: string;
  /** The role of its owner. Default `owner`. */
  ownerRole?: string;
}

/**
 * The person's home, of the declared personal type; made when there is none, with the membership and the row in users. However many requests
 * ask at once, in however many processes, and wherever one of them dies: WorkOS keeps one organization for an `external_id`, and every step
 * looks first. Signing in again never brings back a membership that has ended, and never joins an organization that others are or were in.
 *
 * @param parts.run as the job `sync`
 * @returns the organization's id
 * @throws OrganizationError workos_refused; membership_ended; organization_gone (the person is being erased, or the home is gone at WorkOS)
 */
export async function ensurePersonalOrganization(parts: { workos: WorkOS; run: RunJob }, wanted: PersonalOrganization): Promise<string> {
  return await onceAtATime(parts.run, PERSONAL + wanted.user.id, () => ensure(parts, wanted));
}

async function ensure(
  { workos, run }: { workos: WorkOS; run: RunJob },
  { user, name, ownerRole: roleSlug = "owner" }: PersonalOrganization,
): Promise<string> {
  const here = await findHere(run, user.id);
  if (here) return here;
  const known = await run(async (query) => {
    const { rowCount } = await query("select from tenancy.deletion d where $1 = any (d.users)", [user.id]);
    if (rowCount > 0) throw new OrganizationError("organization_gone");
    const { rows } = await query<{ type: string | null; home: string | null }>(
      "select tenancy.personal_type() as type, tenancy.home_of($1) as home",
      [user.id],
    );
    return rows[0];
  });
  const { type, home } = known ?? {};
  if (!type) throw new OrganizationError("not_configured");
  // Whoever was moved has a home by another name: there is never a second one.
  const organization = home
    ? await orUndefined(workos.organizations.getOrganization(home))
    : await findOrMake(workos, { externalId: `${PERSONAL}${user.id}`, type, name });
  if (!organization) throw new OrganizationError("organization_gone");
  const membership = await findOrJoin({ workos, run }, organization, { userId: user.id, roleSlug, type });
  if (!membership) throw new OrganizationError("membership_ended");
  await run((query) => applyChanges(query, [userChange(user), organizationChange(organization), membership]));
  const made = await findHere(run, user.id);
  if (made === undefined) throw new OrganizationError("unknown_organization");
  return made;
}

/** Complete only with a membership: a process may have died before it. */
async function findHere(run: RunJob, userId: string): Promise<string | undefined> {
  const { rows } = await run((query) => query<{ org_id: string }>("select tenancy.personal_organization($1) as org_id", [userId]));
  return rows[0]?.org_id ?? undefined;
}
