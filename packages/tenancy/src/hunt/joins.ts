import { escapeIdentifier } from "pg";
import { type Probe, sameCount } from "./probe.ts";
import type { Row, TableRule, World } from "./types.ts";
import { relation } from "./world.ts";

/** Joins each table with each parent: as many pairs as there are rows that may be seen on both sides. */
export function joinProbes(world: World, rules: Readonly<Record<string, TableRule>>, tables: readonly string[]): Probe[] {
  return tables.flatMap((name) => {
    const child = world.tables[name];
    return (child?.foreignKeys ?? []).flatMap(({ columns, table: parent, targetColumns }): Probe[] => {
      if (!world.tables[parent]) return [];
      const [childRule, parentRule] = [rules[name]?.read, rules[parent]?.read];
      const readable =
        columns.every((column) => childRule?.columns?.includes(column) ?? true) &&
        targetColumns.every((column) => parentRule?.columns?.includes(column) ?? true);
      const see = (table: string, sees?: (row: Row) => boolean) => (world.rows[table] ?? []).filter((row) => sees?.(row) ?? false);
      const tuple = (row: Row, names: readonly string[]) => JSON.stringify(names.map((column) => row[column]));
      const parents = new Map<string, number>();
      for (const row of see(parent, parentRule?.rows)) {
        const key = tuple(row, targetColumns);
        parents.set(key, (parents.get(key) ?? 0) + 1);
      }
      const pairs = see(name, childRule?.rows).reduce((sum, row) => sum + (parents.get(tuple(row, columns)) ?? 0), 0);
      const on = columns
        .map((column, at) => `c.${escapeIdentifier(column)} = p.${escapeIdentifier(targetColumns[at] ?? "")}`)
        .join(" and ");
      const mustRun = childRule !== undefined && parentRule !== undefined && readable;
      return [
        {
          table: name,
          verb: "select",
          route: "join",
          way: parent,
          sql: `select count(*) from ${relation(world.schema, name)} c join ${relation(world.schema, parent)} p on ${on}`,
          answer: true,
          granted: mustRun && pairs > 0,
          judge: sameCount(mustRun ? pairs : 0, mustRun),
        },
      ];
    });
  });
}
