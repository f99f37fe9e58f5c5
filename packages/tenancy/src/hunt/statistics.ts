import { escapeLiteral } from "pg";
import { type Probe, refused, sameCount } from "./probe.ts";
import { DATABASE } from "./routes.ts";
import type { TableRule, World } from "./types.ts";

/**
 * Statistics of guarded tables hold values of hidden rows. Postgres shows `pg_stats` to nobody who is under policies, and the catalogs
 * beneath it to superusers only.
 */
export function statisticsProbes(world: World, rules: Readonly<Record<string, TableRule>>, tables: readonly string[]): Probe[] {
  // Who may read every row may know what is frequent among them; of columns without a right Postgres shows nothing in any case.
  const closed = tables.filter((name) => !(world.rows[name] ?? []).every((row) => rules[name]?.read?.rows(row)));
  const probe = (way: string, sql: string, judge: Probe["judge"]): Probe => ({
    table: DATABASE,
    verb: "select",
    route: "statistics",
    way,
    sql,
    answer: true,
    granted: false,
    judge,
  });
  const names = closed.map(escapeLiteral).join(", ");
  const listed = (view: string) =>
    `select count(*) from pg_catalog.${view} where schemaname = ${escapeLiteral(world.schema)} and tablename in (${names})`;
  return [
    ...(closed.length > 0 ? ["pg_stats", "pg_stats_ext"].map((view) => probe(view, listed(view), sameCount(0, false))) : []),
    ...["pg_statistic", "pg_statistic_ext_data"].map((name) => probe(name, `select count(*) from pg_catalog.${name}`, refused())),
  ];
}
