import { setTimeout as wait } from "node:timers/promises";
import type { ClientBase } from "pg";
import type { Wanted } from "./account.ts";
import { factorsOf, isOurs, removeFactor } from "./factors.ts";
import { type Known, readKnown, saveOutcomes } from "./known.ts";
import { moveOne } from "./move-one.ts";
import type { PacedWorkos } from "./workos.ts";

/**
 * Looks once more at people of whom a request had an unknown outcome: no answer came, or the process that sent it was overtaken. When such a request can
 * no longer arrive, the user is sent as it shall be once more, and of several factors of ours one stays.
 *
 * @param settleMs how long a request may still act after it was given up
 * @param wantedOf undefined for somebody whom Clerk does not know
 * @returns how many people were looked at
 */
export async function settleDoubts(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  settleMs: number,
  wantedOf: (known: Known) => Wanted | undefined,
): Promise<number> {
  const people = await readKnown(client, "i.moved and i.doubt_since is not null", []);
  for (const known of people) {
    const wanted = wantedOf(known);
    await wait(Math.max(0, (known.doubtSince ?? 0) + settleMs - Date.now()));
    known.doubtSince = null;
    if (wanted && known.userId !== null) {
      if (known.factorsBefore !== null) await countFactors(workos, known);
      known.accountPrint = null;
      if (wanted.password) known.passwordPrint = null;
      known.attempted = true;
      await moveOne(workos, known, wanted, () => saveOutcomes(client, epoch, [{ known, changes: [], settled: false }]));
    }
    await saveOutcomes(client, epoch, [{ known, changes: [], settled: true }]);
  }
  return people.length;
}

/** Of several factors of ours one stays: the one whose enrolment was answered, or any, because all have the same secret. */
async function countFactors(workos: PacedWorkos, known: Known): Promise<void> {
  const ours = (await factorsOf(workos, known)).filter((id) => isOurs(id, known));
  const kept = ours.find((id) => id === known.factorId);
  if (kept === undefined) {
    // None whose secret is known for sure: all go, and the factor is enrolled anew.
    known.totpPrint = null;
    return;
  }
  for (const id of ours.filter((one) => one !== kept)) await removeFactor(workos, known, id);
  known.factorsBefore = null;
}
