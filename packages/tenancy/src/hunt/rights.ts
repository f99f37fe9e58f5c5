import type { ClientBase } from "pg";
import type { Finding, Persona, TableRule, World } from "./types.ts";

interface Right {
  role: string;
  table: string;
  select: string[];
  insert: string[];
  update: string[];
  delete: boolean;
  other: string[];
}

const RIGHTS = `
select r as role, c.relname as table, pg_has_role(r, c.relowner, 'USAGE') as owns,
       (select coalesce(json_agg(a.attname) filter (where has_column_privilege(r, c.oid, a.attnum, 'select')), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as select,
       (select coalesce(json_agg(a.attname) filter (where has_column_privilege(r, c.oid, a.attnum, 'insert')), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as insert,
       (select coalesce(json_agg(a.attname) filter (where has_column_privilege(r, c.oid, a.attnum, 'update')), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as update,
       has_table_privilege(r, c.oid, 'delete') as delete,
       (select coalesce(json_agg(v), '[]') from unnest('{truncate,references,trigger}'::text[]) v where has_table_privilege(r, c.oid, v) or (v = 'references' and has_any_column_privilege(r, c.oid, v))) as other
  from unnest($1::text[]) r, pg_class c
 where c.relnamespace = to_regnamespace($2) and c.relname = any ($3)`;

/**
 * Compares what each role is granted with what the oracle gives its personas, column by column: the grants' lock alone. A right that the
 * policies make worthless is found here, and so is one that is missing.
 */
export async function rightsFindings(
  owner: ClientBase,
  world: World,
  personas: readonly Persona[],
  rulesOf: (persona: Persona) => Readonly<Record<string, TableRule>>,
  tables: readonly string[],
): Promise<{ findings: Finding[]; compared: number }> {
  const roles = [...new Set(personas.map(({ role }) => role))];
  const { rows } = await owner.query<Right & { owns: boolean }>(RIGHTS, [roles, quoted(world.schema), tables]);
  const findings: Finding[] = [];
  let compared = 0;
  for (const right of rows) {
    if (right.owns) continue; // an owner has every right; row security that is forced is its only lock
    const rules = personas.filter(({ role }) => role === right.role).map((persona) => rulesOf(persona)[right.table] ?? {});
    const all = (world.tables[right.table]?.columns ?? []).map(({ name }) => name);
    const note = (kind: Finding["kind"], verb: Finding["verb"], what: string) =>
      findings.push({ kind, persona: right.role, table: right.table, verb, route: "grants", what });
    for (const verb of ["select", "insert", "update"] as const) {
      const rule = verb === "select" ? "read" : verb;
      const wanted = new Set(rules.flatMap((one) => (one[rule] ? (one[rule].columns ?? all) : [])));
      // A generated column takes no value, so the right to write it is worth nothing.
      const has = new Set(right[verb]);
      compared += all.length;
      const spare = all.filter((name) => has.has(name) && !wanted.has(name));
      const missing = all.filter((name) => wanted.has(name) && !has.has(name));
      if (spare.length > 0) note("spare right", verb, spare.length === all.length ? "the whole table" : spare.join(", "));
      if (missing.length > 0) note("missing right", verb, missing.length === all.length ? "the whole table" : missing.join(", "));
    }
    compared += 1 + right.other.length;
    const wanted = rules.some((rule) => rule.delete);
    if (right.delete !== wanted) note(wanted ? "missing right" : "spare right", "delete", "the whole table");
    for (const other of right.other) note("spare right", other === "references" ? "select" : "delete", other);
  }
  return { findings, compared };
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;
