import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import { TenancyError } from "../errors.ts";
import { DEFAULT_MIRROR, quoteRelation, relationParts } from "./sql-text.ts";

/** What the guard reads of the mirror, and the types it may have there. */
const TYPES_BY_COLUMN: Record<string, readonly string[] | undefined> = {
  org_id: ["text", "character varying"],
  workos_user_id: ["text", "character varying"],
  role_slug: ["text", "character varying"],
  permissions: ["text[]"],
  status: undefined, // any type whose text is 'active'
};

/**
 * The SQL that lets the guard read the mirror, for the product's migration: the guard's functions run as rehome_guard, which does not bypass
 * row security, so on a mirror with FORCE ROW LEVEL SECURITY it needs a policy of its own. Run it once, after the table.
 */
export function mirrorAccess(mirror: string = DEFAULT_MIRROR): string {
  return [grants(mirror), policy(mirror)].join(";\n");
}

function grants(mirror: string): string {
  const schema = escapeIdentifier(relationParts(mirror)[0]);
  return `grant usage on schema ${schema} to rehome_guard;\ngrant select (${Object.keys(TYPES_BY_COLUMN).join(", ")}) on ${quoteRelation(mirror)} to rehome_guard`;
}

function policy(mirror: string): string {
  return `create policy rehome_guard on ${quoteRelation(mirror)} for select to rehome_guard using (true)`;
}

/**
 * Gives what `mirrorAccess` says where it is missing.
 *
 * @returns false when the mirror does not exist yet
 * @throws TenancyError install_refused when a column is missing or of a type the guard cannot compare
 */
export async function giveMirrorAccess(client: ClientBase, mirror: string): Promise<boolean> {
  const { rows: columns } = await client.query<{ name: string; type: string }>(
    `select attname as name, regexp_replace(format_type(atttypid, atttypmod), '[(][0-9]+[)]', '') as type
       from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped`,
    [quoteRelation(mirror)],
  );
  if (columns.length === 0) return false;
  for (const [name, types] of Object.entries(TYPES_BY_COLUMN)) {
    const found = columns.find((column) => column.name === name);
    if (!found || (types && !types.includes(found.type))) {
      throw new TenancyError(
        "install_refused",
        {},
        {
          message: `The mirror ${mirror} has ${found ? `column ${name} of type ${found.type}` : `no column ${name}`}.`,
          next: `Give it ${name} ${types?.[0] ?? "text"}, or name another relation.`,
        },
      );
    }
  }
  await client.query(grants(mirror));
  const { rows } = await client.query("select from pg_policy where polrelid = to_regclass($1) and polname = 'rehome_guard'", [
    quoteRelation(mirror),
  ]);
  // A relation of another kind (a view) has no policies of its own.
  const { rows: kind } = await client.query<{ table: boolean }>(
    `select relkind in ('r', 'p') as "table" from pg_class where oid = to_regclass($1)`,
    [quoteRelation(mirror)],
  );
  if (rows.length === 0 && kind[0]?.table) await client.query(policy(mirror));
  return true;
}
