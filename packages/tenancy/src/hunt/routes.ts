import type { Persona, Row, TableRule, World } from "./types.ts";

/** Every way in or out that a hunt tries. The order is that of the output. */
export const ROUTES = [
  "select",
  "sample",
  "for update",
  "join",
  "copy to",
  "error text",
  "statistics",
  "insert",
  "returning",
  "on conflict",
  "copy from",
  "update",
  "move",
  "delete",
  "view",
  "function",
  "unique key",
  "foreign key",
  "estimate",
  "comparison",
  "server files",
  "token",
] as const;

export type Route = (typeof ROUTES)[number];

/** How often a route was tried, and where it had to be. */
export interface RouteCount {
  route: Route;
  /** Statements that ran or were refused; those that failed for another reason do not count. */
  statements: number;
  /** Tables, views and functions where it was tried; the database as a whole is one. */
  places: number;
  findings: number;
}

/** Stands for the whole database where a route is no table's. */
export const DATABASE = "";

/** What a schema's places follow from. */
export interface Ground {
  world: World;
  tables: readonly string[];
  personas: readonly Persona[];
  rulesOf(persona: Persona): Readonly<Record<string, TableRule>>;
}

/**
 * Tables that have a place for a route, by the world and the oracle alone: nothing here asks which statements were made, so that a route
 * whose statements are not made any more shows. Views and functions are asked of the catalog; see gaps.ts.
 */
export function placesOf(ground: Ground): Map<Route, readonly string[]> {
  const { tables, personas, world } = ground;
  const where = (has: (place: Place) => boolean) =>
    tables.filter((name) => {
      const rows = world.rows[name] ?? [];
      return rows.length > 0 && personas.some((persona) => has({ ground, name, rows, persona, rule: ground.rulesOf(persona)[name] ?? {} }));
    });
  const someone = personas.length > 0 && tables.length > 0 ? [DATABASE] : [];
  const everywhere = where(() => true);
  return new Map<Route, readonly string[]>([
    ["select", everywhere],
    ["sample", where((place) => isGuest(place) && place.rule.read !== undefined && place.rule.read.columns === undefined)],
    ["for update", where(isGuest)],
    ["join", where(hasParents)],
    ["copy to", everywhere],
    ["error text", where((place) => isGuest(place) && readableColumns(place, /^(text|character)/).length > 0)],
    ["statistics", where(isGuest).length > 0 ? [DATABASE] : []],
    ["insert", everywhere],
    ["returning", where((place) => isGuest(place) && place.rule.insert !== undefined && readsKey(place))],
    ["on conflict", where(canConflict)],
    ["copy from", everywhere],
    ["update", where(({ name }) => world.tables[name]?.columns.some(({ generated }) => !generated) ?? false)],
    ["move", where(canMove)],
    ["delete", everywhere],
    ["unique key", where(canTakeKeys)],
    ["foreign key", where(canNameParents)],
    ["estimate", where(canEstimate)],
    ["comparison", where(canCompare)],
    ["server files", someone],
    ["token", personas.some(({ token }) => token !== undefined) ? someone : []],
  ]);
}

interface Place {
  ground: Ground;
  name: string;
  rows: readonly Row[];
  persona: Persona;
  rule: TableRule;
}

const tableOf = ({ ground, name }: Place) => ground.world.tables[name];
const isGuest = (place: Place): boolean => tableOf(place)?.owner !== place.persona.role;
const isHidden = ({ rule }: Place, row: Row): boolean => !rule.read?.rows(row);

function readableColumns(place: Place, type = /./): string[] {
  const { read } = place.rule;
  if (!read) return [];
  const all = tableOf(place)?.columns ?? [];
  return all.filter((column) => type.test(column.type) && (read.columns?.includes(column.name) ?? true)).map(({ name }) => name);
}

function readsKey(place: Place): boolean {
  const readable = readableColumns(place);
  return readable.length > 0 && (tableOf(place)?.key.every((column) => readable.includes(column)) ?? false);
}

function hasParents(place: Place): boolean {
  return tableOf(place)?.foreignKeys.some(({ table }) => place.ground.world.tables[table] !== undefined) ?? false;
}

function canConflict(place: Place): boolean {
  const { rule, rows } = place;
  if (!rule.insert || tableOf(place)?.uniques.length === 0) return false;
  return rows.some((row) => isHidden(place, row) && !rule.update?.rows(row));
}

/** Two persons and two organizations, and a column that names one of them. */
function canMove(place: Place): boolean {
  const { personas } = place.ground;
  const several = (field: "userId" | "orgId") => new Set(personas.map((one) => one[field]).filter((id) => id !== null)).size > 1;
  const table = tableOf(place);
  const named = table?.columns.some(({ name, generated }) => !generated && table.identities.includes(name)) ?? false;
  return named && several("userId") && several("orgId");
}

/** A new row of one's own may have a key that a hidden row has. */
function canTakeKeys(place: Place): boolean {
  const { rule, rows } = place;
  const own = rows.find((row) => rule.insert?.rows(row));
  if (!own) return false;
  const hidden = rows.filter((row) => isHidden(place, row));
  return (tableOf(place)?.uniques ?? []).some((unique) =>
    hidden.some((row) => {
      const taken = Object.fromEntries(unique.map((column) => [column, row[column]]));
      return !Object.values(taken).includes(null) && rule.insert?.rows({ ...own, ...taken });
    }),
  );
}

const NAMEABLE = ["uuid", "text", "integer", "bigint"];

function canNameParents(place: Place): boolean {
  const table = tableOf(place);
  if (!table || !place.rows.some((row) => place.rule.insert?.rows(row))) return false;
  return table.foreignKeys.some(({ columns, table: parent, targetColumns }) => {
    const [column = ""] = columns;
    const type = table.columns.find(({ name }) => name === column)?.type ?? "";
    const read = place.ground.rulesOf(place.persona)[parent]?.read;
    const hidden = (place.ground.world.rows[parent] ?? []).filter((row) => !read?.rows(row));
    const several = new Set(hidden.map((row) => row[targetColumns[0] ?? ""])).size > 1;
    return columns.length === 1 && !table.identities.includes(column) && NAMEABLE.includes(type) && several;
  });
}

function canEstimate(place: Place): boolean {
  const readable = readableColumns(place);
  const identities = tableOf(place)?.identities ?? [];
  return identities.some((column) => readable.includes(column) && place.rows.some((row) => isHidden(place, row) && row[column] !== null));
}

const COMPARED = /^(boolean|uuid|smallint|integer|bigint|numeric|real|double|text|character|date|time)/;

/** The first persona of an application's role, a row that it does not see, and a column that it may name. */
function canCompare(place: Place): boolean {
  const { persona, rule, rows, ground } = place;
  if (persona.kind === "job" || persona.kind === "internal" || !isGuest(place) || !rule.read) return false;
  if (ground.personas.find(({ role }) => role === persona.role) !== persona) return false;
  const readable = readableColumns(place, COMPARED);
  return rows.some((row) => isHidden(place, row) && readable.some((column) => row[column] !== null));
}
