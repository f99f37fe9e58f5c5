import type { AnyPgColumn, PgTableExtraConfigValue } from "drizzle-orm/pg-core";
import { type GuardWords, ofOwnOrg } from "./guard-words.ts";
import { policyIndex, type RowOptions, rowPolicies } from "./row-policies.ts";

/** @see policyBuilders */
export function orgScoped(words: GuardWords, org: AnyPgColumn, options: RowOptions = {}): PgTableExtraConfigValue[] {
  const own = ofOwnOrg(words, org);

  return [
    ...policyIndex(options, org),
    ...rowPolicies(words, { who: "own_org", to: words.authenticated, reads: own, writes: own, columns: [org] }, options),
  ];
}
