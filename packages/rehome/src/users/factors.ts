import { totpPrint, type Wanted } from "./account.ts";
import type { Known } from "./known.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

/**
 * Makes the TOTP factor what it is at Clerk. A secret cannot be changed nor read again, so another one is a new factor and the end of the old.
 *
 * Only a factor that this move enrolled is removed. One that the person enrolled at WorkOS stays, and is listed.
 *
 * A factor has no key of its own that would refuse a second one. So what was there before is written to the ledger before one is enrolled, what is there
 * after a lost reply and was not before is ours, and a request that may still arrive leaves a doubt (see doubts.ts).
 *
 * @param isNew the user was created a moment ago, so there is no factor yet
 * @param save writes `known` to the ledger at once
 * @returns what was changed, in words
 */
export async function levelFactor(
  workos: PacedWorkos,
  known: Known,
  wanted: Wanted,
  { isNew, save }: { isNew: boolean; save: () => Promise<void> },
): Promise<string[]> {
  if (known.totpPrint === totpPrint(wanted)) return [];
  const changes: string[] = [];
  const present = isNew ? [] : await factorsOf(workos, known);
  const ours = present.filter((id) => isOurs(id, known));
  for (const id of ours) {
    await removeFactor(workos, known, id);
    changes.push("factor removed");
  }
  const own = present.filter((id) => !ours.includes(id));
  changes.push(...own.map((id) => `kept factor ${id}, which this move did not enrol`));
  known.factorId = null;
  known.totpPrint = null;
  if (wanted.totpSecret === null) return changes;
  const before = known.factorsBefore;
  known.factorsBefore = own;
  if (!isNew && JSON.stringify(before) !== JSON.stringify(own)) await save();
  await enrol(workos, known, wanted);
  return [ours.length > 0 ? "factor replaced" : "factor enrolled", ...changes.filter((change) => change !== "factor removed")];
}

async function enrol(workos: PacedWorkos, known: Known, wanted: Wanted): Promise<void> {
  const { multiFactorAuth } = workos.sdk;
  const userId = known.userId as string;
  const { value, unsure } = await workos.once("write", `enrol the TOTP factor of ${known.legacyUserId}`, {
    find: async () => (await listFactors(workos, userId)).find((id) => !known.factorsBefore?.includes(id)) ?? null,
    create: async () =>
      (await multiFactorAuth.createUserAuthFactor({ userId, type: "totp", totpSecret: wanted.totpSecret as string })).authenticationFactor
        .id,
    lookFirst: false,
  });
  known.factorId = value;
  known.totpPrint = totpPrint(wanted);
  if (unsure) known.doubtSince = Date.now();
}

/** Whether this move enrolled it. While an enrolment may be under way (`factorsBefore`), whatever was not there before is ours. */
export function isOurs(id: string, known: Known): boolean {
  return id === known.factorId || (known.factorsBefore !== null && !known.factorsBefore.includes(id));
}

export async function factorsOf(workos: PacedWorkos, known: Known): Promise<string[]> {
  return workos.repeatable("read", `list the factors of ${known.legacyUserId}`, () => listFactors(workos, known.userId as string));
}

export async function removeFactor(workos: PacedWorkos, known: Known, id: string): Promise<void> {
  await workos.repeatable("write", `remove an earlier TOTP factor of ${known.legacyUserId}`, () =>
    orNull(workos.sdk.multiFactorAuth.deleteFactor(id).then(() => true)),
  );
}

async function listFactors(workos: PacedWorkos, userId: string): Promise<string[]> {
  return (await workos.sdk.multiFactorAuth.listUserAuthFactors({ userId, limit: 100 })).data.map((factor) => factor.id);
}
