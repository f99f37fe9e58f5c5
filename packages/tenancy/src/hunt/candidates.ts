import { randomUUID } from "node:crypto";
import { mayUpdate, type Target } from "./probe.ts";
import type { Column, Persona, PersonaKind, Row, Table, World } from "./types.ts";

// A hunt tries representatives, not all rows: one for each combination of identities and small values.
const REPRESENTATIVES = 24;
// How many others a row is moved to: organizations, persons, parents.
const OTHERS = 5;

/** One row for each combination of identities, flags and states. */
export function representatives(world: World, table: Table): Row[] {
  const small = table.columns.filter(
    ({ name, type, labels }) => table.identities.includes(name) || type === "boolean" || labels.length > 0,
  );
  const seen = new Map<string, Row>();
  for (const row of world.rows[table.name] ?? []) {
    const signature = JSON.stringify(small.map(({ name }) => row[name]));
    if (!seen.has(signature)) seen.set(signature, row);
  }
  return [...seen.values()].slice(0, REPRESENTATIVES);
}

let counter = 0;

/**
 * A new row like another: what must be unique is made new, unless it is an identity or names a parent. Such a copy may meet a unique key;
 * then a constraint stops what the locks let through.
 */
export function cloneOf(table: Table, row: Row): Row {
  const copy: Record<string, unknown> = { ...row };
  for (const unique of table.uniques) {
    const free = unique.find((name) => !isIdentityOrParent(table, name) && copy[name] !== null && copy[name] !== undefined);
    const column = table.columns.find(({ name }) => name === free);
    if (column) copy[column.name] = fresh(column, row[column.name]);
  }
  return copy;
}

function fresh(column: Column, value: unknown): unknown {
  counter++;
  if (column.type === "uuid") return randomUUID();
  if (/^(smallint|integer|bigint|numeric)/.test(column.type))
    return column.type === "smallint" ? 30_000 - (counter % 9_000) : 1_900_000_000 + counter;
  if (/^(text|character varying)/.test(column.type)) return `${String(value)}_h${counter}`;
  return value;
}

export const isIdentityOrParent = (table: Table, name: string): boolean =>
  table.identities.includes(name) || table.foreignKeys.some(({ columns }) => columns.includes(name));

export interface Alternative {
  column: string;
  value: unknown;
}

/**
 * Values that would move a row to somebody else, to another parent, or into another state: of every column that names an organization, a
 * person or a parent, and of every flag and state.
 */
export function alternatives(target: Target, row: Row): Alternative[] {
  const { world, table, persona, personas } = target;
  const [userIds, orgIds] = [idsOf(personas, "userId"), idsOf(personas, "orgId")];
  return table.columns.flatMap((column) => {
    const others = (values: readonly unknown[], limit: number): Alternative[] => {
      const differing = [...new Set(values)].filter((value) => value !== row[column.name] && value !== null && value !== undefined);
      const chosen = differing.slice(0, limit);
      // Where some move is allowed, one that is must be among those that are tried.
      const allowed = differing.find((value) => mayUpdate(target, row, { ...row, [column.name]: value }));
      if (allowed !== undefined && !chosen.includes(allowed)) chosen.push(allowed);
      return chosen.map((value) => ({ column: column.name, value }));
    };
    if (column.generated) return [];
    const present = (world.rows[table.name] ?? []).map((one) => one[column.name]);
    if (table.identities.includes(column.name)) {
      if (present.some((value) => userIds.includes(value))) return others([persona.userId, ...userIds], OTHERS);
      return others([persona.orgId, ...parents(world, table, column.name), ...orgIds], OTHERS);
    }
    const references = nearestParents(world, table, column.name, row);
    if (references.length > 0) return others(references, OTHERS);
    if (column.type === "boolean") return others([true, false], 1);
    if (column.labels.length > 0) return others(column.labels, 1);
    if (table.key.includes(column.name) && column.type === "text") return others(otherPrefixes(column, row, present), 1);
    return [];
  });
}

/** Ids of persons or organizations, one of each kind first: the suspended and the removed must be among the few that are tried. */
const TELLING: readonly PersonaKind[] = ["suspended", "other owner", "member", "removed", "owner", "admin"];

function idsOf(personas: readonly Persona[], field: "userId" | "orgId"): unknown[] {
  const oneOfEach = TELLING.map((kind) => personas.find((one) => one.kind === kind)).filter((one) => one !== undefined);
  return [...oneOfEach, ...personas].map((persona) => persona[field]).filter((id) => id !== null);
}

/** Keys of the rows that a column may name. */
function parents(world: World, table: Table, column: string): unknown[] {
  return parentRows(world, table, column).map(({ key }) => key);
}

/** Those first that differ least from the one the row names: of the same person elsewhere, of another person in the same place. */
function nearestParents(world: World, table: Table, column: string, row: Row): unknown[] {
  const found = parentRows(world, table, column);
  const current = found.find(({ key }) => key === row[column]);
  const distance = (one: Row) => found[0]?.identities.filter((name) => one[name] !== current?.parent[name]).length ?? 0;
  return found
    .map(({ key, parent }) => ({ key, far: distance(parent) }))
    .sort((a, b) => a.far - b.far)
    .map(({ key }) => key);
}

function parentRows(world: World, table: Table, column: string): { key: unknown; parent: Row; identities: readonly string[] }[] {
  return table.foreignKeys
    .filter(({ columns }) => columns.length === 1 && columns[0] === column)
    .flatMap(({ table: name, targetColumns }) => {
      const identities = world.tables[name]?.identities ?? [];
      return (world.rows[name] ?? []).map((parent) => ({ key: parent[targetColumns[0] ?? ""], parent, identities }));
    });
}

/** Columns that say whose a row is, what it belongs to and which state it is in. */
export function tellingColumns(table: Table): Column[] {
  return table.columns.filter(
    ({ name, type, labels, generated }) => !generated && (isIdentityOrParent(table, name) || type === "boolean" || labels.length > 0),
  );
}

/** Ids often tell a kind by their first letters (`guest_…`): new ids of the other kinds. */
function otherPrefixes(column: Column, row: Row, present: readonly unknown[]): unknown[] {
  const prefix = (value: unknown) => String(value).split(/[_:-]/)[0];
  const byPrefix = new Map(present.map((value) => [prefix(value), value]));
  byPrefix.delete(prefix(row[column.name]));
  return [...byPrefix.values()].map((value) => fresh(column, value));
}
