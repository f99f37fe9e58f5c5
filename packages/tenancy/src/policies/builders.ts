import type { AnyPgColumn, PgTableExtraConfigValue } from "drizzle-orm/pg-core";
import { confidential as secret } from "./confidential.ts";
import { DEFAULT_WORDS, type GuardWords } from "./guard-words.ts";
import { type MirrorColumns, membershipMirror as mirror } from "./mirror.ts";
import { orgScoped as scoped } from "./org-scoped.ts";
import { type OwnRowOptions, ownRow as own } from "./own-row.ts";
import { type PublishedOptions, published as shown } from "./published.ts";
import type { RowOptions } from "./row-policies.ts";
import { sharedBetween as between } from "./shared-between.ts";
import { type Grants, sharedByGrant as granted } from "./shared-by-grant.ts";

/** Each gives policies and the indexes they need, to be spread into the third argument of pgTable. None is for PUBLIC or for all verbs. */
export interface PolicyBuilders {
  /**
   * The organization of the token reads and writes its rows; none can be made in, or moved to, another. Gates say which members write:
   * `orgScoped(t.orgId, { delete: { role: ["owner", "admin"] }, insert: { permission: "tasks:write" } })`.
   */
  orgScoped(org: AnyPgColumn, options?: RowOptions): PgTableExtraConfigValue[];
  /** The person reads and writes what is theirs; with `org` only while in that organization. */
  ownRow(user: AnyPgColumn, options?: OwnRowOptions): PgTableExtraConfigValue[];
  /**
   * Two organizations read the row, the first writes it. Which other organization a new row names is the first's to say; `keep` and the
   * grants see to it that neither changes later. Lists: `newestShared`.
   */
  sharedBetween(writer: AnyPgColumn, reader: AnyPgColumn, options?: RowOptions): PgTableExtraConfigValue[];
  /** Everyone reads rows whose flag is set, anonymous too. Opens no writing. */
  published(flag: AnyPgColumn, options?: PublishedOptions): PgTableExtraConfigValue[];
  /** Whoever holds a grant that has not expired reads the row. Opens no writing. */
  sharedByGrant(id: AnyPgColumn, options: Grants): PgTableExtraConfigValue[];
  /**
   * These columns the application's roles may not select at all, not even in a condition: comparisons run before policies, and whoever runs SQL
   * could ask them of hidden rows. They are read by key, under the table's policies, with `readConfidential`.
   */
  confidential(first: AnyPgColumn, ...more: readonly AnyPgColumn[]): PgTableExtraConfigValue[];
  /** The mirror of memberships: the guard reads it, people read their own rows, nobody but a job writes it. */
  membershipMirror(columns: MirrorColumns): PgTableExtraConfigValue[];
}

/** The builders for a guard in another schema than `auth`, or for roles of other names. */
export function policyBuilders(words: Partial<GuardWords> = {}): PolicyBuilders {
  const all = { ...DEFAULT_WORDS, ...words };
  return {
    orgScoped: (org, options) => scoped(all, org, options),
    ownRow: (user, options) => own(all, user, options),
    sharedBetween: (writer, reader, options) => between(all, writer, reader, options),
    published: (flag, options) => shown(all, flag, options),
    sharedByGrant: (id, options) => granted(all, id, options),
    confidential: (first, ...more) => secret(all, first, ...more),
    membershipMirror: (columns) => mirror(all, columns),
  };
}

export const { orgScoped, ownRow, sharedBetween, published, sharedByGrant, confidential, membershipMirror } = policyBuilders();
