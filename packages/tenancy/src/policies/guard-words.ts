import { type SQL, sql } from "drizzle-orm";
import { type AnyPgColumn, type PgRole, pgRole } from "drizzle-orm/pg-core";

/** Where the guard lives and as whom the product asks. */
export interface GuardWords {
  /** Schema of the guard's functions. */
  schema: string;
  /** The role of a verified person. */
  authenticated: PgRole;
  /** The role of a request without a token. */
  anonymous: PgRole;
}

export const DEFAULT_WORDS: GuardWords = {
  schema: "auth",
  authenticated: pgRole("authenticated").existing(),
  anonymous: pgRole("anonymous").existing(),
};

// The scalar subselect makes an accessor one index condition a scan; called bare, or by Drizzle's authUid(), it runs once a row.
const answer = (words: GuardWords, call: string) => sql.raw(`(select ${plainName(words.schema)}.${call})`);

/** The row belongs to the organization of the verified token; never true without an active membership. */
export const ofOwnOrg = (words: GuardWords, column: AnyPgColumn): SQL => sql`${column} = ${answer(words, "org_id()")}`;

/** The row is the verified person's; never true without an active membership. */
export const ofSelf = (words: GuardWords, column: AnyPgColumn): SQL => sql`${column} = ${answer(words, "user_id()")}`;

/**
 * The organization that the bound identity names, read without asking whether the identity is good: no page is read for it. To lead a query
 * along an index whose rows the policies judge anyway; never for a policy, since any SQL can set what stands there. The form is sql/seal.sql's.
 */
export const namedOrg = (words: Pick<GuardWords, "schema">): SQL =>
  sql.raw(`(select split_part(split_part(current_setting('${plainName(words.schema)}.identity', true), chr(30), 2), chr(31), 5))`);

/** The verified person, or organization, as SQL text for subqueries. */
export const asker = (words: GuardWords, who: "user" | "org"): string => `(select ${plainName(words.schema)}.${who}_id())`;

/** The member has one of these roles in the organization of the token. */
export function hasRole(words: GuardWords, roles: readonly string[]): SQL {
  const list = roles.map((role) => `'${slug(role, /^[a-z0-9][a-z0-9_.-]*$/i, "role")}'`);
  if (list.length === 0)
    throw new TypeError("A gate names no role. Leave `role` out to let every member pass, or say false to let nobody.");
  return sql`${answer(words, "role()")} = any (${sql.raw(`array[${list.join(", ")}]`)})`;
}

/** The member's role holds this permission, by name or by a wildcard. */
export const hasPermission = (words: GuardWords, permission: string): SQL =>
  answer(words, `has_permission('${slug(permission, /^[a-z0-9][a-z0-9_.:-]*$/i, "permission")}')`);

/** All of them; those given by a caller stand in brackets, so that an `or` in one cannot weaken the others. */
export function every(own: readonly SQL[], given: readonly (SQL | undefined)[] = []): SQL {
  const asked = given.filter((condition) => condition !== undefined).map((condition) => sql`(${condition})`);
  return sql.join([...own, ...asked], sql.raw(" and "));
}

/** A policy's text has no parameters: what goes into it must be a plain word. */
export function plainName(name: string): string {
  if (/^[a-z_][a-z0-9_]*$/.test(name)) return name;
  throw new TypeError(`"${name}" is no plain SQL name (a-z, 0-9, _). Rename it, or write this policy with Drizzle's pgPolicy.`);
}

function slug(text: string, form: RegExp, what: string): string {
  if (form.test(text)) return text;
  throw new TypeError(`"${text}" is no ${what} as WorkOS names one. Mend the gate; a wildcard belongs into the role's permissions.`);
}
