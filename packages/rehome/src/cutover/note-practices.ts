import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import { query, transaction } from "../postgres/query.ts";
import { practiceExternalId } from "../users/identities.ts";
import { openWorkos, orNull, type PacedWorkos } from "../users/workos.ts";

interface Practice {
  [name: string]: unknown;
  legacyUserId: string;
  organizationId: string;
  membershipId: string | null;
  type: string;
  name: string | null;
}

/**
 * Notes in the identity map whose practices the target holds: one that the product made after the cutover is known from then on, and one that was
 * given away is its founder's no more. So a next move neither makes a second practice nor lets anybody back into what is somebody else's.
 *
 * WorkOS is told before the ledger: there the external id says whose a practice is. May be run again; a run that changes nothing asks nothing.
 */
export async function notePractices(config: MoveConfig, target: ClientBase, epoch: string): Promise<void> {
  const held = config.people.practices;
  if (held === undefined) return;
  const given = await query<{ legacyUserId: string; organizationId: string }>(
    target,
    "find practices that were given away",
    `with held as (${held})
     select i.legacy_user_id as "legacyUserId", i.workos_practice_id as "organizationId" from rehome.identity i
      where i.workos_practice_id is not null
        and not exists (select from held h where h.user_id = i.workos_user_id and h.organization_id = i.workos_practice_id)`,
  );
  let workos: PacedWorkos | undefined;
  const nameAtWorkos = async (organization: string, externalId: string | null) => {
    workos ??= openWorkos(config.target.workos);
    const { sdk, repeatable } = workos;
    const send = () => orNull(sdk.organizations.updateOrganization({ organization, externalId }));
    await repeatable("other", `note whose practice ${organization} is`, send);
  };
  for (const { legacyUserId, organizationId } of given) {
    await nameAtWorkos(organizationId, null);
    await note(target, epoch, legacyUserId, null);
  }
  const made = await query<Practice>(
    target,
    "find practices that the product made",
    `with held as (${held})
     select distinct on (i.legacy_user_id) i.legacy_user_id as "legacyUserId", h.organization_id as "organizationId",
            h.membership_id as "membershipId", h.type, h.name
       from held h join rehome.identity i on i.workos_user_id = h.user_id
      where i.moved and i.workos_practice_id is null
        and not exists (select from rehome.identity o where h.organization_id in (o.workos_practice_id, o.workos_organization_id))
      order by i.legacy_user_id, h.organization_id`,
  );
  for (const practice of made) {
    // Who has no Clerk user has no legacy id that WorkOS could be told.
    if (!practice.legacyUserId.startsWith("without_clerk_"))
      await nameAtWorkos(practice.organizationId, practiceExternalId(practice.legacyUserId));
    await note(target, epoch, practice.legacyUserId, practice);
  }
}

async function note(target: ClientBase, epoch: string, legacyUserId: string, practice: Practice | null): Promise<void> {
  await transaction(target, async () => {
    await holdEpoch(target, epoch);
    await query(
      target,
      "note whose practice it is",
      `update rehome.identity
          set workos_practice_id = $2, workos_practice_membership_id = $3, practice_type = $4, practice_name = $5 where legacy_user_id = $1`,
      [legacyUserId, practice?.organizationId, practice?.membershipId, practice?.type, practice?.name],
    );
  });
}
