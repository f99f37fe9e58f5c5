import type { Organization, OrganizationMembership, WorkOS } from "@workos-inc/node";
import { orUndefined } from "./apply.ts";
import { type Change, membershipChange } from "./changes.ts";
import { OrganizationError, workosCodes, workosStatus } from "./errors.ts";
import type { RunJob } from "./run.ts";

/** An organization that is made once, whoever asks: WorkOS keeps one for an `external_id`. */
export interface Creation {
  externalId: string;
  type: string;
  name: string;
}

/** The organization that has the key, made when there is none. Of two who ask at once both get the same. */
export async function findOrMake(workos: WorkOS, { externalId, type, name }: Creation): Promise<Organization> {
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

/**
 * The person's membership in the organization just found or made; undefined where it must not be made: somebody else is or was in there, or a
 * membership of this person there has ended.
 */
export async function findOrJoin(
  { workos, run }: { workos: WorkOS; run: RunJob },
  organization: Organization,
  { userId, roleSlug, type }: { userId: string; roleSlug: string; type: string },
): Promise<Change | undefined> {
  const organizationId = organization.id;
  const { rows } = await run((query) =>
    query<{ may: boolean }>("select tenancy.may_join($1, $2, $3) as may", [organizationId, userId, type]),
  );
  const members = await everybody(workos, organizationId);
  if (!rows[0]?.may || members.some((one) => one.userId !== userId) || organization.metadata["type"] !== type) return undefined;
  const [found] = members;
  if (found) return membershipChange(found);
  try {
    return membershipChange(await workos.userManagement.createOrganizationMembership({ organizationId, userId, roleSlug }));
  } catch (error) {
    const made = workosStatus(error) === 409 ? (await everybody(workos, organizationId)).find((one) => one.userId === userId) : undefined;
    if (made) return membershipChange(made);
    throw refused(error, `make the membership with role ${roleSlug}`);
  }
}

/** Every membership of an organization as WorkOS has it, in any state. */
async function everybody(workos: WorkOS, organizationId: string): Promise<OrganizationMembership[]> {
  const list = await workos.userManagement.listOrganizationMemberships({ organizationId, statuses: ["active", "inactive", "pending"] });
  return await list.autoPagination();
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

const inFlight = new WeakMap<RunJob, Map<string, Promise<string>>>();

/** One process asks once at a time for one key. */
export async function onceAtATime(run: RunJob, key: string, work: () => Promise<string>): Promise<string> {
  const own = inFlight.get(run) ?? new Map<string, Promise<string>>();
  inFlight.set(run, own);
  const running = own.get(key);
  if (running) return await running;
  const started = work().finally(() => own.delete(key));
  own.set(key, started);
  return await started;
}
