import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { escapeIdentifier } from "pg";
import { TenancyError } from "../errors.ts";

/** In this order, after the tables; each names the role it runs as. May be run again over an older version of themselves. */
export const GUARD_FILES = [
  "rights",
  "rsa",
  "revocation",
  "keys",
  "requests",
  "token",
  "macro",
  "seal",
  "identity",
  "moves",
  "drop-owned",
  "close",
] as const;

/** The mirror that identity.sql names. */
export const DEFAULT_MIRROR = "public.memberships";

/** The schema that all files name. */
export const DEFAULT_SCHEMA = "auth";

export interface GuardNames {
  schema: string;
  mirror: string;
}

/** The tables that a version adds or changes; run once. */
export function tablesSql(version: number, names: GuardNames): string {
  return inNames(`tables-${version}`, names);
}

/** Functions and rights of the newest version. */
export function guardSql(name: (typeof GUARD_FILES)[number] | "utility" | "harden", names: GuardNames): string {
  return inNames(name, names);
}

/** Only installing reads files: what an application bundles (createTenancy) does not come here. */
function inNames(name: string, { schema, mirror }: GuardNames): string {
  const text = readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../sql", `${name}.sql`), "utf8");
  return inSchema(text, schema).replaceAll(`from ${DEFAULT_MIRROR} `, () => `from ${quoteRelation(mirror)} `);
}

/** The same SQL for a guard in another schema, settings included. */
export function inSchema(sql: string, schema: string = DEFAULT_SCHEMA): string {
  checkSchema(schema);
  return schema === DEFAULT_SCHEMA ? sql : sql.replaceAll(/\bauth\./g, `${schema}.`).replaceAll(/\bschema auth\b/g, `schema ${schema}`);
}

/** @throws TenancyError install_refused unless the name needs no quotes: it stands in function bodies, settings and policies */
export function checkSchema(schema: string): void {
  if (/^[a-z_][a-z0-9_]{0,40}$/.test(schema) && !schema.startsWith("pg_")) return;
  throw new TenancyError(
    "install_refused",
    {},
    { message: `The schema "${schema}" is no plain name.`, next: "Name it with a-z, 0-9 and _, beginning with a letter." },
  );
}

/** `schema.table` as SQL, quoted. */
export function quoteRelation(relation: string): string {
  return relationParts(relation).map(escapeIdentifier).join(".");
}

/** @throws TenancyError install_refused unless it is two plain names with a dot between them */
export function relationParts(relation: string): [schema: string, table: string] {
  const found = /^([A-Za-z_][A-Za-z0-9_]*)\.([A-Za-z_][A-Za-z0-9_]*)$/.exec(relation);
  if (!found?.[1] || !found[2]) {
    throw new TenancyError(
      "install_refused",
      {},
      {
        message: `The mirror "${relation}" is not of the form schema.table.`,
        next: "Name it as schema.table.",
      },
    );
  }
  return [found[1], found[2]];
}
