import type { ClientBase } from "pg";
import { MoveError } from "../errors.ts";
import { holdEpoch } from "../ledger/ledger.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { query, transaction } from "../postgres/query.ts";
import { accountOf, accountPrint, totpPrint } from "./account.ts";
import { type Identity, practiceExternalId, readIdentities } from "./identities.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

const BATCH = 20;

/**
 * Makes every moving person exist at WorkOS: user, home, practice where there is one, membership in each, and the TOTP factor where there is one. Who is there
 * already and has another address, name, password or TOTP secret at Clerk by now gets it at WorkOS too.
 *
 * Each person is a unit of its own. An id is written to the ledger as soon as WorkOS gave it; a person whose requests may have been sent
 * before a crash is looked up by external id before anything is created. Digests and secrets pass through memory only.
 *
 * @param people what Clerk knows, by legacy user id
 * @param onProgress called with the number of people done so far, and of all
 * @returns how many people were worked on
 * @throws MoveError WORKOS_UNREACHABLE, WORKOS_REFUSED, FENCED; what was done until then stays done
 */
export async function moveUsers(
  client: ClientBase,
  workos: PacedWorkos,
  people: ReadonlyMap<string, LegacyUser>,
  ownerRole: string,
  epoch: string,
  onProgress: (done: number, total: number) => void = () => {},
): Promise<number> {
  const identities = await readIdentities(client);
  // Somebody whom Clerk does not know (refused on a way back, deleted since) is not worked on; the gate names them as held.
  const left = identities.filter((identity) => people.has(identity.legacyUserId) && !isDone(identity, people.get(identity.legacyUserId)));
  for (let from = 0; from < left.length; from += BATCH) {
    const batch = left.slice(from, from + BATCH);
    await transaction(client, async () => {
      await holdEpoch(client, epoch);
      await query(
        client,
        "note which people are being moved",
        "update rehome.identity set attempted_at = coalesce(attempted_at, now()) where legacy_user_id = any($1)",
        [batch.map((identity) => identity.legacyUserId)],
      );
    });
    const results = await Promise.allSettled(batch.map((identity) => moveOne(workos, identity, person(people, identity), ownerRole)));
    await saveIds(client, epoch, batch);
    const failed = results.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
    onProgress(identities.length - left.length + from + batch.length, identities.length);
  }
  return left.length;
}

function person(people: ReadonlyMap<string, LegacyUser>, identity: Identity): LegacyUser {
  return people.get(identity.legacyUserId) as LegacyUser;
}

function isDone(identity: Identity, user: LegacyUser | undefined): boolean {
  return Boolean(
    identity.workosUserId &&
      identity.workosOrganizationId &&
      identity.workosMembershipId &&
      (identity.practiceName === null || (identity.workosPracticeId && identity.workosPracticeMembershipId)) &&
      user &&
      identity.accountPrint === accountPrint(user) &&
      identity.totpPrint === totpPrint(user),
  );
}

/** Fills in the ids as they come, so that a failure half-way loses none of them. */
async function moveOne(workos: PacedWorkos, identity: Identity, user: LegacyUser, ownerRole: string): Promise<void> {
  const lookFirst = identity.attempted;
  const { userManagement } = workos.sdk;
  const account = accountOf(user);
  let sent = false;
  identity.workosUserId ??= (
    await workos.once("write", `create the user for ${user.id}`, {
      find: () => orNull(userManagement.getUserByExternalId(user.id)),
      create: async () => {
        const created = await userManagement.createUser({ ...account, externalId: user.id });
        sent = true;
        return created;
      },
      lookFirst,
    })
  ).id;
  const userId = identity.workosUserId;
  if (!sent && identity.accountPrint !== accountPrint(user))
    await workos.repeatable("write", `bring the user for ${user.id} up to date`, () => userManagement.updateUser({ userId, ...account }));
  identity.accountPrint = accountPrint(user);
  const own = { workos, userId, ownerRole, lookFirst };
  const home = { externalId: user.id, name: identity.organizationName, what: `organization of ${user.id}` };
  await makeOwned(own, home, identity, "workosOrganizationId", "workosMembershipId");
  if (identity.practiceName !== null) {
    const practice = { externalId: practiceExternalId(user.id), name: identity.practiceName, what: `practice of ${user.id}` };
    await makeOwned(own, practice, identity, "workosPracticeId", "workosPracticeMembershipId");
  }
  if (identity.totpPrint !== totpPrint(user)) await carryTotp(workos, identity, userId, user);
}

interface Own {
  workos: PacedWorkos;
  userId: string;
  ownerRole: string;
  /** True when an earlier run may have sent these requests already. */
  lookFirst: boolean;
}

/**
 * Makes one organization of a person's own, and the membership in it. Each id is noted in the identity as it comes.
 *
 * @throws MoveError WORKOS_REFUSED when the organization was there, has other members and not this person: the mover lets nobody into others'
 */
async function makeOwned(
  { workos, userId, ownerRole, lookFirst }: Own,
  { externalId, name, what }: Record<"externalId" | "name" | "what", string>,
  identity: Identity,
  organizationKey: "workosOrganizationId" | "workosPracticeId",
  membershipKey: "workosMembershipId" | "workosPracticeMembershipId",
): Promise<void> {
  const { userManagement, organizations } = workos.sdk;
  let isNew = false;
  identity[organizationKey] ??= (
    await workos.once("other", `create the ${what}`, {
      find: () => orNull(organizations.getOrganizationByExternalId(externalId)),
      create: async () => {
        const created = await organizations.createOrganization({ name, externalId });
        isNew = true;
        return created;
      },
      lookFirst,
    })
  ).id;
  const organizationId = identity[organizationKey];
  const statuses = ["active" as const, "inactive" as const, "pending" as const];
  identity[membershipKey] ??= (
    await workos.once("write", `create the membership in the ${what}`, {
      find: async () => {
        const mine = await userManagement.listOrganizationMemberships({ userId, organizationId, statuses });
        if (mine.data[0]) return mine.data[0];
        const others = await userManagement.listOrganizationMemberships({ organizationId, statuses, limit: 1 });
        if (others.data.length > 0) throw belongsToOthers(organizationId, what);
        return null;
      },
      create: () => userManagement.createOrganizationMembership({ userId, organizationId, roleSlug: ownerRole }),
      lookFirst: lookFirst || !isNew,
    })
  ).id;
}

const belongsToOthers = (organizationId: string, what: string): MoveError =>
  new MoveError("WORKOS_REFUSED", `The ${what} (${organizationId}) has other members at WorkOS, and that person is none of them.`, {
    next: "If it was given away, take its external id away in the WorkOS dashboard, then run the same command again: a new one is made.",
  });

/** The factor's secret cannot be changed, nor read again: what may be there of an earlier one goes first. */
async function carryTotp(workos: PacedWorkos, identity: Identity, userId: string, user: LegacyUser): Promise<void> {
  const { multiFactorAuth } = workos.sdk;
  const factors = async () => (await multiFactorAuth.listUserAuthFactors({ userId })).data;
  const earlier = identity.attempted ? await workos.repeatable("read", `list the factors of ${user.id}`, factors) : [];
  for (const factor of earlier)
    await workos.repeatable("write", `remove an earlier TOTP factor of ${user.id}`, () =>
      orNull(multiFactorAuth.deleteFactor(factor.id).then(() => true)),
    );
  const secret = user.totp;
  if (secret) {
    await workos.once("write", `enrol the TOTP factor of ${user.id}`, {
      find: async () => ((await factors()).length > 0 ? true : null),
      create: async () => {
        await multiFactorAuth.createUserAuthFactor({ userId, type: "totp", totpSecret: secret.reveal() });
        return true;
      },
      lookFirst: false,
    });
  }
  identity.totpPrint = totpPrint(user);
}

async function saveIds(client: ClientBase, epoch: string, batch: readonly Identity[]): Promise<void> {
  await transaction(client, async () => {
    await holdEpoch(client, epoch);
    await query(
      client,
      "write WorkOS ids to the identity map",
      `update rehome.identity i
          set workos_user_id = b.u, workos_organization_id = b.o, workos_membership_id = b.m, workos_practice_id = b.p, workos_practice_membership_id = b.pm,
              account_print = b.a, totp_print = b.t
         from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) b(id, u, o, m, p, pm, a, t)
        where i.legacy_user_id = b.id`,
      [
        batch.map((identity) => identity.legacyUserId),
        batch.map((identity) => identity.workosUserId),
        batch.map((identity) => identity.workosOrganizationId),
        batch.map((identity) => identity.workosMembershipId),
        batch.map((identity) => identity.workosPracticeId),
        batch.map((identity) => identity.workosPracticeMembershipId),
        batch.map((identity) => identity.accountPrint),
        batch.map((identity) => identity.totpPrint),
      ],
    );
  });
}
