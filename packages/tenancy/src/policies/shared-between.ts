import { sql } from "drizzle-orm";
import type { AnyPgColumn, PgTableExtraConfigValue } from "drizzle-orm/pg-core";
import { type GuardWords, ofOwnOrg } from "./guard-words.ts";
import { policyIndex, type RowOptions, rowPolicies } from "./row-policies.ts";

/** @see policyBuilders */
export function sharedBetween(
  words: GuardWords,
  writer: AnyPgColumn,
  reader: AnyPgColumn,
  options: RowOptions = {},
): PgTableExtraConfigValue[] {
  const own = ofOwnOrg(words, writer);
  const either = sql`${own} or ${ofOwnOrg(words, reader)}`;
  const reads = options.read && Object.keys(options.read).length > 0 ? sql`(${either})` : either;
  return [
    ...policyIndex(options, writer),
    ...policyIndex(options, reader),
    ...rowPolicies(words, { who: "party", to: words.authenticated, reads, writes: own, columns: [writer, reader] }, options),
  ];
}
