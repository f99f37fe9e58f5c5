import { type ClientBase, escapeIdentifier } from "pg";
import { relationOf } from "./compare-policies.ts";
import type { DeclaredTable } from "./declared.ts";

/**
 * Grants as the policies declare them: a role may do to a table what a policy of its own lets it do to some row, and nobody else anything.
 * Keys, organizations and persons are in no UPDATE grant, so that no row changes whose it is. One text, to be run in one transaction.
 */
export function declaredGrants(tables: readonly DeclaredTable[]): string {
  const everybody = [...new Set(["authenticated", "anonymous", ...tables.flatMap(rolesOf)])].map(escapeIdentifier);
  const schemas = [...new Set(tables.map(({ schema }) => schema))].map(escapeIdentifier);
  return [
    ...schemas.map((schema) => `grant usage on schema ${schema} to ${everybody.join(", ")}`),
    ...tables.flatMap((table) => [
      `revoke all on ${relationOf(table)} from public, ${everybody.join(", ")}`,
      ...rolesOf(table).flatMap((role) => grantOf(table, role)),
    ]),
  ].join(";\n");
}

function grantOf(table: DeclaredTable, role: string): string[] {
  const verbs = [...new Set(policiesOf(table, role).map(({ verb }) => verb))];
  const kept = keptFrom(table, role);
  const free = table.columns.filter((column) => !kept.includes(column)).map(escapeIdentifier);
  const open = table.closedTo.includes(role) ? table.columns.filter((column) => !table.confidential.includes(column)) : table.columns;
  const some = (verb: string, columns: readonly string[]) => columns.slice(0, 1).map(() => `${verb} (${columns.join(", ")})`);
  const rights = verbs.flatMap((verb) => {
    if (verb === "update") return some(verb, free);
    return verb === "select" && open.length < table.columns.length ? some(verb, open.map(escapeIdentifier)) : [verb];
  });
  return rights.length > 0 ? [`grant ${rights.join(", ")} on ${relationOf(table)} to ${escapeIdentifier(role)}`] : [];
}

const policiesOf = (table: DeclaredTable, role: string) => table.policies.filter(({ roles }) => roles.includes(role));
const keptFrom = (table: DeclaredTable, role: string) => [
  ...new Set([...table.key, ...policiesOf(table, role).flatMap(({ kept }) => kept)]),
];

/** What the guard may read of the mirror, installGuard says: five columns. */
const rolesOf = (table: DeclaredTable): string[] =>
  [...new Set(table.policies.flatMap(({ roles }) => roles))].filter((role) => role !== "rehome_guard");

/** Rights of PUBLIC and of roles that no policy justifies, and rights to update a column that says whose a row is; as sentences. */
export async function grantProblems(client: ClientBase, tables: readonly DeclaredTable[]): Promise<string[]> {
  const { rows } = await client.query<{ at: number; role: string; verb: string; columns: string[] | null }>(
    `with relation as (
       select r.at::int as at, c.oid, c.relowner, c.relacl from unnest($1::text[], $2::text[]) with ordinality r(schema, name, at)
         join pg_class c on c.relname = r.name and c.relnamespace = (select oid from pg_namespace where nspname = r.schema)),
     right_ as (
       select at, a.grantee, a.privilege_type, null::text as attname, relowner from relation, aclexplode(relacl) a
       union all
       select r.at, a.grantee, a.privilege_type, t.attname, relowner from relation r join pg_attribute t on t.attrelid = r.oid and t.attnum > 0, aclexplode(t.attacl) a)
     select at, case grantee when 0 then 'public' else pg_get_userbyid(grantee) end as role, lower(privilege_type) as verb,
            case when bool_or(attname is null) then null else array_agg(attname) end as columns
       from right_ where grantee <> relowner and not exists (select from pg_roles p where p.oid = grantee and (p.rolbypassrls or p.rolsuper))
      group by 1, 2, 3 order by 1, 2, 3`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  return rows.flatMap(({ at, role, verb, columns }) => {
    const table = tables[at - 1];
    if (!table) return [];
    if (role === "public") return [`${table.name}: PUBLIC has ${verb}`];
    if (verb === "truncate" || verb === "trigger" || verb === "maintain") return [`${table.name}: ${role} has ${verb}`];
    // A job's policies are over all rows, whosesoever: it may be there to move one.
    if (verb !== "update" || !policiesOf(table, role).some((policy) => policy.verb === "update" && policy.kept.length > 0)) return [];
    const wrong = keptFrom(table, role).filter((column) => columns === null || columns.includes(column));
    return wrong.map((column) => `${table.name}: ${role} may update ${column}, which says whose or which a row is`);
  });
}
