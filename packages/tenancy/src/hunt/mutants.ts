import type { ClientBase } from "pg";
import { escapeIdentifier } from "pg";
import { implies, withoutOnePart } from "./expression.ts";
import { undone } from "./session.ts";
import type { Verb } from "./types.ts";
import { relation } from "./world.ts";

/** One mistake to plant: SQL for a transaction that is rolled back. */
export interface Mutant {
  /** What was done to what; unique. */
  name: string;
  sql: string;
  /** Tables whose protection it changes. */
  tables: readonly string[];
  /** Roles that it gives something to, or takes something from. */
  roles: readonly string[];
  /** What a policy allows that was not there before, where the mutant only adds one. */
  adds?: readonly Allowance[];
  /**
   * Set where the mutant changes nothing by the text of the policies alone: permissive policies are ORed, and for each role and verb that it
   * adds, one that is there already has a condition which the added one implies. Names those policies.
   */
  redundant?: string;
}

/** One permissive policy for one role and one verb. */
export interface Allowance {
  role: string;
  verb: Verb;
  using: string | null;
  check: string | null;
  /** A policy that is there already and allows as much; see Mutant.redundant. */
  coveredBy?: string;
}

interface Policy {
  table: string;
  owner: string;
  name: string;
  verb: "select" | "insert" | "update" | "delete" | "all";
  permissive: boolean;
  roles: string[];
  using: string | null;
  check: string | null;
}

const POLICIES = `
select c.relname as table, pg_get_userbyid(c.relowner) as owner, p.polname as name, p.polpermissive as permissive,
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as verb,
       (select json_agg(case r when 0 then 'public' else pg_get_userbyid(r) end) from unnest(p.polroles) r) as roles,
       pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as check
  from pg_policy p join pg_class c on c.oid = p.polrelid
 where c.relnamespace = to_regnamespace($1) order by 1, 2`;

const VERBS = ["select", "insert", "update", "delete"] as const;

/**
 * Mistakes in a schema's policies: each dropped, widened, without one of its conditions, turned round, given to other roles, made for another
 * verb; row security off or not forced.
 *
 * @param people roles of people, to which a policy may be given by mistake
 */
export async function policyMutants(owner: ClientBase, schema: string, people: readonly string[]): Promise<Mutant[]> {
  const policies = await undone(owner, async () => {
    await owner.query("set local search_path = pg_catalog, pg_temp");
    return (await owner.query<Policy>(POLICIES, [schema])).rows;
  });
  const ownerByTable = new Map(policies.map(({ table, owner: role }) => [table, role]));
  const jobs = [...new Set(policies.flatMap(({ roles }) => roles))].filter((role) => !people.includes(role) && role !== "public");
  const everybody = [...people, ...jobs];
  return [
    ...policies.flatMap((policy) => mutantsOf(policy, policies, schema, people, jobs, everybody)),
    ...[...ownerByTable].flatMap(([table, role]) => tableMutants(schema, table, role)),
  ];
}

function mutantsOf(
  policy: Policy,
  policies: readonly Policy[],
  schema: string,
  people: readonly string[],
  jobs: readonly string[],
  everybody: readonly string[],
): Mutant[] {
  const { table, name, verb, roles, using, check } = policy;
  const on = `${escapeIdentifier(name)} on ${relation(schema, table)}`;
  const mutants: Mutant[] = [];
  const add = (what: string, sql: string, more: readonly string[] = []) =>
    mutants.push({ name: `${table}.${name}: ${what}`, sql, tables: [table], roles: [...more, ...roles] });
  const addAllowance = (what: string, sql: string, added: readonly Allowance[]) => {
    const adds = added.map((allowance) => {
      const by = policies.find((one) => one.table === table && covers(one, allowance));
      return by ? { ...allowance, coveredBy: by.name } : allowance;
    });
    const by = [...new Set(adds.map(({ coveredBy }) => coveredBy))];
    const redundant = by.includes(undefined) ? undefined : by.join(", ");
    const gaining = adds.map(({ role }) => role);
    mutants.push({
      name: `${table}.${name}: ${what}`,
      sql,
      tables: [table],
      roles: [...new Set(gaining)],
      adds,
      ...(redundant === undefined ? {} : { redundant }),
    });
  };
  const verbs = verb === "all" ? VERBS : [verb];
  const open = (condition: string | null) => condition !== null && condition !== "true";

  add("dropped", `drop policy ${on}`);
  if (open(using)) add("using (true)", `alter policy ${on} using (true)`);
  if (open(check)) add("with check (true)", `alter policy ${on} with check (true)`);
  if (open(using) && open(check)) add("using (true) with check (true)", `alter policy ${on} using (true) with check (true)`);
  for (const [clause, condition] of [["using", using] as const, ["with check", check] as const]) {
    if (condition === null) continue;
    if (open(condition)) add(`${clause} turned round`, `alter policy ${on} ${clause} (not coalesce((${condition}), false))`);
    withoutOnePart(condition).forEach(({ rest, part }, at) => {
      add(`${clause} without part ${at}: ${part.slice(0, 60)}`, `alter policy ${on} ${clause} (${rest})`);
    });
  }
  const others = [...people.filter((role) => !roles.includes(role)), "public"];
  for (const role of others) {
    const gaining = role === "public" ? everybody.filter((one) => !roles.includes(one)) : [role];
    const adds = gaining.flatMap((one) => verbs.map((each): Allowance => ({ role: one, verb: each, using, check })));
    addAllowance(`also to ${role}`, `alter policy ${on} to ${[...roles, role].map(roleSql).join(", ")}`, adds);
  }
  const other = jobs[(jobs.indexOf(roles[0] ?? "") + 1) % jobs.length];
  if (other && !roles.includes(other)) add(`to ${other} instead`, `alter policy ${on} to ${escapeIdentifier(other)}`, [other]);
  for (const another of verb === "all" ? [] : [...VERBS, "all" as const].filter((one) => one !== verb)) {
    const condition = using ?? check ?? "true";
    const more = (another === "all" ? VERBS : [another]).map((each) => ({ verb: each, using: condition, check: check ?? condition }));
    addAllowance(
      `also for ${another}`,
      forVerb(policy, schema, another),
      roles.flatMap((role) => more.map((one) => ({ role, ...one }))),
    );
  }
  return mutants;
}

/** Whether a policy allows at least as much. */
function covers(policy: Policy, { role, verb, using, check }: Allowance): boolean {
  if (!policy.permissive || !(policy.verb === verb || policy.verb === "all")) return false;
  if (!policy.roles.includes(role) && !policy.roles.includes("public")) return false;
  const [mine, theirs] = [policy.check ?? policy.using ?? "true", check ?? using ?? "true"];
  return (
    (verb === "insert" || implies(using ?? "true", policy.using ?? "true")) &&
    (verb === "select" || verb === "delete" || implies(theirs, mine))
  );
}

function forVerb({ name, table, roles, using, check, permissive }: Policy, schema: string, verb: string): string {
  const condition = using ?? check ?? "true";
  const clauses = [
    ...(verb === "insert" ? [] : [`using (${condition})`]),
    ...(verb === "select" || verb === "delete" ? [] : [`with check (${check ?? condition})`]),
  ];
  const kind = permissive ? "permissive" : "restrictive";
  return `create policy ${escapeIdentifier(`${name}_mutant`.slice(-63))} on ${relation(schema, table)} as ${kind} for ${verb} to ${roles
    .map(roleSql)
    .join(", ")} ${clauses.join(" ")}`;
}

function tableMutants(schema: string, table: string, owner: string): Mutant[] {
  const on = relation(schema, table);
  return [
    { name: `${table}: row security off`, sql: `alter table ${on} disable row level security`, tables: [table], roles: [] },
    { name: `${table}: row security not forced`, sql: `alter table ${on} no force row level security`, tables: [table], roles: [owner] },
  ];
}

interface Grants {
  table: string;
  columns: string[];
  /** By role: verbs that it has on the whole table or on some column. */
  held: { role: string; verb: string; columns: string[] | null }[];
}

const GRANTS = `
select c.relname as table, (select json_agg(attname order by attnum) from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as columns,
       coalesce((select json_agg(json_build_object('role', g.role, 'verb', g.verb, 'columns', g.columns)) from (
         select pg_get_userbyid(a.grantee) as role, lower(a.privilege_type) as verb, null::json as columns
           from aclexplode(c.relacl) a where a.grantee <> 0 and a.grantee <> c.relowner
         union all
         select pg_get_userbyid(a.grantee), lower(a.privilege_type), json_agg(t.attname)
           from pg_attribute t, aclexplode(t.attacl) a where t.attrelid = c.oid and a.grantee <> 0 group by 1, 2) g), '[]') as held
  from pg_class c where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') and not c.relispartition order by 1`;

/** Mistakes in a schema's grants: each verb given to people's roles, each column that they lack, everything to PUBLIC, and each right taken away. */
export async function grantMutants(
  owner: ClientBase,
  schema: string,
  people: readonly string[],
  roles: readonly string[],
): Promise<Mutant[]> {
  const { rows } = await owner.query<Grants>(GRANTS, [schema]);
  return rows.flatMap(({ table, columns, held }): Mutant[] => {
    const on = relation(schema, table);
    const mutant = (what: string, sql: string, role: string): Mutant => ({
      name: `${table}: ${what}`,
      sql,
      tables: [table],
      roles: [role],
    });
    const has = (role: string, verb: string) => held.find((one) => one.role === role && one.verb === verb);
    const widened = people.flatMap((role) => [
      ...[...VERBS, "truncate", "references", "trigger"]
        .filter((verb) => has(role, verb)?.columns !== null || !has(role, verb))
        .map((verb) => mutant(`${verb} granted to ${role}`, `grant ${verb} on ${on} to ${escapeIdentifier(role)}`, role)),
      ...(["select", "update"] as const).flatMap((verb) => {
        const some = has(role, verb)?.columns;
        return (some ? columns.filter((column) => !some.includes(column)) : []).map((column) =>
          mutant(
            `${verb} of ${column} granted to ${role}`,
            `grant ${verb} (${escapeIdentifier(column)}) on ${on} to ${escapeIdentifier(role)}`,
            role,
          ),
        );
      }),
    ]);
    const narrowed = held
      .filter(({ role }) => roles.includes(role))
      .map(({ role, verb, columns: some }) => {
        const list = some ? ` (${some.map(escapeIdentifier).join(", ")})` : "";
        return mutant(
          `${verb}${some ? " of columns" : ""} revoked from ${role}`,
          `revoke ${verb}${list} on ${on} from ${escapeIdentifier(role)}`,
          role,
        );
      });
    return [...widened, mutant("all granted to public", `grant all on ${on} to public`, people[0] ?? ""), ...narrowed];
  });
}

const roleSql = (role: string) => (role === "public" ? "public" : escapeIdentifier(role));
