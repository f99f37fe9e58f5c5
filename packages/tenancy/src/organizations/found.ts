import type { Organization, User, WorkOS } from "@workos-inc/node";
import type { Query } from "../client/tenancy.ts";
import { applyChanges, orUndefined } from "./apply.ts";
import { FOUNDED, organizationChange, userChange } from "./changes.ts";
import { findOrJoin, findOrMake, onceAtATime } from "./create.ts";
import { OrganizationError } from "./errors.ts";
import type { RunJob } from "./run.ts";

export interface FoundedOrganization<Type extends string = string> {
  /** The person as WorkOS gave it at sign-in. */
  user: User;
  /** A declared type, and not the personal one. */
  type: Type;
  /** What the organization is called at WorkOS. */
  name: string;
  /** The role of its owner. Default `owner`. */
  ownerRole?: string;
}

/**
 * The organization of this type that the person founds, a practice for example: the one of exactly this type that the person owns already, else
 * a new one beside the home. Made once, however many requests ask and wherever a process dies. It is never anybody's home. One that others are
 * or were in, that was handed on, or that has become another type since, is not found again: the next call makes another.
 *
 * @param parts.run as the job `sync`
 * @returns the organization's id
 * @throws OrganizationError transition_refused (the type is not declared, or personal); organization_gone (the person is being erased);
 *   membership_ended (the person was suspended in it last); workos_refused
 */
export async function foundOrganization<Type extends string>(
  parts: { workos: WorkOS; run: RunJob },
  wanted: FoundedOrganization<Type>,
): Promise<string> {
  return await onceAtATime(parts.run, keyOf(wanted), () => found(parts, wanted));
}

async function found(parts: { workos: WorkOS; run: RunJob }, wanted: FoundedOrganization): Promise<string> {
  const { workos, run } = parts;
  const { user, type, name, ownerRole: roleSlug = "owner" } = wanted;
  const here = await findHere(run, user.id, type);
  if (here) return here;
  await run((query) => refuseErased(query, user.id));
  const creation = { externalId: keyOf(wanted), type, name };
  const join = (one: Organization) => findOrJoin(parts, one, { userId: user.id, roleSlug, type });
  let organization = await findOrMake(workos, creation);
  let membership = await join(organization);
  if (!membership) {
    // A suspended founder whose membership ended has no new one by founding again.
    const { rows } = await run((query) => query<{ held: boolean }>("select tenancy.is_held($1, $2) as held", [organization.id, user.id]));
    if (rows[0]?.held) throw new OrganizationError("membership_ended");
    await dropCreationKey(workos, organization.id);
    organization = await findOrMake(workos, creation);
    membership = await join(organization);
  }
  if (!membership) throw new OrganizationError("membership_ended");
  const made = organization;
  const joined = membership;
  await run(async (query) => {
    await query("select from tenancy.lock for update");
    await refuseErased(query, user.id);
    await applyChanges(query, [userChange(user), organizationChange(made), joined]);
  });
  const there = await findHere(run, user.id, type);
  if (there === undefined) throw new OrganizationError("unknown_organization");
  return there;
}

async function refuseErased(query: Query, userId: string): Promise<void> {
  const { rowCount } = await query("select from tenancy.deletion d where $1 = any (d.users)", [userId]);
  if (rowCount > 0) throw new OrganizationError("organization_gone");
}

async function findHere(run: RunJob, userId: string, type: string): Promise<string | undefined> {
  const { rows } = await run((query) => query<{ org_id: string }>("select tenancy.founded_organization($1, $2) as org_id", [userId, type]));
  return rows[0]?.org_id ?? undefined;
}

/** From then on no call finds the organization as the one that its founder has. */
async function dropCreationKey(workos: WorkOS, organization: string): Promise<void> {
  await orUndefined(workos.organizations.updateOrganization({ organization, externalId: null }));
}

const keyOf = ({ user, type }: FoundedOrganization) => `${FOUNDED}${type}:${user.id}`;
