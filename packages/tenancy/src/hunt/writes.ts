import { escapeIdentifier, escapeLiteral } from "pg";
import { alternatives, cloneOf, isIdentityOrParent, representatives, tellingColumns } from "./candidates.ts";
import {
  grantedColumns,
  keyIsReadable,
  mayDelete,
  mayInsert,
  mayRead,
  mayUpdate,
  oneRow,
  type Probe,
  refused,
  sameCount,
  sameKeys,
  type Target,
} from "./probe.ts";
import type { Column, Row, Table, Verb } from "./types.ts";
import { keySql, relation } from "./world.ts";

// How many allowed rows are taken as a base for changing one column after the other.
const BASES = 2;
// How many other owners are tried again beside the grants.
const OWNERS = 4;

/** Ways to write a table: copies of every kind of row, each column that says whose it is changed, in place, moved away, deleted. */
export function writeProbes(target: Target): Probe[] {
  return [...insertProbes(target), ...updateProbes(target), ...deleteProbes(target)];
}

const make = (target: Target, verb: Verb, route: string, sql: string, judge: Probe["judge"], granted: boolean): Probe => ({
  table: target.table.name,
  verb,
  route,
  sql,
  granted,
  judge,
});

function insertProbes(target: Target): Probe[] {
  const { world, table, rule, persona } = target;
  const kinds = representatives(world, table);
  // Without any right to insert the first persona of a role tries all, the others a few, their own first.
  const isOwn = (row: Row) =>
    table.identities.some((name) => row[name] !== null && [persona.userId, persona.orgId].includes(row[name] as string));
  const few = [...kinds.filter(isOwn), ...kinds.filter((row) => !isOwn(row))].slice(0, BASES);
  const clones = (rule.insert || target.first ? kinds : few).map((row) => cloneOf(table, row));
  const tries: [route: string, row: Row][] = clones.map((row) => ["a copy", row]);
  for (const clone of rule.insert && target.allGranted ? clones : clones.slice(0, 1))
    tries.push(["a copy made one's own", ownCopy(target, clone)]);
  // A policy may let through what exists already, key and all: the unique key then stops it, and tells.
  if (target.allGranted)
    for (const row of rule.insert ? kinds.slice(0, BASES) : [...few, ...kinds.filter((one) => mayRead(target, one))].slice(0, OWNERS))
      tries.push(["the same again", row]);
  if (rule.insert) {
    const allowed = clones.filter((row) => mayInsert(target, row));
    // The policies alone refuse most of these; beside the grants a look at whose the row is will do.
    for (const base of (allowed.length > 0 ? allowed : clones).slice(0, target.allGranted ? BASES : 1)) {
      const changes = alternatives(target, base);
      const whose = changes.filter(({ column }) => table.identities.includes(column)).slice(0, OWNERS);
      for (const { column, value } of target.allGranted ? changes : whose)
        tries.push([`a copy with another ${column}`, { ...cloneOf(table, base), [column]: value }]);
    }
  }
  const probes = tries.map(([route, row]) => {
    const granted = mayInsert(target, row);
    return {
      ...make(target, "insert", route, insertSql(target, row), oneRow(granted), granted),
      counts: { allowed: granted ? 1 : 0, all: 1 },
    };
  });
  return target.allGranted ? probes : [...probes, ...returningProbes(target, clones)];
}

/** INSERT … RETURNING shows the new row: it must be readable too. */
function returningProbes(target: Target, clones: readonly Row[]): Probe[] {
  if (!keyIsReadable(target) || !(target.rule.insert || target.first)) return [];
  return clones.slice(0, BASES).map((row) => {
    const granted = mayInsert(target, row) && mayRead(target, row);
    return make(target, "insert", "returning", `${insertSql(target, row)} returning ${keySql(target.table.key)}`, oneRow(granted), granted);
  });
}

export function insertSql(target: Target, row: Row): string {
  const { world, table } = target;
  const granted = grantedColumns(target, "insert");
  const columns = table.columns.filter(({ name, generated }) => !generated && (granted.length === 0 || granted.includes(name)));
  const list = columns.map(({ name }) => escapeIdentifier(name)).join(", ");
  const into = relation(world.schema, table.name);
  return `insert into ${into} (${list}) select ${list} from json_populate_record(null::${into}, ${escapeLiteral(JSON.stringify(row))}::json)`;
}

function ownCopy({ world, table, persona, personas }: Target, row: Row): Row {
  const copy: Record<string, unknown> = { ...row };
  const userIds = new Set(personas.map(({ userId }) => userId));
  for (const name of table.identities) {
    const ofUsers = (world.rows[table.name] ?? []).some((one) => userIds.has(one[name] as string));
    const own = ofUsers ? persona.userId : persona.orgId;
    if (own !== null) copy[name] = own;
  }
  return copy;
}

function updateProbes(target: Target): Probe[] {
  const { world, table, rule, keys, allGranted } = target;
  const from = relation(world.schema, table.name);
  const rows = world.rows[table.name] ?? [];
  const granted = grantedColumns(target, "update");
  const column = harmlessColumn(table, granted);
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
      ...make(
        target,
        "update",
        "in place",
        `with x as (update ${from} set ${name} = ${name} returning ${keySql(table.key)} as k) select coalesce(json_agg(k), '[]')::text from x`,
        sameKeys(reached, rule.update !== undefined),
        reached.length > 0,
      ),
      answer: true,
      counts: { allowed: reached.length, all: rows.length },
    });
  } else if (readableKey) {
    for (const row of representatives(world, table))
      probes.push({
        ...make(target, "update", "in place", `update ${from} set ${name} = ${name} ${where(row)}`, oneRow(reaches(row)), reaches(row)),
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
  if (!runs) return [make(target, "update", "all rows unseen", sql, oneRow(false), false)];
  return [make(target, "update", "all rows unseen", sql, sameCount(touched.length, rule.update !== undefined), touched.length > 0)];
}

function ungrantedColumns(target: Target, granted: readonly string[]): Probe[] {
  const { world, table } = target;
  return table.columns
    .filter(({ name, generated }) => !generated && !granted.includes(name))
    .map(({ name }) => {
      const sql = `update ${relation(world.schema, table.name)} set ${escapeIdentifier(name)} = null`;
      return make(target, "update", `column ${name}`, sql, refused(), false);
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
        return { ...make(target, "update", `move ${column}`, sql, oneRow(allowed), allowed), counts: { allowed: allowed ? 1 : 0, all: 1 } };
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
      return make(target, "update", `move all ${column} unseen`, sql, judge, allowed && touched.length > 0);
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
    return make(target, "update", "make all alike unseen", sql, judge, allowed && touched.length > 0);
  });
}

function deleteProbes(target: Target): Probe[] {
  const { world, table, rule, keys } = target;
  const from = relation(world.schema, table.name);
  const rows = world.rows[table.name] ?? [];
  const gone = rows.filter((row) => mayDelete(target, row));
  const seenGone = gone.filter((row) => mayRead(target, row));
  const referenced = Object.values(world.tables).some(({ foreignKeys }) => foreignKeys.some((key) => key.table === table.name));
  const readableKey = keyIsReadable(target);
  const probes: Probe[] = [];
  if (gone.length === 0 || !referenced) {
    probes.push(
      make(target, "delete", "all rows unseen", `delete from ${from}`, sameCount(gone.length, rule.delete !== undefined), gone.length > 0),
    );
    const sql = `with x as (delete from ${from} returning ${keySql(table.key)} as k) select coalesce(json_agg(k), '[]')::text from x`;
    const judge = sameKeys(
      seenGone.map((row) => keys.get(row) ?? ""),
      rule.delete !== undefined && readableKey,
    );
    probes.push({
      ...make(target, "delete", "returning", sql, judge, seenGone.length > 0),
      answer: true,
      counts: { allowed: seenGone.length, all: rows.length },
    });
    return probes;
  }
  for (const row of representatives(world, table)) {
    const allowed = seenGone.includes(row);
    const sql = `delete from ${from} where ${keySql(table.key)} = ${escapeLiteral(keys.get(row) ?? "")}`;
    probes.push({ ...make(target, "delete", "by key", sql, oneRow(allowed), allowed), counts: { allowed: allowed ? 1 : 0, all: 1 } });
  }
  return probes;
}

/** A column whose change says nothing about whose a row is: of those that are granted, else of all. */
export function harmlessColumn(table: Table, granted: readonly string[]): Column | undefined {
  const candidates = table.columns.filter(({ name, generated }) => !generated && (granted.length === 0 || granted.includes(name)));
  const weight = ({ name, type, labels }: Column): number => {
    if (table.uniques.some((unique) => unique.includes(name))) return 4;
    if (isIdentityOrParent(table, name)) return 3;
    if (type === "boolean" || labels.length > 0) return 2;
    return type.startsWith("timestamp") ? 1 : 0;
  };
  return [...candidates].sort((a, b) => weight(a) - weight(b))[0];
}

export const columnOf = (table: Table, name: string): Column | undefined => table.columns.find((column) => column.name === name);

export function valueSql(column: Column | undefined, value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value))
    return `(select array(select json_array_elements_text(${escapeLiteral(JSON.stringify(value))}::json))::${column?.type})`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return `${escapeLiteral(text)}::${column?.type.includes("character") ? "text" : (column?.type ?? "text")}`;
}
