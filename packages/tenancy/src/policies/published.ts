import { getTableName, type SQL, sql } from "drizzle-orm";
import { type AnyPgColumn, index, type PgTableExtraConfigValue, pgPolicy } from "drizzle-orm/pg-core";
import { every, type GuardWords } from "./guard-words.ts";
import { policyName } from "./row-policies.ts";

export interface PublishedOptions {
  /** Last part of the policy's name. */
  who?: string;
  /** What must hold besides, for example that the owner is published too. */
  also?: SQL;
  /** Order in which published rows are listed; the index holds published rows only. False: the table declares the index itself. */
  index?: readonly [AnyPgColumn, ...AnyPgColumn[]] | false;
}

/** @see policyBuilders */
export function published(words: GuardWords, flag: AnyPgColumn, options: PublishedOptions = {}): PgTableExtraConfigValue[] {
  const table = getTableName(flag.table);
  const { who = "published", also, index: order = [flag] } = options;
  const policy = pgPolicy(policyName(table, "select", who), {
    for: "select",
    to: [words.authenticated, words.anonymous],
    using: every([sql`${flag}`], [also]),
  });
  if (!order) return [policy];
  const [first, ...behind] = order;
  const name = [table, who, ...order.map((column) => column.name)].join("_").slice(0, 63);
  return [
    index(name)
      .on(first, ...behind)
      .where(sql`${flag}`),
    policy,
  ];
}
