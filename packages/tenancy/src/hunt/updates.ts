import { escapeIdentifier, escapeLiteral } from "pg";
import { alternatives, representatives, tellingColumns } from "./candidates.ts";
import {
  grantedColumns,
  keyIsReadable,
  mayRead,
  mayUpdate,
  oneRow,
  type Probe,
  refused,
  sameCount,
  sameKeys,
  type Target,
} from "./probe.ts";
import type { Column, Row } from "./types.ts";
import { keySql, relation } from "./world.ts";
import { BASES, columnOf, harmlessColumn, valueSql, writeProbe } from "./write-parts.ts";

/** In place, column by column, and every move to somebody else, another parent or another state; with and without reading the rows. */
export function updateProbes(target: Target): Probe[] {
  const { world, table, rule, keys, allGranted } = target;
  const from = relation(world.schema, table.name);
  const rows = world.rows[table.name] ?? [];
  const granted = grantedColumns(target, "update");
  const column = harmlessColumn(table, granted, grantedColumns(target, "read"));
  if (!column) return [];
  const name = escapeIdentifier(column.name);
  const probes: Probe[] = [];

  const reaches = (row: Row) => mayRead(target, row) && mayUpdate(target, row, row);
  const refusedInPlace = rows.some((row) => mayRead(target, row) && (rule.update?.rows(row) ?? false) && !mayUpdate(target, row, row));
  const where = (row: Row) => `where ${keySql(table.key)} = ${escapeLiteral(keys.get(row) ?? "")}`;
  const readableKey = keyIsReadable(target) && (allGranted || grantedColumns(target, "read").includes(column.name));
  if (rule.update === undefined || (readableKey && !refusedInPlace)) {
    const reached = rows.filter(reaches).map((row) => keys.get(row) ?? "");
    probes.push({
      ...writeProbe(
        target,
        "update",
        ["update", "in place"],
        `with x as (update ${from} set ${name} = ${name} returning ${keySql(table.key)} as k) select coalesce(json_agg(k), '[]')::text from x`,
        sameKeys(reached, rule.update !== undefined),
        reached.length > 0,
      ),
      answer: true,
      counts: { allowed: reached.length, all: rows.length },
    });
    if (rule.update && reached.length > 0 && !allGranted) probes.push(returningProbe(target, name));
  } else if (readableKey) {
    for (const row of representatives(world, table))
      probes.push({
        ...writeProbe(
          target,
          "update",
          ["update", "in place"],
          `update ${from} set ${name} = ${name} ${where(row)}`,
          oneRow(reaches(row)),
          reaches(row),
        ),
        counts: { allowed: reaches(row) ? 1 : 0, all: 1 },
      });
  }
  probes.push(...blindUpdate(target, column));
  // Where nothing is granted the tries above are refused already.
  if (!allGranted && target.first && rule.update) probes.push(...ungrantedColumns(target, granted));
  if (rule.update && readableKey) probes.push(...moveProbes(target, where, granted));
  if (rule.update || (allGranted && target.first)) probes.push(...blindMoves(target, granted));
  if (allGranted && (rule.update || target.first)) probes.push(...overwrites(target));
  return probes;
}

/** UPDATE … RETURNING shows what a trigger made of the rows. */
function returningProbe(target: Target, name: string): Probe {
  const list = grantedColumns(target, "read").map(escapeIdentifier).join(", ");
  const from = relation(target.world.schema, target.table.name);
  const sql = `with x as (update ${from} set ${name} = ${name} returning ${list}) select coalesce(json_agg(x), '[]')::text from x`;
  // How many rows are reached "in place" has told.
  const judge: Probe["judge"] = ({ state }) => oneRow(true)({ state, rows: 1, answer: null, said: "" });
  return { ...writeProbe(target, "update", ["returning", "update"], sql, judge, true), answer: true, shows: true };
}

/** Without a condition no column is read, so only the policies for UPDATE count: whoever cannot see a row must not be able to spoil it. */
function blindUpdate(target: Target, column: Column): Probe[] {
  const { world, table, rule } = target;
  const rows = world.rows[table.name] ?? [];
  const first = rows[0];
  if (!first) return [];
  const value = first[column.name];
  const touched = rows.filter((row) => rule.update?.rows(row) ?? false);
  const runs = touched.every((row) => mayUpdate(target, row, { ...row, [column.name]: value }));
  const sql = `update ${relation(world.schema, table.name)} set ${escapeIdentifier(column.name)} = ${valueSql(column, value)}`;
  if (!runs) return [writeProbe(target, "update", ["update", "all rows unseen"], sql, oneRow(false), false)];
  return [
    writeProbe(
      target,
      "update",
      ["update", "all rows unseen"],
      sql,
      sameCount(touched.length, rule.update !== undefined),
      touched.length > 0,
    ),
  ];
}

function ungrantedColumns(target: Target, granted: readonly string[]): Probe[] {
  const { world, table } = target;
  return table.columns
    .filter(({ name, generated }) => !generated && !granted.includes(name))
    .map(({ name }) => {
      const sql = `update ${relation(world.schema, table.name)} set ${escapeIdentifier(name)} = null`;
      return writeProbe(target, "update", ["update", `column ${name}`], sql, refused(), false);
    });
}

/** An UPDATE that names its row reads it, before and after: both must be readable. */
function moveProbes(target: Target, where: (row: Row) => string, granted: readonly string[]): Probe[] {
  const { world, table, rule } = target;
  const movable = representatives(world, table).filter((row) => mayRead(target, row) && rule.update?.rows(row));
  return movable.slice(0, BASES).flatMap((row) =>
    alternatives(target, row)
      .filter(({ column }) => granted.includes(column))
      .map(({ column, value }) => {
        const after = { ...row, [column]: value };
        const allowed = mayUpdate(target, row, after) && mayRead(target, after);
        const sql = `update ${relation(world.schema, table.name)} set ${escapeIdentifier(column)} = ${valueSql(columnOf(table, column), value)} ${where(row)}`;
        return {
          ...writeProbe(target, "update", ["move", column], sql, oneRow(allowed), allowed),
          counts: { allowed: allowed ? 1 : 0, all: 1 },
        };
      }),
  );
}

/** Moves everything that can be reached without reading it: then a policy for SELECT cannot refuse what the one for UPDATE forgot. */
function blindMoves(target: Target, granted: readonly string[]): Probe[] {
  const { world, table, rule } = target;
  const rows = world.rows[table.name] ?? [];
  const touched = rows.filter((row) => rule.update?.rows(row));
  const first = touched[0] ?? rows[0];
  if (!first) return [];
  return alternatives(target, first)
    .filter(({ column }) => granted.includes(column) && (rule.update || table.identities.includes(column)))
    .map(({ column, value }) => {
      const allowed = touched.every((row) => mayUpdate(target, row, { ...row, [column]: value }));
      const sql = `update ${relation(world.schema, table.name)} set ${escapeIdentifier(column)} = ${valueSql(columnOf(table, column), value)}`;
      const judge = allowed ? sameCount(touched.length, rule.update !== undefined) : oneRow(false);
      return writeProbe(target, "update", ["move", `all ${column} unseen`], sql, judge, allowed && touched.length > 0);
    });
}

/** Makes every row that can be reached without reading it like one of another kind: whose it is, what it belongs to and its state at once. */
function overwrites(target: Target): Probe[] {
  const { world, table, rule } = target;
  const touched = (world.rows[table.name] ?? []).filter((row) => rule.update?.rows(row));
  const columns = tellingColumns(table).filter(({ name }) => !table.key.includes(name));
  if (columns.length === 0) return [];
  return representatives(world, table).map((like) => {
    const values = Object.fromEntries(columns.map(({ name }) => [name, like[name]]));
    const allowed = touched.every((row) => mayUpdate(target, row, { ...row, ...values }));
    const list = columns.map((column) => `${escapeIdentifier(column.name)} = ${valueSql(column, like[column.name])}`).join(", ");
    const judge = allowed ? sameCount(touched.length, rule.update !== undefined) : oneRow(false);
    const sql = `update ${relation(world.schema, table.name)} set ${list}`;
    return writeProbe(target, "update", ["move", "all alike unseen"], sql, judge, allowed && touched.length > 0);
  });
}
