import type { ClientBase } from "pg";
import type { Probe } from "./probe.ts";
import type { Call, Row } from "./types.ts";

/** A statement through a view or a function, as the oracle gives it with its result. */
export function callProbe(call: Call, views: readonly string[]): Probe {
  const { expect } = call;
  return {
    table: call.object,
    verb: "call",
    route: views.includes(call.object) ? "view" : "function",
    sql: `select coalesce(json_agg(row_to_json(x)), '[]')::text from (${call.sql}) x`,
    answer: true,
    granted: typeof expect !== "string" && expect.length > 0,
    judge({ state, answer }) {
      if (typeof expect === "string") {
        if (state === expect) return { is: "right" };
        return state === null
          ? { is: "open", what: `instead of ${expect} it ran` }
          : { is: "closed", what: `${state} instead of ${expect}` };
      }
      if (state !== null) return { is: "closed", what: state };
      const left = expect.map(canonical);
      const extra = (JSON.parse(answer ?? "[]") as Row[]).map(canonical).filter((row) => {
        const at = left.indexOf(row);
        if (at >= 0) left.splice(at, 1);
        return at < 0;
      });
      if (extra.length > 0) return { is: "open", what: `${extra.length} rows that must not come` };
      if (left.length > 0) return { is: "closed", what: `${left.length} rows did not come` };
      return { is: "right", reached: expect.length };
    },
  };
}

/** The same text for the same row: columns in order, moments by their instant. */
function canonical(row: Row): string {
  const moment = (value: unknown) =>
    typeof value === "string" && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
      ? new Date(value).toISOString()
      : value;
  return JSON.stringify(
    Object.keys(row)
      .sort()
      .map((name) => [name, moment(row[name])]),
  );
}

const REACHABLE = `
select distinct case when p.pronamespace = to_regnamespace('confidential') then 'confidential.' else '' end || p.proname as name from pg_proc p, unnest($1::text[]) r
 where p.prosecdef and p.prorettype <> 'trigger'::regtype and has_function_privilege(r, p.oid, 'execute')
   and p.pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
   and p.pronamespace is distinct from to_regnamespace($2) and has_schema_privilege(r, p.pronamespace, 'usage')
union
select c.relname from pg_class c, unnest($1::text[]) r
 where c.relkind in ('v', 'm', 'f') and has_any_column_privilege(r, c.oid, 'select') and has_schema_privilege(r, c.relnamespace, 'usage')
   and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
 order by 1`;

/** Definer functions and views that these roles can reach: each is a way past the policies of who asks. */
export async function reachableObjects(owner: ClientBase, roles: readonly string[], guardSchema: string): Promise<string[]> {
  return (await owner.query<{ name: string }>(REACHABLE, [roles, guardSchema])).rows.map(({ name }) => name);
}
