import { type ClientBase, escapeIdentifier } from "pg";
import { inheritFrom } from "../install/inherit.ts";
import { installing } from "../install/installing.ts";
import { relationOf } from "./compare-policies.ts";
import { CONFIDENTIAL_ROLE, CONFIDENTIAL_SCHEMA } from "./confidential-names.ts";
import { type DeclaredTable, declaredTables, refused } from "./declared.ts";

/**
 * Closes the columns that a Drizzle schema declares confidential to the application's roles, and makes the functions through which they are read:
 * `confidential.<table>(keys)`. afterMigration does it; a product with grants of its own (`grants: "leave"` is no exception) calls this behind them,
 * in the same transaction. Whatever of a table's columns the roles might select before they may still, but for the confidential ones.
 *
 * @param client the installer, inside a transaction; the current role is its own afterwards
 * @throws TenancyError install_refused when the role is missing (installRoles), or a table has no primary key or a confidential one
 */
export async function confidentialAccess(client: ClientBase, options: { schema: Readonly<Record<string, unknown>> }): Promise<void> {
  await installing("confidentialAccess", () => giveConfidentialAccess(client, declaredTables(options.schema)));
}

export async function giveConfidentialAccess(client: ClientBase, tables: readonly DeclaredTable[]): Promise<void> {
  const closed = tables.filter(({ confidential }) => confidential.length > 0);
  const { stale, wrong } = await compareFunctions(client, closed);
  for (const name of stale) await client.query(`set local role ${CONFIDENTIAL_ROLE}; drop function ${name}; set local role none`);
  if (closed.length === 0) return;
  const readers = [...new Set(closed.map(({ reader }) => reader))];
  for (const reader of readers) await inheritFrom(client, reader);
  await narrowRights(client, closed);
  await client.query(`create schema if not exists ${CONFIDENTIAL_SCHEMA} authorization rehome_owner`);
  await client.query(
    [
      `grant usage on schema ${CONFIDENTIAL_SCHEMA} to ${[...readers, CONFIDENTIAL_ROLE].map(escapeIdentifier).join(", ")}`,
      ...[...new Set(closed.map(({ schema }) => schema))].map(
        (schema) => `grant usage on schema ${escapeIdentifier(schema)} to ${CONFIDENTIAL_ROLE}`,
      ),
      ...closed.map((table) => `grant select on ${relationOf(table)} to ${CONFIDENTIAL_ROLE}`),
    ].join(";\n"),
  );
  if (wrong.length === 0) return;
  await client.query(
    [
      `grant create on schema ${CONFIDENTIAL_SCHEMA} to ${CONFIDENTIAL_ROLE}`,
      `set local role ${CONFIDENTIAL_ROLE}`,
      ...wrong.flatMap(({ create }) => create),
      "set local role none",
      `revoke create on schema ${CONFIDENTIAL_SCHEMA} from ${CONFIDENTIAL_ROLE}`,
    ].join(";\n"),
  );
}

/** A right on the whole table is a right on each column: it is taken back and given by column. */
async function narrowRights(client: ClientBase, closed: readonly DeclaredTable[]): Promise<void> {
  for (const { table, role, columns, open } of await rightsOf(client, closed)) {
    if (!columns.some((column) => table.confidential.includes(column))) continue;
    const to = escapeIdentifier(role);
    await client.query(`revoke select on ${relationOf(table)} from ${to}`);
    if (open.length > 0) await client.query(`grant select (${open.map(escapeIdentifier).join(", ")}) on ${relationOf(table)} to ${to}`);
  }
}

interface Rights {
  table: DeclaredTable;
  role: string;
  /** That it may select, by whatever grant. */
  columns: string[];
  /** Of these, what is not confidential. */
  open: string[];
}

async function rightsOf(client: ClientBase, closed: readonly DeclaredTable[]): Promise<Rights[]> {
  const asked = closed.flatMap((table) => table.closedTo.map((role) => ({ table, role })));
  const { rows } = await client.query<{ at: number; columns: string[] }>(
    `select q.at::int as at, array_agg(a.attname::text order by a.attnum) as columns
       from unnest($1::text[], $2::text[]) with ordinality q(relation, role, at)
       join pg_roles r on r.rolname = q.role
       join pg_attribute a on a.attrelid = q.relation::regclass and a.attnum > 0 and not a.attisdropped
      where has_column_privilege(r.oid, a.attrelid, a.attnum, 'select') group by 1`,
    [asked.map(({ table }) => relationOf(table)), asked.map(({ role }) => role)],
  );
  return asked.map(({ table, role }, at) => {
    const columns = rows.find((row) => row.at === at + 1)?.columns ?? [];
    return { table, role, columns, open: columns.filter((column) => !table.confidential.includes(column)) };
  });
}

interface Wanted {
  name: string;
  body: string;
  reader: string;
  create: string[];
}

/** Functions that nobody declares any more, by signature, and those that are missing or other than this version makes them. */
async function compareFunctions(client: ClientBase, closed: readonly DeclaredTable[]): Promise<{ stale: string[]; wrong: Wanted[] }> {
  const wanted = await wantedFunctions(client, closed);
  const { rows: found } = await client.query<{ name: string; body: string; facts: string; callers: string[] }>(
    `select format('%I.%I(%s)', n.nspname, p.proname, (select string_agg(format_type(t, null), ', ' order by o) from unnest(p.proargtypes::oid[]) with ordinality a(t, o))) as name,
            p.prosrc as body, concat_ws(' ', pg_get_userbyid(p.proowner), l.lanname, p.prosecdef, p.provolatile, p.proretset, p.proleakproof,
                                        p.prorettype::regtype, p.proconfig::text) as facts,
            array(select case a.grantee when 0 then 'public' else pg_get_userbyid(a.grantee)::text end
                    from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee <> p.proowner order by 1) as callers
       from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang where n.nspname = $1 order by 1`,
    [CONFIDENTIAL_SCHEMA],
  );
  const wrong = wanted.filter(({ name, body, reader, facts }) => {
    const there = found.find((one) => one.name === name);
    return there?.body !== body || there.facts !== facts || there.callers.join() !== reader;
  });
  return { stale: found.filter(({ name }) => !wanted.some((one) => one.name === name)).map(({ name }) => name), wrong };
}

async function wantedFunctions(client: ClientBase, closed: readonly DeclaredTable[]): Promise<(Wanted & { facts: string })[]> {
  const { rows } = await client.query<{ at: number; columns: string[]; types: string[]; row: string }>(
    `select r.at::int as at, array_agg(a.attname::text order by k.n) as columns, array_agg(format_type(a.atttypid, null) order by k.n) as types,
            c.reltype::regtype::text as row
       from unnest($1::text[]) with ordinality r(relation, at)
       join pg_class c on c.oid = r.relation::regclass
       join pg_constraint p on p.conrelid = c.oid and p.contype = 'p'
       cross join unnest(p.conkey) with ordinality k(num, n)
       join pg_attribute a on a.attrelid = p.conrelid and a.attnum = k.num
      group by r.at, c.reltype`,
    [closed.map(relationOf)],
  );
  return closed.map((table, at) => {
    const key = rows.find((row) => row.at === at + 1);
    if (!key) throw refused(`Table ${table.name} has confidential columns and no primary key.`, "Give it one: they are read by key.");
    const secret = key.columns.filter((column) => table.confidential.includes(column));
    if (secret.length > 0)
      throw refused(
        `${table.name}: the key column ${secret.join(", ")} is declared confidential.`,
        "Rows are found by their key: leave it open.",
      );
    if (closed.some((other, before) => before < at && other.name === table.name))
      throw refused(`Two tables of the name ${table.name} have confidential columns.`, "Rename one: their functions share a schema.");
    return wantedFunction(table, key);
  });
}

/**
 * PL/pgSQL, so that it is never inlined and no condition of a caller runs inside, where policies are still to be asked; its plan is kept, so that a
 * read costs less than a statement that is planned anew. The caller decides on keys alone.
 */
function wantedFunction(
  table: DeclaredTable,
  { columns, types, row }: { columns: string[]; types: string[]; row: string },
): Wanted & { facts: string } {
  const args = types.map((type) => `${type}[]`).join(", ");
  const name = `${CONFIDENTIAL_SCHEMA}.${escapeWhereNeeded(table.name)}(${args})`;
  const keys = columns.map((_column, at) => `key_${at + 1}`);
  const on = columns.map((column, at) => `t.${escapeIdentifier(column)} = k.${keys[at]}`).join(" and ");
  const body = `
begin
  return query select t.* from unnest(${columns.map((_column, at) => `$${at + 1}`).join(", ")}) with ordinality k (${keys.join(", ")}, n)
    join ${relationOf(table)} t on ${on} order by k.n;
end `;
  return {
    name,
    body,
    reader: table.reader,
    facts: `${CONFIDENTIAL_ROLE} plpgsql t s t f ${row} {"search_path=pg_catalog, pg_temp"}`,
    create: [
      `create or replace function ${name} returns setof ${relationOf(table)} stable security definer language plpgsql rows 50 set search_path = pg_catalog, pg_temp as $confidential$${body}$confidential$`,
      `revoke all on function ${name} from public, ${table.closedTo.map(escapeIdentifier).join(", ")}`,
      `grant execute on function ${name} to ${escapeIdentifier(table.reader)}`,
    ],
  };
}

// As format('%I') writes it.
const escapeWhereNeeded = (name: string) => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : escapeIdentifier(name));

/** What does not hold of the declared confidentiality, as sentences. */
export async function confidentialProblems(client: ClientBase, tables: readonly DeclaredTable[]): Promise<string[]> {
  const closed = tables.filter(({ confidential }) => confidential.length > 0);
  const { stale, wrong } = await compareFunctions(client, closed);
  const rights = await rightsOf(client, closed);
  return [
    ...stale.map((name) => `function ${name} is not declared`),
    ...wrong.map(({ name }) => `function ${name} is missing or differs`),
    ...rights.flatMap(({ table, role, columns }) =>
      columns
        .filter((column) => table.confidential.includes(column))
        .map((column) => `${table.name}: ${role} may select ${column}, which is confidential`),
    ),
    ...(closed.length === 0 ? [] : [...(await derivedColumns(client, closed)), ...(await roleProblems(client, closed))]),
  ];
}

/** A generated column says what it is made from. */
async function derivedColumns(client: ClientBase, closed: readonly DeclaredTable[]): Promise<string[]> {
  const { rows } = await client.query<{ at: number; column: string; source: string }>(
    `select r.at::int as at, g.attname::text as column, s.attname::text as source
       from unnest($1::text[]) with ordinality r(relation, at)
       join pg_attribute g on g.attrelid = r.relation::regclass and g.attgenerated <> ''
       join pg_attrdef e on e.adrelid = g.attrelid and e.adnum = g.attnum
       join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = e.oid and d.refclassid = 'pg_class'::regclass and d.refobjid = g.attrelid
                       and d.refobjsubid <> g.attnum
       join pg_attribute s on s.attrelid = g.attrelid and s.attnum = d.refobjsubid order by 1, 2, 3`,
    [closed.map(relationOf)],
  );
  return rows.flatMap(({ at, column, source }) => {
    const table = closed[at - 1];
    return table?.confidential.includes(source) && !table.confidential.includes(column)
      ? [`${table.name}: ${column} is generated from ${source}, which is confidential (declare it, too)`]
      : [];
  });
}

async function roleProblems(client: ClientBase, closed: readonly DeclaredTable[]): Promise<string[]> {
  const readers = [...new Set(closed.map(({ reader }) => reader))];
  const roles = [...new Set([...closed.flatMap(({ closedTo }) => closedTo), "rehome_login"])];
  const { rows } = await client.query<{ what: string }>(
    `with fn as (select * from pg_roles where rolname = $1)
     select 'it does not exist' as what where not exists (select from fn)
     union all select 'it may log in or is past row security' from fn where rolcanlogin or rolsuper or rolbypassrls
     union all select pg_get_userbyid(m.roleid) || ' is granted to it' from pg_auth_members m join fn on m.member = fn.oid where pg_get_userbyid(m.roleid) <> all ($2)
     union all select 'it may become ' || pg_get_userbyid(m.roleid) from pg_auth_members m join fn on m.member = fn.oid where m.set_option or m.admin_option
     union all select 'it does not inherit ' || r from unnest($2::text[]) r, fn
                where not exists (select from pg_auth_members m where m.member = fn.oid and m.roleid = to_regrole(quote_ident(r)) and m.inherit_option)
     union all select r.rolname || ' may become it' from pg_roles r, fn where r.rolname = any ($3) and pg_has_role(r.oid, fn.oid, 'member')`,
    [CONFIDENTIAL_ROLE, readers, roles],
  );
  return rows.map(({ what }) => `role ${CONFIDENTIAL_ROLE}: ${what}`);
}
