import type { ClientBase } from "pg";
import type { Comparison } from "./compare.ts";
import { type Known, saveOutcomes } from "./known.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

/** What was repaired of one person, or of a WorkOS user who is nobody of legacy. */
export interface Repaired {
  id: string;
  what: string[];
}

/**
 * Makes the ledger know what WorkOS really holds, so that the work that follows sends what is missing; and takes away what must not be there: memberships in other
 * people's organizations, factors that this move did not enrol, users that this move made for nobody who moves. Users that it did not make stay, and are named.
 *
 * Each person is written to the ledger when done, so it may be interrupted and run again.
 */
export async function reconcile(client: ClientBase, workos: PacedWorkos, epoch: string, comparison: Comparison): Promise<Repaired[]> {
  const repaired: Repaired[] = [];
  for (const { id, known, differences } of comparison.people) {
    if (!known || differences.length === 0) continue;
    for (const { correct, remove } of differences) {
      correct?.(known);
      if (remove) await takeAway(workos, known, remove);
    }
    known.attempted = true;
    const what = differences.map((difference) => difference.what);
    await saveOutcomes(client, epoch, [{ known, changes: what.map((one) => `reconciled: ${one}`), settled: true }]);
    repaired.push({ id, what });
  }
  for (const account of comparison.strangers) {
    if (account.ours)
      await workos.repeatable("write", `remove WorkOS user ${account.id}`, () => orNull(workos.sdk.userManagement.deleteUser(account.id)));
    repaired.push({
      id: account.id,
      what: [
        account.ours ? "removed: this move made it, and nobody moves there" : "kept: is nobody of legacy, and this move did not make it",
      ],
    });
  }
  return repaired;
}

async function takeAway(workos: PacedWorkos, known: Known, { kind, id }: { kind: "membership" | "factor"; id: string }): Promise<void> {
  const { userManagement, multiFactorAuth } = workos.sdk;
  await workos.repeatable("write", `remove a ${kind} of ${known.legacyUserId}`, () =>
    orNull((kind === "membership" ? userManagement.deleteOrganizationMembership(id) : multiFactorAuth.deleteFactor(id)).then(() => true)),
  );
}
