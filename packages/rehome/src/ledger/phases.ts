import { MoveError } from "../errors.ts";

/** Where a move stands. */
export type MoveState = "preparing" | "copied" | "cutting_over" | "switched" | "rolling_back" | "rolled_back";

export type WritingVerb = "schema" | "users" | "copy" | "verify" | "cutover" | "rollback";

/** Verbs that change what the rows and proofs rest on, from their first moment: should they fail, nothing is known to be whole. */
export const UNSETTLES: Readonly<Partial<Record<WritingVerb, true>>> = { schema: true, users: true, copy: true };

/** Which verb may run in which state, and why not where it may not: the reason is what the operator reads. */
const REFUSALS: Readonly<Record<MoveState, Partial<Record<WritingVerb, { why: string; next: string }>>>> = {
  preparing: {
    verify: { why: "the rows are not copied, or not since people or the schema changed", next: "Run `rehome copy`." },
    cutover: { why: "the rows are not copied, or not since people or the schema changed", next: "Run `rehome run`." },
    rollback: { why: "the product still runs on legacy", next: "Nothing has to be rolled back." },
  },
  copied: {
    rollback: { why: "the product still runs on legacy", next: "Nothing has to be rolled back." },
  },
  cutting_over: {
    schema: {
      why: "a cutover is under way or was interrupted",
      next: "Run `rehome cutover` to finish it, or `rehome rollback` to retreat.",
    },
    users: {
      why: "a cutover is under way or was interrupted",
      next: "Run `rehome cutover` to finish it, or `rehome rollback` to retreat.",
    },
    copy: { why: "a cutover is under way or was interrupted", next: "Run `rehome cutover` to finish it, or `rehome rollback` to retreat." },
    verify: {
      why: "a cutover is under way or was interrupted",
      next: "Run `rehome cutover` to finish it, or `rehome rollback` to retreat.",
    },
  },
  switched: {
    schema: { why: "the product runs on the target", next: "Change the target's schema by the product's own migrations." },
    users: { why: "the product runs on WorkOS", next: "New people sign up at WorkOS. Nothing is left to move." },
    verify: {
      why: "the product runs on the target, so legacy lags behind on purpose",
      next: "`rehome rollback` proves the rows itself before it switches.",
    },
    copy: {
      why: "the product runs on the target; a copy would overwrite what people wrote there",
      next: "Run `rehome rollback` first if legacy is to serve again.",
    },
  },
  rolling_back: {
    schema: { why: "a rollback is under way or was interrupted", next: "Run `rehome rollback` to finish it." },
    users: { why: "a rollback is under way or was interrupted", next: "Run `rehome rollback` to finish it." },
    copy: { why: "a rollback is under way or was interrupted", next: "Run `rehome rollback` to finish it." },
    verify: { why: "a rollback is under way or was interrupted", next: "Run `rehome rollback` to finish it." },
    cutover: { why: "a rollback is under way or was interrupted", next: "Run `rehome rollback` to finish it." },
  },
  rolled_back: {
    cutover: { why: "the rows have not been brought up to date since the rollback", next: "Run `rehome run`, then `rehome cutover`." },
    rollback: { why: "the product already runs on legacy", next: "Nothing has to be rolled back." },
  },
};

/** @throws MoveError PHASE_REFUSED with the reason and the way on */
export function assertAllowed(verb: WritingVerb, state: MoveState): void {
  const refusal = REFUSALS[state][verb];
  if (refusal)
    throw new MoveError("PHASE_REFUSED", `\`rehome ${verb}\` is not allowed now: ${refusal.why} (state ${state}).`, { next: refusal.next });
}

/** Whether a verb may run in a state, with the reason where it may not; for lists of what can be done now. */
export function refusalOf(verb: WritingVerb, state: MoveState): string | undefined {
  return REFUSALS[state][verb]?.why;
}
