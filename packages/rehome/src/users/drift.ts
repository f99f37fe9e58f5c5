import { ORGANIZATION_KINDS, type Wanted } from "./account.ts";
import type { Known } from "./known.ts";
import type { Account, Observed, Seen } from "./observe.ts";

/** One thing that is not at WorkOS as it shall be. */
export interface Difference {
  /** In words, for a person; with the legacy id in front. */
  what: string;
  /** Makes the ledger know what is really there, so that the next work sends what is missing. Absent where nothing can be repaired. */
  correct?: (known: Known) => unknown;
  /** What must be taken away. */
  remove?: { kind: "membership" | "factor"; id: string };
}

export interface DriftContext {
  observed: Observed;
  accountById: ReadonlyMap<string, Account>;
  /** Whose organization it is, by its id. */
  ownerOf: ReadonlyMap<string, string>;
  /** `user organization` of memberships that the product gave while the target served. */
  letIn: ReadonlySet<string>;
  /** WorkOS had this person first (signed up after a cutover): the home has no external id of ours. */
  isNewcomer: boolean;
}

/** Clock of WorkOS: how much later than a sign-in an account may be dated by it. */
const SIGN_IN_MS = 100;

/**
 * Compares what WorkOS shows of one person with what Clerk says, and with what the ledger holds for theirs.
 *
 * A password is never shown. But WorkOS dates each change: one that this move did not make is named, because it may have been a password.
 */
export function driftOf(known: Known, wanted: Wanted, context: DriftContext): Difference[] {
  const { observed, accountById, isNewcomer } = context;
  const account = accountById.get(known.userId ?? "");
  const { home } = known.organizations;
  const byExternalId = observed.accounts.find((one) => one.externalId === wanted.id);
  if (!isNewcomer && byExternalId && byExternalId.id !== known.userId) {
    return [{ what: "another WorkOS user than the identity map says" }];
  }
  if (!account || home.id === null || home.membershipId === null || (!isNewcomer && !byExternalId)) {
    return [{ what: "no WorkOS user, organization or membership", correct: (one) => (account ? resend(one) : forget(one)) }];
  }
  return [
    ...accountDrift(known, wanted, account),
    ...organizationDrift(known, wanted, context, account),
    ...factorDrift(known, wanted, observed.seen.get(account.id)),
  ];
}

function accountDrift(known: Known, wanted: Wanted, account: Account): Difference[] {
  const found: Difference[] = [];
  const differs = (what: string) => found.push({ what, correct: resend });
  if (account.emailVerified !== wanted.emailVerified) differs("verified state of the address differs");
  if (account.email.toLowerCase() !== wanted.email.toLowerCase()) differs("another address");
  if ((account.firstName ?? "") !== (wanted.firstName ?? "") || (account.lastName ?? "") !== (wanted.lastName ?? ""))
    differs("another name");
  if (found.length === 0 && known.updatedAt !== null && account.updatedAt > known.updatedAt && !isDatedBySignIn(account))
    differs("changed at WorkOS since this move wrote it: the password may be another");
  return found;
}

function isDatedBySignIn({ updatedAt, lastSignInAt }: Account): boolean {
  return lastSignInAt !== null && Math.abs(Date.parse(updatedAt) - Date.parse(lastSignInAt)) < SIGN_IN_MS;
}

function organizationDrift(known: Known, wanted: Wanted, context: DriftContext, account: Account): Difference[] {
  const { observed, isNewcomer, ownerOf, letIn } = context;
  const seen = observed.seen.get(account.id);
  const found: Difference[] = [];
  for (const kind of ORGANIZATION_KINDS) {
    const due = wanted.organizations.find((organization) => organization.kind === kind);
    const there = known.organizations[kind];
    if (!due) continue;
    const is = observed.organizations.get(there.id ?? "");
    const what = kind === "home" ? "organization" : kind;
    if (there.id === null || there.membershipId === null) {
      found.push({ what: `no ${what}, or no membership in it`, correct: () => {} });
      continue;
    }
    const again = (one: Known) => Object.assign(one.organizations[kind], { name: null });
    if (!is || (is.externalId !== due.externalId && !(isNewcomer && kind === "home")))
      found.push({
        what: `the ${what} is not the person's own`,
        correct: is ? again : (one) => void Object.assign(again(one), { id: null, membershipId: null }),
      });
    else if (is.name !== due.name && !isNewcomer) found.push({ what: `the ${what} has another name`, correct: again });
    const membership = seen?.memberships.find((one) => one.organizationId === there.id);
    const inIt = kind === "home" ? "the membership" : `the membership in the ${kind}`;
    if (membership?.status !== "active")
      found.push({
        what: `${inIt} is not active at WorkOS`,
        correct: (one) => Object.assign(one.organizations[kind], { membershipId: null }),
      });
    else if (membership.role !== due.role)
      found.push({ what: `${inIt} has another role`, correct: (one) => Object.assign(one.organizations[kind], { role: membership.role }) });
  }
  for (const membership of seen?.memberships ?? []) {
    const owner = ownerOf.get(membership.organizationId);
    if (membership.status !== "active" || owner === undefined || owner === wanted.id) continue;
    if (letIn.has(`${account.id} ${membership.organizationId}`)) continue;
    found.push({ what: "is a member of another person's organization", remove: { kind: "membership", id: membership.id } });
  }
  return found;
}

function factorDrift(known: Known, wanted: Wanted, seen: Seen | undefined): Difference[] {
  if (!seen) return [];
  const found: Difference[] = [];
  const ours = seen.factors.filter((id) => id === known.factorId);
  if (wanted.totpSecret !== null && ours.length === 0)
    found.push({
      what: "no factor at WorkOS, and Clerk has one",
      correct: (one) => void Object.assign(one, { totpPrint: null, factorId: null }),
    });
  if (wanted.totpSecret === null && ours.length > 0)
    found.push({
      what: "a factor at WorkOS that Clerk has no more",
      correct: (one) => Object.assign(one, { totpPrint: one.totpPrint ?? "unknown" }),
    });
  for (const id of seen.factors.filter((one) => one !== known.factorId))
    found.push({ what: `factor ${id} at WorkOS, which this move did not enrol`, remove: { kind: "factor", id } });
  return found;
}

function resend(known: Known): void {
  known.accountPrint = null;
  known.passwordPrint = null;
}

function forget(known: Known): void {
  Object.assign(known, { userId: null, madeUser: false, accountPrint: null, passwordPrint: null, totpPrint: null, factorId: null });
  for (const organization of Object.values(known.organizations)) organization.membershipId = null;
}
