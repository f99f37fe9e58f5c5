import type { Organization, User, WorkOS } from "@workos-inc/node";
import { applyChanges, findMembership, orUndefined } from "./apply.ts";
import { type Change, membershipChange, organizationChange, PERSONAL, userChange } from "./changes.ts";
import { OrganizationError, workosCodes, workosStatus } from "./errors.ts";
import type { RunJob } from "./run.ts";

export interface PersonalOrganization<Type extends string = string> {
  /** The person as WorkOS gave it at sign-in. */
  user: User;
  type: Type;
  /** What the organization is called at WorkOS. */
  name: string;
  /** The role of its owner. Default `owner`. */
  ownerRole?: string;
}

/**
 * The person's own organization; made when there is none, with the membership and the row in users. However many requests ask at once, in
 * however many processes, and wherever one of them dies: WorkOS keeps one organization for an `external_id`, and every step looks first.
 *
 * @param parts.run as the job `sync`
 * @returns the organization's id
 * @throws OrganizationError workos_refused, unknown_organization (the type is not declared)
 */
export async function ensurePersonalOrganization<Type extends string>(
  parts: { workos: WorkOS; run: RunJob },
  wanted: PersonalOrganization<Type>,
): Promise<string> {
  const { run } = parts;
  const own = inFlight.get(run) ?? new Map<string, Promise<string>>();
  inFlight.set(run, own);
  const running = own.get(wanted.user.id);
  if (running) return await running; // one process asks once at a time
  const work = ensure(parts, wanted).finally(() => own.delete(wanted.user.id));
  own.set(wanted.user.id, work);
  return await work;
}

const inFlight = new WeakMap<RunJob, Map<string, Promise<string>>>();

async function ensure({ workos, run }: { workos: WorkOS; run: RunJob }, wanted: PersonalOrganization): Promise<string> {
  const { user, ownerRole = "owner" } = wanted;
  const here = await findHere(run, user.id);
  if (here) return here;
  const { rowCount } = await run((query) => query("select from tenancy.deletion d where $1 = any (d.users)", [user.id]));
  if (rowCount > 0) throw new OrganizationError("organization_gone");
  const organization = await findOrMake(workos, wanted);
  const membership = await findOrJoin(workos, organization.id, user.id, ownerRole);
  await run((query) => applyChanges(query, [userChange(user), organizationChange(organization), membership]));
  const made = await findHere(run, user.id);
  if (made === undefined) {
    throw new OrganizationError("unknown_organization", {
      message: "The organization was made at WorkOS but has no row here.",
      next: "Declare its type and install again; the next call finds it.",
    });
  }
  return made;
}

/** Complete only with a membership: a process may have died before it. */
async function findHere(run: RunJob, userId: string): Promise<string | undefined> {
  const { rows } = await run((query) => query<{ org_id: string }>("select tenancy.personal_organization($1) as org_id", [userId]));
  return rows[0]?.org_id ?? undefined;
}

async function findOrMake(workos: WorkOS, { user, type, name }: PersonalOrganization): Promise<Organization> {
  const externalId = `${PERSONAL}${user.id}`;
  const find = () => orUndefined(workos.organizations.getOrganizationByExternalId(externalId));
  const found = await find();
  if (found) return found;
  try {
    return await workos.organizations.createOrganization({ name, externalId, metadata: { type } });
  } catch (error) {
    // Somebody was quicker, or an answer was lost: then it is there now.
    const made = isTaken(error) ? await find() : undefined;
    if (made) return made;
    throw refused(error, "make the organization");
  }
}

async function findOrJoin(workos: WorkOS, organizationId: string, userId: string, roleSlug: string): Promise<Change> {
  const found = await findMembership(workos, organizationId, userId);
  if (found) return found;
  try {
    return membershipChange(await workos.userManagement.createOrganizationMembership({ organizationId, userId, roleSlug }));
  } catch (error) {
    const made = workosStatus(error) === 409 ? await findMembership(workos, organizationId, userId) : undefined;
    if (made) return made;
    throw refused(error, `make the membership with role ${roleSlug}`);
  }
}

function isTaken(error: unknown): boolean {
  return (
    workosStatus(error) === 409 || workosCodes(error).includes("external_id_already_used") || /already been assigned/.test(String(error))
  );
}

function refused(error: unknown, what: string): unknown {
  const status = workosStatus(error);
  if (status === undefined || status >= 500 || status === 429) return error; // may succeed later, as it is
  return new OrganizationError("workos_refused", { message: `WorkOS refused to ${what} (${[status, ...workosCodes(error)].join(", ")}).` });
}
