import type { ClientBase } from "pg";
import type { DeclaredTable } from "./declared.ts";

/**
 * Columns whose default takes a number from a sequence that a role may not use although it may insert: its first insert would be refused, by the
 * sequence and not by a policy.
 *
 * Why the right is not simply granted: a sequence is one for all organizations and knows no rows. Whoever may use it reads from its numbers how much
 * all others write, at any time and without writing a row, and one caller can use it up for everybody; the linter would have to report the grant
 * (`sequence-shared`) that we made ourselves. An identity column numbers rows in the same way and needs no right at all, so nobody can ask. Who
 * wants the grant nevertheless writes it into a migration, and into `accept` with the reason; then it is no problem here.
 */
export async function serialProblems(client: ClientBase, tables: readonly DeclaredTable[]): Promise<string[]> {
  const inserts = tables.flatMap((table) => {
    const roles = table.policies.filter(({ verb }) => verb === "insert").flatMap((policy) => policy.roles);
    return [...new Set(roles)].map((role) => ({ table, role }));
  });
  const { rows } = await client.query<{ table: string; column: string; sequence: string; role: string }>(
    `select i.name as table, a.attname as column, s.relname as sequence, i.role
       from unnest($1::text[], $2::text[], $3::text[]) with ordinality i(schema, name, role, at)
       join pg_roles r on r.rolname = i.role
       join pg_class c on c.relname = i.name and c.relnamespace = (select oid from pg_namespace where nspname = i.schema)
       join pg_attrdef d on d.adrelid = c.oid
       join pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum
       join pg_depend p on p.classid = 'pg_attrdef'::regclass and p.objid = d.oid and p.refclassid = 'pg_class'::regclass
       join pg_class s on s.oid = p.refobjid and s.relkind = 'S'
      where not has_sequence_privilege(r.oid, s.oid, 'usage, update') order by i.at, a.attnum`,
    [inserts.map(({ table }) => table.schema), inserts.map(({ table }) => table.name), inserts.map(({ role }) => role)],
  );
  return rows.map(
    ({ table, column, sequence, role }) =>
      `${table}: ${role} may insert but not use sequence ${sequence}, which numbers ${column} (declare ${column} generatedAlwaysAsIdentity(), which needs no right)`,
  );
}
