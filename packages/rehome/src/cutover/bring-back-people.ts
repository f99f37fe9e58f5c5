import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import { id } from "../postgres/identifier.ts";
import { query, transaction } from "../postgres/query.ts";
import { openWorkos } from "../users/workos.ts";
import { type Clerk, clerkFailed, isRefusalOfOne, openClerk } from "./clerk.ts";
import { notePractices } from "./note-practices.ts";
import { peopleTable } from "./people-table.ts";

/** What became of the people who signed up after the cutover. */
export interface BroughtBack {
  people: number;
  /** WorkOS user ids of those whom Clerk did not take. */
  refused: string[];
}

interface Newcomer {
  [name: string]: unknown;
  workosUserId: string;
  email: string;
  emailVerified: boolean;
  organizationId: string;
  /** False for one who joined an organization of somebody who moved, such as a clinic. */
  ownOrganization: boolean;
}

/**
 * Gives everyone who signed up after the cutover a Clerk user, so that their rows can name one on legacy.
 *
 * Carried is the address with its verified state; WorkOS gives out no password, so they set one anew. The Clerk user is found by external id
 * first (the WorkOS user id), so running again creates nobody twice; WorkOS learns the legacy id, as of everyone who moved. Home and practice of one
 * person come back as one legacy user (see `notePractices`).
 *
 * One person whom Clerk does not take (the address may belong to somebody held) does not stop the way back of all others: legacy's rows get a
 * stand-in id, and the person is held, by name, before the next cutover.
 *
 * @param how with `stand_in` nobody is asked: everybody gets the stand-in, as if Clerk had refused
 */
export async function bringBackPeople(
  config: MoveConfig,
  target: ClientBase,
  epoch: string,
  how: "clerk" | "stand_in" = "clerk",
): Promise<BroughtBack> {
  const figures = await bringBackNewcomers(config, target, epoch, how);
  if (how === "clerk") await notePractices(config, target, epoch);
  return figures;
}

async function bringBackNewcomers(config: MoveConfig, target: ClientBase, epoch: string, how: "clerk" | "stand_in"): Promise<BroughtBack> {
  const newcomers = await readNewcomers(config, target);
  if (newcomers.length === 0) return { people: 0, refused: [] };
  const refused: string[] = [];
  const clerk = openClerk(config.legacy.clerk);
  const workos = openWorkos(config.target.workos);
  for (const person of newcomers) {
    const clerkUserId = how === "clerk" ? await clerkUserFor(clerk, person) : null;
    const legacyUserId = clerkUserId ?? `without_clerk_${person.workosUserId}`;
    if (clerkUserId === null) refused.push(person.workosUserId);
    else {
      await workos.repeatable("write", `note the legacy id of ${person.workosUserId}`, () =>
        workos.sdk.userManagement.updateUser({ userId: person.workosUserId, externalId: clerkUserId }),
      );
      if (person.ownOrganization) {
        await workos.repeatable("other", `note the legacy id of ${person.organizationId}`, () =>
          workos.sdk.organizations.updateOrganization({ organization: person.organizationId, externalId: clerkUserId }),
        );
      }
    }
    await transaction(target, async () => {
      await holdEpoch(target, epoch);
      await query(
        target,
        "write a newcomer to the identity map",
        `insert into rehome.identity (legacy_user_id, moved, workos_user_id, workos_organization_id, email, email_verified, password_print)
         values ($1, true, $2, $3, $4, $5, 'none') on conflict do nothing`,
        [legacyUserId, person.workosUserId, person.ownOrganization ? person.organizationId : null, person.email, person.emailVerified],
      );
      await query(
        target,
        "write a newcomer's disposition",
        "insert into rehome.disposition (legacy_user_id, disposition, reason) values ($1, $2, $3) on conflict do nothing",
        clerkUserId === null
          ? [legacyUserId, "hold", "refused_by_clerk"]
          : [legacyUserId, "move_reset_password", "signed_up_after_cutover"],
      );
    });
  }
  return { people: newcomers.length - refused.length, refused };
}

/** How many people signed up after the cutover and are not in the identity map yet. Asks the target only. */
export async function newcomersLeft(config: MoveConfig, target: ClientBase): Promise<number> {
  return (await readNewcomers(config, target)).length;
}

async function readNewcomers(config: MoveConfig, target: ClientBase): Promise<Newcomer[]> {
  const table = peopleTable(config);
  if (!table) return [];
  return query<Newcomer>(
    target,
    "find people who signed up after the cutover",
    `select t.${id(table.userColumn)} as "workosUserId", t.${id(table.emailColumn)} as email, coalesce(t.${id(table.verifiedColumn)}, false) as "emailVerified", t.org_id as "organizationId",
            not exists (select from rehome.identity i where t.org_id in (i.workos_organization_id, i.workos_practice_id)) as "ownOrganization"
       from public.${id(table.name)} t where not exists (select from rehome.identity i where i.workos_user_id = t.${id(table.userColumn)})`,
  );
}

/** Null when Clerk refuses this person; other failures stop the rollback, which may be run again. */
async function clerkUserFor(clerk: Clerk, person: Newcomer): Promise<string | null> {
  try {
    const found = await clerk.users.getUserList({ externalId: [person.workosUserId] });
    if (found.data[0]) return found.data[0].id;
    const created = await clerk.users.createUser({
      emailAddress: [person.email],
      externalId: person.workosUserId,
      skipPasswordRequirement: true,
      // Clerk marks addresses verified on creation unless told otherwise.
      ...(person.emailVerified ? {} : { emailAddressIdentificationStatus: ["reserved"] }),
    });
    return created.id;
  } catch (error) {
    if (isRefusalOfOne(error)) return null;
    throw clerkFailed(error, `bring back the person with WorkOS user ${person.workosUserId}`);
  }
}
