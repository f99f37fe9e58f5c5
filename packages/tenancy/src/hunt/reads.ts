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
import type { Route } from "./routes.ts";
import type { Row } from "./types.ts";
import { keySql, relation } from "./world.ts";

/** Ways to read a table: all rows, by key, counts, samples, locks, column by column, and by what an error would quote. */
export function readProbes(target: Target): Probe[] {
  const { world, table, rule, keys, allGranted } = target;
  const from = relation(world.schema, table.name);
  const rows = world.rows[table.name] ?? [];
  const visible = rows.filter((row) => mayRead(target, row));
  const keysOf = (some: readonly Row[]) => some.map((row) => keys.get(row) ?? "");
  const probe: Make = ([route, way], sql, judge, granted = visible.length > 0) => ({
    table: table.name,
    verb: "select",
    route,
    ...(way === undefined ? {} : { way }),
    sql,
    answer: true,
    granted,
    judge,
  });
  const mustRun = rule.read !== undefined;
  const all: Probe = {
    ...probe(["select"], `select coalesce(json_agg(${keySql(table.key)}), '[]')::text from ${from}`, sameKeys(keysOf(visible), mustRun)),
    counts: { allowed: visible.length, all: rows.length },
  };
  const count = probe(["select", "count"], `select count(*) from ${from}`, sameCount(visible.length, mustRun));
  // A role that may read nothing here is refused for all its personas alike.
  if (allGranted || !(mustRun || target.first)) return [all];
  const hidden = rows.filter((row) => !mayRead(target, row));
  const listed = `array[${keysOf(hidden).map(escapeLiteral).join(", ")}]::text[]`;
  const lockable = visible.filter((row) => mayUpdate(target, row, row) || (rule.update?.rows(row) ?? false));
  const byKey = probe(
    ["select", "by key"],
    `select count(*) from ${from} where ${keySql(table.key)} = any (${listed})`,
    sameCount(0, mustRun),
    false,
  );
  return [
    ...(keyIsReadable(target) || !mustRun ? [all, count, byKey] : [{ ...count, counts: { allowed: visible.length, all: rows.length } }]),
    ...(mustRun && rule.read?.columns === undefined
      ? [probe(["sample"], `select count(*) from ${from} tablesample system (100)`, sameCount(visible.length, true))]
      : []),
    probe(
      ["for update"],
      `select count(*) from (select from ${from} for update) x`,
      sameCount(lockable.length, rule.read !== undefined && rule.update !== undefined),
      lockable.length > 0,
    ),
    ...byColumn(target, probe),
  ];
}

type Make = (path: readonly [route: Route, way?: string], sql: string, judge: Probe["judge"], granted?: boolean) => Probe;

function byColumn(target: Target, probe: Make): Probe[] {
  const { world, table, first } = target;
  const from = relation(world.schema, table.name);
  const texts = table.columns.filter(
    ({ name, type }) => target.rule.read && grantedColumns(target, "read").includes(name) && /^(text|character)/.test(type),
  );
  // One column for each other persona: one whose values are not an organization's or a person's, which show elsewhere.
  const telling = texts.toSorted((a, b) => Number(table.identities.includes(a.name)) - Number(table.identities.includes(b.name)));
  const readable = grantedColumns(target, "read");
  const visible = (world.rows[table.name] ?? []).filter((row) => mayRead(target, row));
  const list = readable.map(escapeIdentifier).join(", ");
  return [
    ...(readable.length > 0
      ? [probe(["select", "all columns"], `select count(*) from (select ${list} from ${from} offset 0) x`, sameCount(visible.length, true))]
      : []),
    ...columnNames(table)
      .filter((name) => first && target.rule.read && !readable.includes(name))
      .map((name) => probe(["select", `column ${name}`], `select count(${escapeIdentifier(name)}) from ${from}`, refused(), false)),
    // A condition that fails quotes the value it met. What is quoted is searched for hidden values; see said.ts.
    ...(first ? texts : telling.slice(0, 1)).map(({ name }) =>
      probe(["error text"], `select count(*) from ${from} where ${escapeIdentifier(name)}::integer = 0`, () => ({ is: "right" }), false),
    ),
  ];
}
