import { randomUUID } from "node:crypto";
import type { WorkOS } from "@workos-inc/node";
import { applyChanges, findMembership, orUndefined } from "./apply.ts";
import { type Change, FOUNDED, goneChange, membershipChange, organizationChange } from "./changes.ts";
import { gotNoAnswer, OrganizationError } from "./errors.ts";
import type { OwnershipParts } from "./ownership.ts";

/**
 * Makes another active member the owner. Counts here at once and in one transaction, so that there is one owner at every commit; WorkOS is told
 * after that, and again by the sync loop if this process dies. The old owner is one role lower at WorkOS only after WorkOS confirmed the new one.
 * One transfer at a time: until WorkOS has confirmed it, another one is refused.
 *
 * @throws OrganizationError transfer_open, not_owner, not_a_member (or no longer, at WorkOS), organization_gone, unknown_organization; what WorkOS answered (the transfer
 *   counts here then, and the sync loop goes on)
 */
export async function transferOwnership(parts: OwnershipParts, transfer: { orgId: string; from: string; to: string }): Promise<void> {
  await parts.run((query) => query("select tenancy.transfer_ownership($1, $2, $3)", [transfer.orgId, transfer.from, transfer.to]));
  const { failures, undone } = await push(parts, transfer.orgId);
  if (failures.length > 0) throw failures[0];
  if (undone > 0) throw new OrganizationError("not_a_member");
}

interface Transfer {
  org_id: string;
  from_user: string;
  to_user: string;
  owner: string;
  former: string;
}

/**
 * Tells WorkOS of the transfers it has not confirmed: the new owner first, and the old one steps down only when WorkOS says that the new one is an
 * active owner. Where the new one is no active member any more, the old owner stays (`organization.transfer_undone` in the outbox). Transfers of
 * which another process is telling WorkOS are passed over; one that fails keeps no other from going on.
 *
 * @returns how many were settled
 */
export async function pushTransfers(parts: OwnershipParts, orgId: string | null = null): Promise<number> {
  const { settled, undone, failures } = await push(parts, orgId);
  if (failures.length > 0) throw failures[0];
  return settled + undone;
}

async function push(parts: OwnershipParts, orgId: string | null): Promise<{ settled: number; undone: number; failures: unknown[] }> {
  const { rows: open } = await parts.run((query) =>
    query<Transfer>(
      `select t.org_id, t.from_user, t.to_user, c.owner_role as owner, c.former_role as former from tenancy.transfer t cross join tenancy.config c
        where $1::text is null or t.org_id = $1 order by t.asked_at`,
      [orgId],
    ),
  );
  const result = { settled: 0, undone: 0, failures: [] as unknown[] };
  for (const transfer of open) {
    try {
      const end = await new Push(parts, transfer).run();
      if (end !== "elsewhere") result[end] += 1;
    } catch (error) {
      result.failures.push(error);
    }
  }
  return result;
}

/** One process that tells WorkOS of one transfer. */
class Push {
  readonly #parts: OwnershipParts;
  readonly #transfer: Transfer;
  readonly #holder = randomUUID();
  /** What WorkOS said last, by membership. */
  readonly #said = new Map<string, Change>();
  /** A request may still arrive: the hold stays until it cannot any more, so that it arrives before a later transfer. */
  #unanswered = false;

  constructor(parts: OwnershipParts, transfer: Transfer) {
    this.#parts = parts;
    this.#transfer = transfer;
  }

  /** @returns `elsewhere` when it is not this process's */
  async run(): Promise<"settled" | "undone" | "elsewhere"> {
    const { org_id, from_user, to_user, owner, former } = this.#transfer;
    try {
      const raised = (await this.#is(to_user)) && (await this.#make(to_user, owner));
      if (raised === undefined) return "elsewhere";
      let confirmed = raised === true;
      if (confirmed) {
        if ((await this.#make(from_user, former, owner)) === undefined) return "elsewhere";
        // Whoever left in between leaves the organization to the old owner.
        confirmed = (await this.#is(to_user, owner)) === true;
      }
      if (!confirmed) {
        if ((await this.#make(from_user, owner)) === undefined) return "elsewhere";
        if ((await this.#make(to_user, former, owner)) === undefined) return "elsewhere";
      }
      await this.#parts.run(async (query) => {
        await applyChanges(query, [...this.#said.values()]);
        await query("select tenancy.close_transfer($1, $2, $3)", [org_id, this.#holder, confirmed]);
      });
      if (confirmed) await this.#dropCreationKey(this.#parts.workos);
      return confirmed ? "settled" : "undone";
    } finally {
      if (!this.#unanswered) await this.#parts.run((query) => query("select tenancy.release_transfer($1, $2)", [org_id, this.#holder]));
    }
  }

  /** Whether WorkOS has the person as an active member, and with this role; undefined when the transfer is not this process's any more. */
  async #is(userId: string, role?: string): Promise<boolean | undefined> {
    if (!(await this.#holds())) return undefined;
    const membership = await findMembership(this.#parts.workos, this.#transfer.org_id, userId);
    if (membership) this.#said.set(membership.id, membership);
    return isActive(membership) && (role === undefined || rolesOf(membership).includes(role));
  }

  /**
   * Gives the person the role at WorkOS, where there is a membership, and where it has the role `instead` if one is named.
   *
   * @returns whether WorkOS says that the person is an active member with the role; undefined when the transfer is not this process's any more
   */
  async #make(userId: string, roleSlug: string, instead?: string): Promise<boolean | undefined> {
    if (!(await this.#holds())) return undefined;
    const { workos } = this.#parts;
    const found = await findMembership(workos, this.#transfer.org_id, userId);
    if (!found) return false;
    if (rolesOf(found)[0] === roleSlug || (instead !== undefined && !rolesOf(found).includes(instead))) {
      this.#said.set(found.id, found);
      return isActive(found) && rolesOf(found).includes(roleSlug);
    }
    if (!(await this.#holds())) return undefined;
    const updated = await orUndefined(workos.userManagement.updateOrganizationMembership(found.id, { roleSlug })).catch(
      (error: unknown) => {
        this.#unanswered = gotNoAnswer(error);
        throw error;
      },
    );
    const change = updated
      ? membershipChange(updated)
      : goneChange("membership", found.id, { org_id: this.#transfer.org_id, user_id: userId });
    this.#said.set(change.id, change);
    return isActive(change) && rolesOf(change).includes(roleSlug);
  }

  /** The row is compared again, under the lock, before each request. */
  async #holds(): Promise<boolean> {
    const { org_id, from_user, to_user } = this.#transfer;
    const { rows } = await this.#parts.run((query) =>
      query<{ mine: boolean }>("select tenancy.hold_transfer($1, $2, $3, $4) as mine", [org_id, from_user, to_user, this.#holder]),
    );
    return rows[0]?.mine === true;
  }

  /** The founder's next one is another. If the process dies before, foundOrganization finds that somebody else owns this one. */
  async #dropCreationKey(workos: WorkOS): Promise<void> {
    const organization = await orUndefined(workos.organizations.getOrganization(this.#transfer.org_id));
    if (!organization?.externalId?.startsWith(FOUNDED)) return;
    const updated = await orUndefined(workos.organizations.updateOrganization({ organization: organization.id, externalId: null }));
    if (updated) await this.#parts.run((query) => applyChanges(query, [organizationChange(updated)]));
  }
}

const isActive = (change: Change | undefined): change is Change =>
  change !== undefined && !change.deleted && change.state?.["status"] === "active";

const rolesOf = (change: Change): string[] => (change.state?.["roles"] as string[] | undefined) ?? [];
