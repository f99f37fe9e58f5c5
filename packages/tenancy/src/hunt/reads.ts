import { escapeIdentifier, escapeLiteral } from "pg";
import {
  columnNames,
  grantedColumns,
  keyIsReadable,
  mayRead,
  mayUpdate,
  type Probe,
  refused,
  sameCount,
  sameKeys,
  type Target,
} from "./probe.ts";
import type { Row } from "./types.ts";
import { keySql, relation } from "./world.ts";

/** Ways to read a table: all rows, by key, counts, samples, locks, column by column, and by what an error would quote. */
export function readProbes(target: Target): Probe[] {
  const { world, table, rule, keys, allGranted } = target;
  const from = relation(world.schema, table.name);
  const rows = world.rows[table.name] ?? [];
  const visible = rows.filter((row) => mayRead(target, row));
  const keysOf = (some: readonly Row[]) => some.map((row) => keys.get(row) ?? "");
  const probe = (route: string, sql: string, judge: Probe["judge"], granted = visible.length > 0): Probe => ({
    table: table.name,
    verb: "select",
    route,
    sql,
    answer: true,
    granted,
    judge,
  });
  const mustRun = rule.read !== undefined;
  const all: Probe = {
    ...probe("select", `select coalesce(json_agg(${keySql(table.key)}), '[]')::text from ${from}`, sameKeys(keysOf(visible), mustRun)),
    counts: { allowed: visible.length, all: rows.length },
  };
  const count = probe("count", `select count(*) from ${from}`, sameCount(visible.length, mustRun));
  // A role that may read nothing here is refused for all its personas alike.
  if (allGranted || !(mustRun || target.first)) return [all];
  if (!keyIsReadable(target) && mustRun)
    return [{ ...count, counts: { allowed: visible.length, all: rows.length } }, ...byColumn(target, probe)];

  const hidden = rows.filter((row) => !mayRead(target, row));
  const listed = `array[${keysOf(hidden).map(escapeLiteral).join(", ")}]::text[]`;
  const lockable = visible.filter((row) => mayUpdate(target, row, row) || (rule.update?.rows(row) ?? false));
  return [
    all,
    count,
    probe("by key", `select count(*) from ${from} where ${keySql(table.key)} = any (${listed})`, sameCount(0, mustRun), false),
    ...(mustRun && rule.read?.columns === undefined
      ? [probe("sample", `select count(*) from ${from} tablesample system (100)`, sameCount(visible.length, true))]
      : []),
    probe(
      "for update",
      `select count(*) from (select from ${from} for update) x`,
      sameCount(lockable.length, rule.read !== undefined && rule.update !== undefined),
      lockable.length > 0,
    ),
    ...byColumn(target, probe),
  ];
}

type Make = (route: string, sql: string, judge: Probe["judge"], granted?: boolean) => Probe;

function byColumn(target: Target, probe: Make): Probe[] {
  const { world, table, first } = target;
  const from = relation(world.schema, table.name);
  const texts = table.columns.filter(
    ({ name, type }) => target.rule.read && grantedColumns(target, "read").includes(name) && type === "text",
  );
  const readable = grantedColumns(target, "read");
  const visible = (world.rows[table.name] ?? []).filter((row) => mayRead(target, row));
  const list = readable.map(escapeIdentifier).join(", ");
  return [
    ...(readable.length > 0
      ? [probe("all columns", `select count(*) from (select ${list} from ${from} offset 0) x`, sameCount(visible.length, true))]
      : []),
    ...columnNames(table)
      .filter((name) => first && target.rule.read && !readable.includes(name))
      .map((name) => probe(`column ${name}`, `select count(${escapeIdentifier(name)}) from ${from}`, refused(), false)),
    // A condition that fails quotes the value it met. What is quoted is searched for hidden values; see said.ts.
    ...(first ? texts : texts.slice(0, 1)).map(({ name }) =>
      probe("error text", `select count(*) from ${from} where ${escapeIdentifier(name)}::integer = 0`, () => ({ is: "right" }), false),
    ),
  ];
}
