import type { AnyPgColumn, PgTableExtraConfigValue } from "drizzle-orm/pg-core";
import { every, type GuardWords, ofOwnOrg, ofSelf } from "./guard-words.ts";
import { policyIndex, type RowOptions, rowPolicies } from "./row-policies.ts";

export interface OwnRowOptions extends RowOptions {
  /** The row's organization: then the person reaches it only while working in that organization, and makes none in another. */
  org?: AnyPgColumn;
}

/** @see policyBuilders */
export function ownRow(words: GuardWords, user: AnyPgColumn, options: OwnRowOptions = {}): PgTableExtraConfigValue[] {
  const { org } = options;
  const own = org ? every([ofSelf(words, user), ofOwnOrg(words, org)]) : ofSelf(words, user);
  return [
    ...policyIndex(options, user),
    ...rowPolicies(words, { who: "self", to: words.authenticated, reads: own, writes: own, columns: org ? [user, org] : [user] }, options),
  ];
}
