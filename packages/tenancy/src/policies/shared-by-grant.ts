import { getTableName, sql } from "drizzle-orm";
import { type AnyPgColumn, type PgTableExtraConfigValue, pgPolicy } from "drizzle-orm/pg-core";
import { asker, type GuardWords, plainName } from "./guard-words.ts";
import { policyName } from "./row-policies.ts";

/** A table of grants, by name: in Drizzle it refers to the shared table, and two tables cannot refer to each other's types. */
export interface Grants {
  /** `schema.table`. */
  grants: string;
  /** Its column that names the shared row. */
  row: string;
  /** Its column that names who may read: a user's id, or with `to: "org"` an organization's. */
  grantee: string;
  /** Its column with the moment the grant ends. Not null: an endless grant has `infinity`. */
  expiresAt: string;
  to?: "user" | "org";
  /** Last part of the policy's name. */
  who?: string;
}

/** @see policyBuilders */
export function sharedByGrant(words: GuardWords, id: AnyPgColumn, options: Grants): PgTableExtraConfigValue[] {
  const [schema, table, ...rest] = options.grants.split(".");
  if (!schema || !table || rest.length > 0) throw new TypeError(`"${options.grants}" is not of the form schema.table.`);
  const grants = `${plainName(schema)}.${plainName(table)}`;
  const [row, grantee, expiresAt] = [options.row, options.grantee, options.expiresAt].map(plainName);
  // clock_timestamp: one message of several statements, or a DO block that waits, keeps the statement_timestamp it began with.
  // An array out of an uncorrelated subquery is computed once and can use the shared table's key; `exists` would scan all its rows.
  const open = `(array(select s.${row} from ${grants} s where s.${grantee} = ${asker(words, options.to ?? "user")} and s.${expiresAt} > clock_timestamp()))`;
  return [
    pgPolicy(policyName(getTableName(id.table), "select", options.who ?? "share"), {
      for: "select",
      to: words.authenticated,
      using: sql`${id} = any ${sql.raw(open)}`,
    }),
  ];
}
