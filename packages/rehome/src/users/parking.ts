import type { ClientBase } from "pg";
import { readKnown, saveOutcomes } from "./known.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

/**
 * Sets aside addresses that change hands: whoever holds one at WorkOS that another person shall have now, and shall have another one himself, is parked
 * first at an address that takes no mail. So chains and exchanges need no order; the person's own new address is sent by the work that follows.
 *
 * @param domain see `users.parkingDomain`
 * @returns how many were parked
 */
export async function parkAddresses(client: ClientBase, workos: PacedWorkos, epoch: string, domain: string): Promise<number> {
  const people = await readKnown(
    client,
    `i.moved and i.workos_user_id is not null and i.workos_email is not null and lower(i.workos_email) <> lower(i.email)
       and exists (select from rehome.identity a where a.moved and a.legacy_user_id <> i.legacy_user_id and lower(a.email) = lower(i.workos_email))`,
    [],
  );
  for (const known of people) {
    const userId = known.userId as string;
    const email = `${known.rowId}@${domain}`;
    // Noted first: after a lost reply the address may stand at WorkOS already.
    known.accountPrint = null;
    known.attempted = true;
    await saveOutcomes(client, epoch, [{ known, changes: [], settled: true }]);
    const parked = await workos.repeatable("write", `set the address of ${known.legacyUserId} aside`, () =>
      orNull(workos.sdk.userManagement.updateUser({ userId, email, emailVerified: false })),
    );
    if (!parked) continue; // gone at WorkOS; the work that follows makes the user anew
    known.email = parked.email;
    known.updatedAt = parked.updatedAt;
    await saveOutcomes(client, epoch, [{ known, changes: [], settled: true }]);
  }
  return people.length;
}
