import { MoveError } from "../errors.ts";
import {
  accountFields,
  accountPrint,
  CLOSED_PASSWORD,
  changedParts,
  NO_PASSWORD,
  newUser,
  passwordFields,
  passwordPrint,
  totpPrint,
  unknownPassword,
  type Wanted,
} from "./account.ts";
import { levelFactor } from "./factors.ts";
import type { Known } from "./known.ts";
import { levelOrganization } from "./organizations.ts";
import { orNull, type PacedWorkos } from "./workos.ts";

/** Whether WorkOS was told last what Clerk says now: then nothing is sent. */
export function isLevel(known: Known, wanted: Wanted): boolean {
  return (
    known.userId !== null &&
    known.accountPrint === accountPrint(wanted) &&
    hasRightPassword(known, wanted) &&
    known.totpPrint === totpPrint(wanted) &&
    wanted.organizations.every((organization) => {
      const there = known.organizations[organization.kind];
      return there.id !== null && there.membershipId !== null && there.name === organization.name && there.role === organization.role;
    })
  );
}

/** Where no password can be carried it is enough that WorkOS has none of ours: one that the person set at WorkOS stays. */
function hasRightPassword(known: Known, wanted: Wanted): boolean {
  const print = passwordPrint(wanted);
  return print === null ? known.passwordPrint === NO_PASSWORD || known.passwordPrint === CLOSED_PASSWORD : known.passwordPrint === print;
}

/**
 * Makes WorkOS say of one person what Clerk says: the user, each organization and the membership in it, the factor. Sends only what differs from
 * what the ledger knows, and fills in `known` as the answers come.
 *
 * @param save writes `known` to the ledger at once; for the one request that cannot be looked up afterwards without it
 * @returns what was changed, in words
 * @throws MoveError; WORKOS_REFUSED with `refusal` when WorkOS refuses this person and not us
 */
export async function moveOne(workos: PacedWorkos, known: Known, wanted: Wanted, save: () => Promise<void>): Promise<string[]> {
  const knewUser = known.userId;
  const changes = await levelUser(workos, known, wanted);
  for (const organization of wanted.organizations) changes.push(...(await levelOrganization(workos, known, organization)));
  const isNew = knewUser !== known.userId && changes.includes(CREATED);
  changes.push(...(await levelFactor(workos, known, wanted, { isNew, save })));
  if (known.doubtSince === null) known.factorsBefore = null;
  return changes[0] === CREATED ? [CREATED] : changes;
}

/** The one word for a person who was made whole from nothing. */
export const CREATED = "created";
const FINISHED = "created: an earlier run had begun";

async function levelUser(workos: PacedWorkos, known: Known, wanted: Wanted): Promise<string[]> {
  if (known.userId === null) return makeUser(workos, known, wanted);
  const changes = [
    ...changedParts(known.accountPrint, wanted),
    ...(hasRightPassword(known, wanted) ? [] : [wanted.password ? "password" : "password closed"]),
  ];
  if (changes.length === 0) return [];
  const { userId } = known;
  const updated = await workos.repeatable("write", `bring the user for ${wanted.id} up to date`, () =>
    orNull(workos.sdk.userManagement.updateUser({ userId, ...accountFields(wanted), ...passwordChange(known, wanted) })),
  );
  if (updated) {
    noteUser(known, wanted, updated);
    return changes;
  }
  // Somebody deleted the user at WorkOS. Memberships and factors went along.
  forgetUser(known);
  return ["made anew: WorkOS had the user no more", ...(await makeUser(workos, known, wanted))];
}

async function makeUser(workos: PacedWorkos, known: Known, wanted: Wanted): Promise<string[]> {
  const { userManagement } = workos.sdk;
  const { value: user, created } = await workos
    .once("write", `create the user for ${wanted.id}`, {
      find: () => orNull(userManagement.getUserByExternalId(wanted.id)),
      create: () => userManagement.createUser(newUser(wanted)),
      lookFirst: known.attempted,
    })
    .catch(async (error: unknown) => {
      throw await namingTheHolder(error, workos, wanted);
    });
  known.userId = user.id;
  known.madeUser = created || user.metadata["rehome_move"] === wanted.metadata["rehome_move"];
  if (created) {
    noteUser(known, wanted, user);
    known.passwordPrint = passwordPrint(wanted) ?? NO_PASSWORD;
    known.factorsBefore = [];
    return [CREATED];
  }
  // Made by a process that died before it wrote so: a factor that is there was enrolled by that process.
  if (known.madeUser) known.factorsBefore ??= [];
  // What it was created with is not known: all of it is sent.
  const updated = await workos.repeatable("write", `bring the user for ${wanted.id} up to date`, () =>
    userManagement.updateUser({ userId: user.id, ...accountFields(wanted), ...passwordChange(known, wanted), metadata: wanted.metadata }),
  );
  noteUser(known, wanted, updated);
  return [known.madeUser ? FINISHED : "taken over: WorkOS had a user with this external id"];
}

/** A digest replaces whatever is there. Where none can be carried, a password that may be there is made one that nobody knows. */
function passwordChange(known: Known, wanted: Wanted) {
  if (wanted.password) return passwordFields(wanted.password);
  return hasRightPassword(known, wanted) ? {} : unknownPassword();
}

function noteUser(known: Known, wanted: Wanted, user: { updatedAt: string; email: string }): void {
  if (!hasRightPassword(known, wanted)) known.passwordPrint = passwordPrint(wanted) ?? CLOSED_PASSWORD;
  known.accountPrint = accountPrint(wanted);
  known.email = user.email;
  known.updatedAt = user.updatedAt;
}

/** The user is gone at WorkOS, and with it the memberships and factors. */
export function forgetUser(known: Known): void {
  known.attempted = true;
  Object.assign(known, {
    userId: null,
    madeUser: false,
    accountPrint: null,
    passwordPrint: null,
    totpPrint: null,
    email: null,
    updatedAt: null,
  });
  Object.assign(known, { factorId: null, factorsBefore: null });
  for (const organization of Object.values(known.organizations)) organization.membershipId = null;
}

/** Says whose account has the address, because what to do hangs on it. */
async function namingTheHolder(error: unknown, workos: PacedWorkos, wanted: Wanted): Promise<unknown> {
  if (!(error instanceof MoveError) || error.refusal !== "email_not_available") return error;
  const found = await workos.repeatable("read", `look who has the address of ${wanted.id}`, () =>
    workos.sdk.userManagement.listUsers({ email: wanted.email }),
  );
  const holder = found.data[0];
  if (!holder) return error;
  const ours = holder.metadata["rehome_move"] === wanted.metadata["rehome_move"];
  const whose = ours ? `which this move made for ${holder.externalId}` : "which this move did not make";
  return new MoveError("WORKOS_REFUSED", `WorkOS user ${holder.id}, ${whose}, has the address of ${wanted.id}.`, {
    next: "Settle whose address it is, then run the same command again; or settle the person with `rehome resolve`.",
    refusal: error.refusal,
  });
}
