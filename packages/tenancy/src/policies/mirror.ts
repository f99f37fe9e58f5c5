import { getTableName, sql } from "drizzle-orm";
import { type AnyPgColumn, index, type PgTableExtraConfigValue, pgPolicy, pgRole } from "drizzle-orm/pg-core";
import { type GuardWords, ofSelf } from "./guard-words.ts";
import { policyName } from "./row-policies.ts";

/** Columns of the table that mirrors WorkOS memberships and that the guard asks in every statement. */
export interface MirrorColumns {
  orgId: AnyPgColumn;
  workosUserId: AnyPgColumn;
  status: AnyPgColumn;
}

/** @see policyBuilders */
export function membershipMirror(words: GuardWords, t: MirrorColumns): PgTableExtraConfigValue[] {
  const table = getTableName(t.orgId.table);
  return [
    index(`${table}_user_org_status`).on(t.workosUserId, t.orgId, t.status),
    index(`${table}_active`).on(t.orgId, t.workosUserId).where(sql`${t.status} = 'active'`),
    // Named as installGuard names it, which would add it otherwise.
    pgPolicy("rehome_guard", { for: "select", to: pgRole("rehome_guard").existing(), using: sql`true` }),
    pgPolicy(policyName(table, "select", "self"), { for: "select", to: words.authenticated, using: ofSelf(words, t.workosUserId) }),
  ];
}
