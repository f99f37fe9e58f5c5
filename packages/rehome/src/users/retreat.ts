import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { query } from "../postgres/query.ts";
import { type Known, readKnown, saveOutcomes } from "./known.ts";
import { forgetUser } from "./move-one.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

/** Somebody who does not move any more, and what was taken away at WorkOS. */
export interface Removed {
  id: string;
  reason: string;
  what: string[];
}

/** As many may leave without anybody looking: accounts are closed all the time. */
const FEW = 5;
const FEW_PERCENT = 10;

const LEFT = `not i.moved and (i.workos_user_id is not null or i.workos_organization_id is not null or i.workos_practice_id is not null)`;

/**
 * Refuses to remove more people than ordinary life explains: another Clerk instance, or a shorter export, looks like everybody's deletion.
 *
 * @param confirmed how many the operator said may go
 * @throws MoveError GATE_CLOSED
 */
export async function refuseMassRemoval(client: ClientBase, confirmed: number): Promise<void> {
  const [count] = await query<{ leaving: number; there: number; who: string[] }>(
    client,
    "count who no longer moves",
    `select count(*) filter (where ${LEFT})::int as leaving, count(i.workos_user_id)::int as there,
            (array_agg(i.legacy_user_id order by i.legacy_user_id) filter (where ${LEFT}))[1:20] as who
       from rehome.identity i`,
  );
  const { leaving = 0, there = 0, who } = count ?? {};
  if (leaving <= Math.max(FEW, confirmed, Math.floor((there * FEW_PERCENT) / 100))) return;
  throw new MoveError("GATE_CLOSED", `${leaving} people who were moved would be removed at WorkOS, among them ${(who ?? []).join(", ")}.`, {
    next: `Look at \`rehome plan\`: is it the right Clerk instance, and a whole export? If they shall go: \`rehome users --remove ${leaving}\`. Nothing was changed at WorkOS.`,
  });
}

/**
 * Takes away what this move made for people who no longer move: the user, so that nobody signs in, and the organizations. What the move did not make is not
 * deleted: memberships of such a user in the person's organizations are deactivated.
 *
 * @param only legacy ids; null for everybody
 *
 * May be run again; a person is written to the ledger when all of it is gone.
 */
export async function retreatPeople(
  client: ClientBase,
  workos: PacedWorkos,
  epoch: string,
  only: readonly string[] | null,
): Promise<Removed[]> {
  const people = await readKnown(client, `${LEFT} and ($1::text[] is null or i.legacy_user_id = any($1))`, [only]);
  const reasons = new Map(
    (
      await query<{ id: string; reason: string }>(
        client,
        "read why they no longer move",
        "select legacy_user_id as id, reason from rehome.disposition where legacy_user_id = any($1)",
        [people.map((known) => known.legacyUserId)],
      )
    ).map((row) => [row.id, row.reason]),
  );
  const removed: Removed[] = [];
  for (const known of people) {
    const what = await removeAtWorkos(workos, known);
    await saveOutcomes(client, epoch, [{ known, changes: what.map((one) => `removed: ${one}`), settled: true, keepsRefusal: true }]);
    removed.push({ id: known.legacyUserId, reason: reasons.get(known.legacyUserId) ?? "deleted_in_clerk", what });
  }
  return removed;
}

/** What was taken away, in words. */
export async function removeAtWorkos(workos: PacedWorkos, known: Known): Promise<string[]> {
  const { userManagement } = workos.sdk;
  const what: string[] = [];
  const { userId } = known;
  if (userId !== null && known.madeUser) {
    await workos.repeatable("write", `remove the user of ${known.legacyUserId}`, () => orNull(userManagement.deleteUser(userId)));
    what.push("account");
  } else if (userId !== null) {
    for (const { membershipId } of Object.values(known.organizations)) {
      if (membershipId === null) continue;
      await workos.repeatable("write", `deactivate a membership of ${known.legacyUserId}`, () =>
        orNull(userManagement.deactivateOrganizationMembership(membershipId)),
      );
    }
    what.push(`memberships; user ${userId} stays, because this move did not make it`);
  }
  for (const [kind, organization] of Object.entries(known.organizations)) {
    if (organization.id === null) continue;
    const organizationId = organization.id;
    const name = kind === "home" ? "organization" : kind;
    if (organization.made) {
      const others = await workos.repeatable("read", `look who is in the ${name} of ${known.legacyUserId}`, () =>
        userManagement.listOrganizationMemberships({ organizationId, statuses: ["active", "inactive", "pending"], limit: 1 }),
      );
      if (others.data.length > 0) what.push(`${name} ${organizationId} stays, because others are members`);
      else {
        await workos.deleteOrganization(`remove the ${name} of ${known.legacyUserId}`, organizationId);
        what.push(name);
      }
    }
    Object.assign(organization, { id: null, membershipId: null, name: null, role: null, updatedAt: null, made: false });
  }
  forgetUser(known);
  return what;
}
