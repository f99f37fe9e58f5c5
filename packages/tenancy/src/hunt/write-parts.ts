import { escapeLiteral } from "pg";
import { isIdentityOrParent } from "./candidates.ts";
import type { Probe, Target } from "./probe.ts";
import type { Route } from "./routes.ts";
import type { Column, Table, Verb } from "./types.ts";

// How many allowed rows are taken as a base for changing one column after the other.
export const BASES = 2;

/** A route and, more closely, the way. */
type Path = readonly [route: Route, way: string];

export const writeProbe = (
  target: Target,
  verb: Verb,
  [route, way]: Path,
  sql: string,
  judge: Probe["judge"],
  granted: boolean,
): Probe => ({
  table: target.table.name,
  verb,
  route,
  way,
  sql,
  granted,
  judge,
});

/** A column whose change says nothing about whose a row is: of those that are granted, else of all; rather one that may be read, too. */
export function harmlessColumn(table: Table, granted: readonly string[], readable: readonly string[]): Column | undefined {
  const candidates = table.columns.filter(({ name, generated }) => !generated && (granted.length === 0 || granted.includes(name)));
  const weight = ({ name, type, labels }: Column): number => {
    if (table.uniques.some((unique) => unique.includes(name))) return 4;
    if (isIdentityOrParent(table, name)) return 3;
    if (type === "boolean" || labels.length > 0) return 2;
    return type.startsWith("timestamp") ? 1 : 0;
  };
  const closed = ({ name }: Column) => (readable.includes(name) ? 0 : 10);
  return [...candidates].sort((a, b) => weight(a) + closed(a) - weight(b) - closed(b))[0];
}

export const columnOf = (table: Table, name: string): Column | undefined => table.columns.find((column) => column.name === name);

export function valueSql(column: Column | undefined, value: unknown): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value))
    return `(select array(select json_array_elements_text(${escapeLiteral(JSON.stringify(value))}::json))::${column?.type})`;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return `${escapeLiteral(text)}::${column?.type.includes("character") ? "text" : (column?.type ?? "text")}`;
}
