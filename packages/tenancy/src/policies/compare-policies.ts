import { type ClientBase, escapeIdentifier } from "pg";
import type { DeclaredPolicy, DeclaredTable } from "./declared.ts";

export interface PolicyDifference {
  table: DeclaredTable;
  /** Undefined: the database holds a policy of that name which nobody declared. */
  declared: DeclaredPolicy | undefined;
  name: string;
  what: "is missing" | "differs" | "is not declared";
}

interface Found {
  name: string;
  /** All of it, as Postgres itself prints it. */
  print: string;
}

/**
 * Compares the policies of tables with the declared ones, both as Postgres prints them: the declared ones are made on empty copies of the
 * tables, in a schema that is rolled back. No lock on the tables themselves that readers or writers would notice.
 *
 * @param client inside a transaction of the installer, who may create schemas
 */
export async function comparePolicies(client: ClientBase, tables: readonly DeclaredTable[]): Promise<PolicyDifference[]> {
  const there = await readPolicies(
    client,
    tables.map(({ schema, name }) => [schema, name] as const),
  );
  const declared = await declaredAsPrinted(client, tables);
  return tables.flatMap((table, at) => {
    const found = there[at] ?? [];
    const wanted = declared[at] ?? [];
    const differences = wanted.flatMap(({ name, print }): PolicyDifference[] => {
      const policy = table.policies.find((each) => each.name === name);
      const real = found.find((each) => each.name === name);
      if (real?.print === print) return [];
      return [{ table, declared: policy, name, what: real ? "differs" : "is missing" }];
    });
    const strange = found.filter(({ name }) => !wanted.some((each) => each.name === name));
    return [...differences, ...strange.map(({ name }) => ({ table, declared: undefined, name, what: "is not declared" as const }))];
  });
}

/** `create policy`, on the table or on another of its shape. */
export function createPolicy(policy: DeclaredPolicy, relation: string): string {
  const roles = policy.roles.map(escapeIdentifier).join(", ");
  const using = policy.using === undefined ? "" : ` using (${policy.using})`;
  const check = policy.check === undefined ? "" : ` with check (${policy.check})`;
  return `create policy ${escapeIdentifier(policy.name)} on ${relation} as ${policy.permissive ? "permissive" : "restrictive"} for ${policy.verb} to ${roles}${using}${check}`;
}

export const relationOf = (table: { schema: string; name: string }) => `${escapeIdentifier(table.schema)}.${escapeIdentifier(table.name)}`;

/** One copy keeps the table's name, because policies call their own columns by it. */
async function declaredAsPrinted(client: ClientBase, tables: readonly DeclaredTable[]): Promise<Found[][]> {
  const schemas = [...new Set(tables.map(({ schema }) => schema))];
  const copyOf = (schema: string) => `rehome_compare_${schemas.indexOf(schema)}`;
  const statements = [
    ...schemas.map((schema) => `create schema ${copyOf(schema)}`),
    ...tables.flatMap((table) => {
      const copy = relationOf({ schema: copyOf(table.schema), name: table.name });
      return [`create table ${copy} (like ${relationOf(table)})`, ...table.policies.map((policy) => createPolicy(policy, copy))];
    }),
  ];
  await client.query("savepoint rehome_compare");
  try {
    await client.query(statements.join(";\n"));
    return await readPolicies(
      client,
      tables.map(({ schema, name }) => [copyOf(schema), name] as const),
    );
  } finally {
    await client.query("rollback to savepoint rehome_compare; release savepoint rehome_compare");
  }
}

async function readPolicies(client: ClientBase, relations: readonly (readonly [schema: string, name: string])[]): Promise<Found[][]> {
  const { rows } = await client.query<{ at: number; name: string; print: string }>(
    `select r.at::int as at, p.polname as name,
            json_build_array(p.polcmd, p.polpermissive, (select json_agg(r order by r) from (select case o when 0 then 'public' else pg_get_userbyid(o)::text end as r from unnest(p.polroles) o) named),
                             pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))::text as print
       from unnest($1::text[], $2::text[]) with ordinality r(schema, name, at)
       join pg_class c on c.relname = r.name and c.relnamespace = (select oid from pg_namespace where nspname = r.schema)
       join pg_policy p on p.polrelid = c.oid order by 1, 2`,
    [relations.map(([schema]) => schema), relations.map(([, name]) => name)],
  );
  return relations.map((_relation, at) => rows.filter((row) => row.at === at + 1));
}
