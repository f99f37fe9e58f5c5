import { type DeletionOptions, erasePerson, type RunJob } from "@rehome/tenancy";
import type { WorkOS } from "@workos-inc/node";
import { eraseByAddress } from "./install.ts";

export interface ErasureParts {
  workos: WorkOS;
  sync: RunJob;
  claim: RunJob;
  deletion: RunJob;
}

/**
 * Forgets a person of Eleva: as erasePerson, by every address that is proved to be the person's. WorkOS knows one; Eleva verified those in
 * `user_emails`, which go in the erasure and are read before it. After a crash at any point call it again.
 *
 * @param person.orgId the home
 * @throws OrganizationError as erasePerson
 */
export async function erasePersonOfEleva(
  parts: ErasureParts,
  person: { userId: string; orgId: string },
  options: Omit<DeletionOptions, "archive"> = {},
): Promise<void> {
  const { rows } = await parts.sync((query) =>
    query<{ email: string }>("select email from user_emails where workos_user_id = $1 and verified", [person.userId]),
  );
  await erasePerson(parts, { ...person, addresses: rows.map(({ email }) => email) }, { ...options, archive: eraseByAddress });
}
