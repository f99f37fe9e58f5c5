import type { WorkOS } from "@workos-inc/node";
import { OrganizationError } from "./errors.ts";
import type { RunJob } from "./run.ts";

/**
 * Gives a person what a guest left under the same address. The address is asked from WorkOS now, because tokens carry none, and counts only
 * when WorkOS has verified it. Once only; a later booking under that address is a new guest, to be claimed anew.
 *
 * @param parts.run as the job `claim`
 * @returns rows given by `table.column`; undefined when nobody booked with the address
 * @throws OrganizationError address_not_proved, unknown_organization, rows_remain
 */
export async function claimGuest(
  { workos, run }: { workos: WorkOS; run: RunJob },
  userId: string,
): Promise<Record<string, number> | undefined> {
  const user = await workos.userManagement.getUser(userId);
  if (!user.emailVerified) throw new OrganizationError("address_not_proved");
  return await claimAddress({ run }, user.id, user.email);
}

/** The same for an address that is proved to be the person's by other means. */
export async function claimAddress({ run }: { run: RunJob }, userId: string, address: string): Promise<Record<string, number> | undefined> {
  const { rows } = await run((query) =>
    query<{ given: Record<string, number> | null }>("select tenancy.claim_guest($1, $2) as given", [userId, address]),
  );
  return rows[0]?.given ?? undefined;
}
