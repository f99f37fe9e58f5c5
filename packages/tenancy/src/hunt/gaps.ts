import { reachableObjects } from "./calls.ts";
import { DATABASE, placesOf } from "./routes.ts";
import type { Tally } from "./tally.ts";
import { type HuntOptions, type Persona, REQUIRED_KINDS, type TableRule, type Verb, type World } from "./types.ts";

const VERBS: readonly Verb[] = ["select", "insert", "update", "delete"];

/** What the hunt says nothing about, and why it therefore does not hold: silence is never taken for safety. */
export async function findGaps(
  options: HuntOptions,
  world: World,
  tables: readonly string[],
  rulesOf: (persona: Persona) => Readonly<Record<string, TableRule>>,
  tally: Tally,
): Promise<string[]> {
  const { personas, kinds = REQUIRED_KINDS, tables: wanted = [] } = options;
  const gaps: string[] = [];
  if (tables.length === 0) gaps.push("there is no table to hunt");
  for (const name of wanted) if (!world.tables[name]) gaps.push(`table ${name} does not exist`);
  for (const kind of kinds) if (!personas.some((persona) => persona.kind === kind)) gaps.push(`no persona is of the kind "${kind}"`);
  for (const persona of personas) if (!tally.tried.has(persona)) gaps.push(`${persona.name} did not try`);
  const named = new Set(personas.flatMap((persona) => Object.keys(rulesOf(persona))));
  for (const name of named) if (!world.tables[name]) gaps.push(`the oracle names ${name}, which is no table`);

  for (const table of tables) {
    if ((world.rows[table] ?? []).length === 0) gaps.push(`${table} holds no row`);
    for (const verb of VERBS) {
      const place = `${table} ${verb}`;
      if (!tally.ran.has(place)) gaps.push(`no ${verb} of ${table} could be tried`);
      else if (personas.some((persona) => rulesOf(persona)[table]?.[verb === "select" ? "read" : verb]) && !tally.wentThrough.has(place))
        gaps.push(`no allowed ${verb} of ${table} was tried`);
      else if (!tally.wasRefused.has(place)) gaps.push(`no forbidden ${verb} of ${table} was tried`);
    }
  }
  for (const [route, places] of placesOf({ world, tables, personas, rulesOf }))
    for (const place of places)
      if (!tally.routes.get(route)?.has(place)) gaps.push(`never tried: ${route}${place === DATABASE ? "" : ` of ${place}`}`);
  for (const [what, times] of tally.untried) gaps.push(`not tried: ${what} (${times} times)`);
  if (options.tables === undefined) gaps.push(...(await strangers(options, world, tally)));
  return gaps;
}

// Roles with a right on a table that no persona has. Superusers and owners with BYPASSRLS are past any policy and any hunt.
const ROLES = `
select distinct g.rolname as name
  from pg_class c cross join lateral aclexplode(c.relacl) a join pg_roles g on g.oid = a.grantee
 where c.relnamespace = to_regnamespace($1) and c.relkind in ('r', 'p') and not g.rolsuper and not g.rolbypassrls and g.rolname <> all ($2)
   and g.rolname <> 'rehome_fn_confidential'     -- what it can do is tried through its functions; nobody becomes it
 order by 1`;

async function strangers({ owner, personas, oracle, guardSchema = "auth" }: HuntOptions, world: World, tally: Tally): Promise<string[]> {
  const roles = [...new Set(personas.map(({ role }) => role))];
  const { rows } = await owner.query<{ name: string }>(ROLES, [`"${world.schema.replaceAll('"', '""')}"`, roles]);
  const outer = [...new Set(personas.filter(({ kind }) => kind !== "internal").map(({ role }) => role))];
  const reachable = await reachableObjects(owner, outer, guardSchema);
  return [
    ...rows.map(({ name }) => `role ${name} has rights and no persona`),
    ...reachable
      .filter((name) => !tally.called.has(name) && !oracle.harmless?.includes(name))
      .map((name) => `${name} can be reached and was not called`),
  ];
}
