import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { recordEvent, takeMove } from "../ledger/ledger.ts";
import { withConnection } from "../postgres/connect.ts";
import { query } from "../postgres/query.ts";
import type { Progress } from "../progress.ts";
import { holdNobodyUp } from "./fence.ts";
import { withFencedWorkos } from "./fenced-workos.ts";
import { type Known, readKnown, saveOutcomes } from "./known.ts";
import { forgetUser } from "./move-one.ts";
import { type Account, listAccounts, listOrganizations, type Organization } from "./observe.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

export interface UndoFigures {
  /** What will be or was removed, and how long the limit on deletions of organizations makes it at least. */
  users: number;
  organizations: number;
  atLeastSeconds: number;
  /** What this move made and somebody changed since: it stays. */
  kept: { id: string; what: string }[];
  seconds: number;
}

/** One thing to remove; `known` where the ledger knows whose it is. */
interface Removal {
  id: string;
  known: Known | undefined;
}

/**
 * Removes at WorkOS what this move made, and only that: users and organizations that carry its mark. What was changed, signed in to or joined by others since
 * is kept, by name. Users go first, so that nobody signs in; then the organizations, as fast as WorkOS lets them be deleted.
 *
 * May be interrupted and run again: what is gone is noted one by one, and what is still there is found by its mark.
 *
 * @param onlySay says what would be removed, and removes nothing
 */
export async function undoUsers(config: MoveConfig, progress: Progress, onlySay = false): Promise<UndoFigures> {
  const startedAt = performance.now();
  return withConnection(config.target.mover, "target", async (target) => {
    await holdNobodyUp(target);
    const epoch = await takeMove(target, "users");
    return withFencedWorkos(config, epoch, async (workos) => {
      const [move] = await query<{ id: string }>(target, "read which move this is", "select id::text from rehome.move");
      const known = await readKnown(target, "true", []);
      const kept: UndoFigures["kept"] = [];
      const users = usersToRemove(await listAccounts(workos), known, move?.id ?? "", kept);
      const organizations = organizationsToRemove([...(await listOrganizations(workos)).values()], known, move?.id ?? "", kept);
      const perMinute = config.target.workos.limits.organizationDeletesPer60s * config.target.workos.shareOfLimit;
      const atLeastSeconds = Math.round((organizations.length * 60) / perMinute);
      progress.step(
        `remove ${users.length} users and ${organizations.length} organizations: at least ${atLeastSeconds} s, by WorkOS's limit`,
      );
      if (!onlySay) {
        await removeUsers(target, workos, epoch, users, progress);
        await removeOrganizations(target, workos, epoch, organizations, kept, progress);
      }
      const seconds = (performance.now() - startedAt) / 1000;
      if (!onlySay)
        await recordEvent(
          target,
          "users --undo",
          `${users.length} users and ${organizations.length} organizations, ${kept.length} kept`,
          seconds,
        );
      return { users: users.length, organizations: organizations.length, atLeastSeconds, kept, seconds };
    });
  });
}

function usersToRemove(accounts: readonly Account[], known: readonly Known[], moveId: string, kept: UndoFigures["kept"]): Removal[] {
  const byUser = new Map(known.map((one) => [one.userId, one]));
  return accounts.flatMap((account) => {
    if (account.moveId !== moveId) return [];
    const owner = byUser.get(account.id);
    const changed = owner?.updatedAt != null && account.updatedAt > owner.updatedAt;
    if (!changed && account.lastSignInAt === null) return [{ id: account.id, known: owner }];
    kept.push({ id: owner?.legacyUserId ?? account.id, what: `user ${account.id}: ${changed ? "changed" : "signed in"} since` });
    return [];
  });
}

function organizationsToRemove(
  organizations: readonly Organization[],
  known: readonly Known[],
  moveId: string,
  kept: UndoFigures["kept"],
): Removal[] {
  const owners = known.flatMap((one) =>
    Object.values(one.organizations).map((organization) => [organization.id, { one, organization }] as const),
  );
  const byOrganization = new Map(owners);
  const keptUsers = new Set(kept.map((one) => one.id));
  return organizations.flatMap((organization) => {
    if (organization.moveId !== moveId) return [];
    const owner = byOrganization.get(organization.id);
    if (owner && keptUsers.has(owner.one.legacyUserId)) return []; // stays with its user
    const sent = owner?.organization.updatedAt;
    if (sent == null || organization.updatedAt <= sent) return [{ id: organization.id, known: owner?.one }];
    kept.push({ id: owner?.one.legacyUserId ?? organization.id, what: `organization ${organization.id}: changed since` });
    return [];
  });
}

async function removeUsers(
  target: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  users: readonly Removal[],
  progress: Progress,
): Promise<void> {
  for (const [index, { id, known }] of users.entries()) {
    await workos.repeatable("write", `remove WorkOS user ${id}`, () => orNull(workos.sdk.userManagement.deleteUser(id)));
    if (known) {
      forgetUser(known);
      await saveOutcomes(target, epoch, [{ known, changes: ["undone: account"], settled: true, keepsRefusal: true }]);
    }
    progress.advance("users", index + 1, users.length);
  }
}

async function removeOrganizations(
  target: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  organizations: readonly Removal[],
  kept: UndoFigures["kept"],
  progress: Progress,
): Promise<void> {
  for (const [index, { id, known }] of organizations.entries()) {
    const members = await workos.repeatable("read", `look who is in organization ${id}`, () =>
      workos.sdk.userManagement.listOrganizationMemberships({ organizationId: id, statuses: ["active", "inactive", "pending"], limit: 1 }),
    );
    if (members.data.length > 0) kept.push({ id: known?.legacyUserId ?? id, what: `organization ${id}: others are members` });
    else {
      await workos.deleteOrganization(`remove organization ${id}`, id);
      const own = known && Object.values(known.organizations).find((organization) => organization.id === id);
      if (known && own) {
        Object.assign(own, { id: null, membershipId: null, name: null, role: null, updatedAt: null, made: false });
        await saveOutcomes(target, epoch, [{ known, changes: ["undone: organization"], settled: true, keepsRefusal: true }]);
      }
    }
    progress.advance("organizations", index + 1, organizations.length);
  }
}
