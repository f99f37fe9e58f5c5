import type { WorkOS } from "@workos-inc/node";
import type { Query } from "../client/tenancy.ts";
import { applyChanges, orUndefined } from "./apply.ts";
import { FOUNDED, membershipChange, PERSONAL } from "./changes.ts";
import { claimAddress } from "./claim.ts";
import { OrganizationError } from "./errors.ts";
import type { RunJob } from "./run.ts";

// Steps that find nothing to empty and yet cannot end: something still names the organization where the job sees nothing.
const IDLE_STEPS = 4;

export interface DeletionParts {
  workos: WorkOS;
  /** As the job `sync`, which suspends everybody. */
  sync: RunJob;
  /** As the job `deletion`, which sees only rows of organizations that are being deleted. */
  deletion: RunJob;
}

export interface DeletionOptions {
  /** Rows a transaction. Default 1,000. */
  batchRows?: number;
  /** What the product keeps beside the declared rows: files, its audit log. Runs before anything goes, and again after a crash. */
  archive?: (query: Query, orgId: string) => Promise<void>;
  /** After each step. */
  onStep?: (step: DeletionStep) => void | Promise<void>;
}

export interface DeletionStep {
  state: "requested" | "archiving" | "emptying" | "emptied" | "done";
  /** The table it touched. */
  rel: string | null;
  touched: number;
}

/**
 * Asks for the deletion of an organization; the owner only. From its commit on nobody in it has access. `erasePeople`: the owner, whose home it
 * must be, is erased (the right to erasure): suspended everywhere at once, with no address left in invitations; then rows of other organizations
 * that name the person go (`erase` of installOrganizations), and WorkOS deletes the person. Organizations that the person owns and nobody else was
 * ever in go with the home.
 *
 * @param request.addresses with `erasePeople`: addresses that are proved to be the person's, beside the one that is known here
 * @throws OrganizationError not_owner, unknown_organization; last_owner when the person owns an organization in which others are or were;
 *   organization_gone when a deletion without erasure was asked for before
 */
export async function requestDeletion(
  { sync }: Pick<DeletionParts, "sync">,
  {
    orgId,
    actor,
    erasePeople = false,
    addresses = [],
  }: { orgId: string; actor: string; erasePeople?: boolean; addresses?: readonly string[] },
): Promise<void> {
  await sync((query) => query("select tenancy.request_deletion($1, $2, $3, $4)", [orgId, actor, erasePeople, addresses]));
}

/**
 * Carries a requested deletion to its end: what law keeps is archived, every table that names the organization is emptied, then WorkOS deletes
 * it. Each step is one transaction; after a crash at any point call it again. At its end no column names the organization any more. With a home
 * goes first what was requested with it.
 *
 * @throws OrganizationError unknown_organization when no deletion was requested; rows_remain and still_referenced name table and constraint
 */
export async function deleteOrganization(
  { workos, deletion }: Omit<DeletionParts, "sync">,
  orgId: string,
  options: DeletionOptions = {},
): Promise<void> {
  const { batchRows = 1_000, archive, onStep } = options;
  const parts = await deletion(async (query) => {
    const { rows } = await query<{ org_id: string }>(
      "select org_id from tenancy.deletion where part_of = $1 and state <> 'done' order by org_id",
      [orgId],
    );
    if (rows.length === 0 && archive && (await stateOf(query, orgId)) === "requested") await archive(query, orgId);
    return rows;
  });
  for (const { org_id } of parts) await deleteOrganization({ workos, deletion }, org_id, options);
  if (parts.length > 0) return await deleteOrganization({ workos, deletion }, orgId, options);
  let idle = 0;
  for (;;) {
    const step = await deletion(
      async (query) => (await query<DeletionStep>("select * from tenancy.delete_step($1, $2)", [orgId, batchRows])).rows[0],
    );
    if (!step || step.state === "done") return;
    idle = step.touched === 0 ? idle + 1 : 0;
    if (idle > IDLE_STEPS) throw new OrganizationError("rows_remain", { facts: { table: step.rel ?? undefined } });
    await onStep?.(step);
    if (step.state === "emptied") break;
  }
  const { rows } = await deletion((query) => query<{ users: string[] }>("select users from tenancy.deletion where org_id = $1", [orgId]));
  // WorkOS limits this to 50 a minute; 404 means that an earlier run did it.
  await orUndefined(workos.organizations.deleteOrganization(orgId));
  for (const user of rows[0]?.users ?? []) {
    await revokeInvitationsTo(workos, user);
    await deleteMadeMeanwhile({ workos, deletion }, user);
    await orUndefined(workos.userManagement.deleteUser(user));
  }
  await deletion((query) => query("select tenancy.finish_deletion($1)", [orgId]));
  await onStep?.({ state: "done", rel: null, touched: 0 });
}

/**
 * Forgets a person: what they left as a guest becomes theirs, their home is deleted, with every organization that they own and nobody else was ever
 * in, and they with it. After a crash at any point call it again.
 *
 * @param parts.claim as the job `claim`
 * @param person.orgId the home
 * @param person.addresses addresses that the product holds as proved to be the person's, beside the one at WorkOS
 * @throws OrganizationError as requestDeletion and deleteOrganization
 */
export async function erasePerson(
  { claim, ...parts }: DeletionParts & { claim: RunJob },
  { userId, orgId, addresses = [] }: { userId: string; orgId: string; addresses?: readonly string[] },
  options: DeletionOptions = {},
): Promise<void> {
  const user = await orUndefined(parts.workos.userManagement.getUser(userId));
  // What was left under an address that was never proved may be somebody else's.
  const proved = [...(user?.emailVerified ? [user.email] : []), ...addresses];
  for (const address of proved) {
    await claimAddress({ run: claim }, userId, address).catch((error: unknown) => {
      // An earlier run has asked for the deletion, or has come as far as the person's own row.
      if (!(error instanceof OrganizationError && ["organization_gone", "unknown_organization"].includes(error.code))) throw error;
    });
  }
  await hearOfMembers(parts, userId);
  // The mirror may be an event behind what WorkOS knows of the address.
  await requestDeletion(parts, { orgId, actor: userId, erasePeople: true, addresses: proved });
  await deleteOrganization(parts, orgId, options);
}

/** Deletions that were asked for and are not done, oldest first: for the job that carries them on after a crash. */
export async function openDeletions({ deletion }: Pick<DeletionParts, "deletion">): Promise<string[]> {
  const { rows } = await deletion((query) =>
    query<{ org_id: string }>("select org_id from tenancy.deletion where state <> 'done' order by requested_at"),
  );
  return rows.map(({ org_id }) => org_id);
}

/** How many rows name an organization that is being deleted, by `table.column`; empty when none do. */
export async function countRows({ deletion }: Pick<DeletionParts, "deletion">, orgId: string): Promise<Record<string, number>> {
  const { rows } = await deletion((query) =>
    query<{ at: string; rows: number }>("select rel || '.' || name as at, rows::int from tenancy.count_rows($1)", [orgId]),
  );
  return Object.fromEntries(rows.map(({ at, rows: n }) => [at, n]));
}

/** Open invitations of other organizations to a proved address. WorkOS keeps those that were accepted. */
async function revokeInvitationsTo(workos: WorkOS, userId: string): Promise<void> {
  const user = await orUndefined(workos.userManagement.getUser(userId));
  if (!user?.emailVerified) return;
  const invitations = await workos.userManagement.listInvitations({ email: user.email });
  for (const { id, state } of await invitations.autoPagination()) {
    if (state === "pending") await workos.userManagement.revokeInvitation(id);
  }
}

/** Who is in the organizations of which the person is the owner, as WorkOS has it: somebody may have joined a moment ago. */
async function hearOfMembers({ workos, sync }: Pick<DeletionParts, "workos" | "sync">, userId: string): Promise<void> {
  const { rows } = await sync((query) => query<{ org_id: string }>("select org_id from tenancy.owner where user_id = $1", [userId]));
  for (const { org_id: organizationId } of rows) {
    const members = await orUndefined(
      workos.userManagement.listOrganizationMemberships({ organizationId, statuses: ["active", "inactive", "pending"] }),
    );
    const changes = members ? (await members.autoPagination()).map(membershipChange) : [];
    await sync((query) => applyChanges(query, changes));
  }
}

/**
 * What a sign-in, or founding, that was under way has made at WorkOS: organizations that have the person's key, nobody else in them, and no row
 * here.
 */
async function deleteMadeMeanwhile({ workos, deletion }: Pick<DeletionParts, "workos" | "deletion">, userId: string): Promise<void> {
  const statuses = ["active", "inactive", "pending"] as const;
  const memberships = await workos.userManagement.listOrganizationMemberships({ userId, statuses: [...statuses] });
  const home = await orUndefined(workos.organizations.getOrganizationByExternalId(`${PERSONAL}${userId}`));
  const ids = new Set([...(await memberships.autoPagination()).map((one) => one.organizationId), ...(home ? [home.id] : [])]);
  for (const organizationId of ids) {
    const organization = await orUndefined(workos.organizations.getOrganization(organizationId));
    const key = organization?.externalId ?? "";
    if (key !== `${PERSONAL}${userId}` && !(key.startsWith(FOUNDED) && key.endsWith(`:${userId}`))) continue;
    const { rows } = await deletion((query) =>
      query<{ known: boolean }>("select tenancy.is_known_organization($1) as known", [organizationId]),
    );
    if (rows[0]?.known !== false) continue;
    const members = await workos.userManagement.listOrganizationMemberships({ organizationId, statuses: [...statuses] });
    if (members.data.every((one) => one.userId === userId)) await orUndefined(workos.organizations.deleteOrganization(organizationId));
  }
}

async function stateOf(query: Query, orgId: string): Promise<string | undefined> {
  return (await query<{ state: string }>("select state from tenancy.deletion where org_id = $1 for update", [orgId])).rows[0]?.state;
}
