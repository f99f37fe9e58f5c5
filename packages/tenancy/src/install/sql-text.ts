import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { escapeIdentifier } from "pg";
import { TenancyError } from "../errors.ts";

export type GuardFile = "tables" | "rsa" | "keys" | "seal" | "token" | "mirror" | "identity" | "close";

/** In this order; each names the role it runs as. */
export const GUARD_FILES: readonly GuardFile[] = ["tables", "rsa", "keys", "seal", "token", "mirror", "identity", "close"];

/** The mirror that mirror.sql names. */
export const DEFAULT_MIRROR = "public.memberships";

/** Reads one file of src/sql. Only installing reads files: what an application bundles (createTenancy) does not come here. */
export function guardSql(name: GuardFile, mirror: string = DEFAULT_MIRROR): string {
  const text = readFileSync(join(dirname(fileURLToPath(import.meta.url)), "../sql", `${name}.sql`), "utf8");
  return name === "mirror" ? text.replaceAll(`from ${DEFAULT_MIRROR} m`, () => `from ${quoteRelation(mirror)} m`) : text;
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
