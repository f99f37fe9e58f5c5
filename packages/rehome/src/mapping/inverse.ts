import type { ColumnSource, TableMapping } from "../config/mapping.ts";
import type { Catalog, Column, Table } from "../postgres/catalog.ts";
import { id } from "../postgres/identifier.ts";
import { restores } from "./check.ts";

/** The statements that give a legacy table back from the target. */
export interface InverseTable {
  legacyTable: string;
  key: string;
  /** Target tables whose change means that this legacy row may have changed, with the column that holds the legacy key. */
  sources: { table: string; keyColumn: string }[];
  /** On the target: the legacy rows, columns as legacy's catalog orders them. */
  selectAll: string;
  /** The same for some keys (`$1`). */
  selectKeys: string;
  /** Keys of rows that legacy never had and that other tables now need; to be looked at with every change. Null where there are none. */
  selectDue: string | null;
}

/**
 * Compiles the backward half of a mapping. Dropped columns come back as null.
 *
 * The product may write a main row before the rows beside it (a profile before its standing): until those are there, legacy gets the column's
 * own default, as the old product would have written it.
 */
export function compileInverse(name: string, mapping: TableMapping, legacy: Catalog, target: Catalog): InverseTable {
  const table = legacy.get(name) as Table;
  const key = table.primaryKey[0] as string;
  const parts = Object.keys(mapping.into);
  const main = parts[0] as string;
  const mainKey = `t0.${id(target.get(main)?.primaryKey[0] as string)}`;
  const keys = parts.map((part, index) => `t${index}.${id(target.get(part)?.primaryKey[0] as string)}`);
  const columns = table.columns.map((column) => `${restored(column, mapping, keys)} as ${id(column.name)}`);
  const joins = parts
    .slice(1)
    .map(
      (part, index) =>
        `left join public.${id(part)} t${index + 1} on t${index + 1}.${id(target.get(part)?.primaryKey[0] as string)} = ${mainKey}`,
    );
  const presence = mapping.everyPerson ? personHasRow(mapping, parts, target) : "true";
  const select = `select ${columns.join(",\n       ")}\n  from public.${id(main)} t0 ${joins.join(" ")}\n where ${presence}`;
  return {
    legacyTable: name,
    key,
    sources: parts.map((part) => ({ table: part, keyColumn: target.get(part)?.primaryKey[0] as string })),
    selectAll: select,
    selectKeys: `${select} and ${mainKey}::text = any($1)`,
    selectDue: mapping.everyPerson
      ? `select ${mainKey}::text as key from public.${id(main)} t0 ${joins.join(" ")} where ${presence} and not ${legacyFlag(mapping, main)}`
      : null,
  };
}

/** A legacy row is due where there was one, and where the product has written what only such a row can hold. */
function personHasRow(mapping: TableMapping, parts: readonly string[], target: Catalog): string {
  const present = parts.slice(1).map((part, index) => `t${index + 1}.${id(target.get(part)?.primaryKey[0] as string)} is not null`);
  const due = mapping.everyPerson?.dueWhen;
  return `(${[legacyFlag(mapping, parts[0] as string), ...present, ...(due ? [`(${due})`] : [])].join(" or ")})`;
}

function legacyFlag(mapping: TableMapping, main: string): string {
  const flag = Object.entries(mapping.into[main] ?? {}).find(([, source]) => source.kind === "hasLegacyRow")?.[0];
  return flag ? `t0.${id(flag)}` : "false";
}

function restored(column: Column, mapping: TableMapping, keys: readonly string[]): string {
  for (const [index, sources] of Object.values(mapping.into).entries()) {
    for (const [targetColumn, source] of Object.entries(sources)) {
      if (restores(source) !== column.name) continue;
      const value = backward(source, `t${index}.${id(targetColumn)}`, `t${index}`);
      const otherwise = index > 0 ? defaultOf(column) : null;
      return otherwise === null ? value : `case when ${keys[index]} is null then ${otherwise} else ${value} end`;
    }
  }
  return ownerColumn(mapping, column.name) ?? "null";
}

/** A constant default of legacy, in a form the target understands: enum types of legacy are unknown there. */
function defaultOf(column: Column): string | null {
  if (column.default === null || /\(/.test(column.default)) return null; // a function call would give another value each time
  return column.isEnum ? column.default.replace(/::[\w."]+$/, "") : column.default;
}

/** The owner's legacy id comes back from the column that holds the owner's WorkOS id. */
function ownerColumn(mapping: TableMapping, column: string): string | undefined {
  if (mapping.owner.kind !== "user" || mapping.owner.column !== column) return undefined;
  for (const [index, sources] of Object.values(mapping.into).entries()) {
    for (const [targetColumn, source] of Object.entries(sources)) {
      const holdsOwner = source.kind === "ownerUser" || (source.kind === "person" && source.field === "workos_user_id");
      if (holdsOwner) return legacyUserId(`t${index}.${id(targetColumn)}`);
    }
  }
  return undefined;
}

function backward(source: ColumnSource, column: string, row: string): string {
  if (source.kind === "same" && source.orBack) return `coalesce(${column}, ${row}.${id(source.orBack)})`;
  if (source.kind === "utc" || (source.kind === "personOr" && source.zone)) return `${column} at time zone 'UTC'`;
  if (source.kind === "user") return legacyUserId(column);
  return column;
}

function legacyUserId(column: string): string {
  return `coalesce((select i.legacy_user_id from rehome.identity i where i.workos_user_id = ${column}),
                (select i.legacy_user_id from rehome.identity i where i.stand_in = ${column}))`;
}
