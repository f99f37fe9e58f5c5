import type { ColumnSource, TableMapping } from "../config/mapping.ts";
import type { Catalog, Table } from "../postgres/catalog.ts";
import { type FoundTable, shownName } from "../postgres/tables.ts";

/**
 * Everything that is wrong with a mapping, held against what the databases really have; empty when nothing is.
 *
 * A legacy column without a place is a lost column, so it is an error here and not a surprise in a proof.
 *
 * @param target null before the target's schema is there; then only the legacy half is checked
 * @param found every table of legacy, of any schema, as the mover's role finds it
 */
export function mappingProblems(
  tables: Readonly<Record<string, TableMapping>>,
  stays: Readonly<Record<string, string>>,
  legacy: Catalog,
  target: Catalog | null,
  found: readonly FoundTable[] = [],
): string[] {
  const problems: string[] = [];
  for (const name of legacy.keys()) {
    if (!tables[name] && !stays[name])
      problems.push(`legacy table ${name} is in no mapping (map it under \`tables\`, or give a reason under \`stays\`)`);
  }
  for (const name of Object.keys(stays)) {
    if (!legacy.has(name) && !found.some((table) => shownName(table) === name))
      problems.push(`\`stays\` names ${name}, which legacy does not have`);
    if (tables[name]) problems.push(`${name} is both under \`tables\` and under \`stays\`: does it move or not?`);
  }
  problems.push(...outOfSight(stays, found));
  for (const [name, mapping] of Object.entries(tables)) {
    const table = legacy.get(name);
    if (!table) {
      problems.push(`legacy has no table ${name}`);
      continue;
    }
    problems.push(...legacyProblems(name, mapping, table, tables));
    if (target) problems.push(...targetProblems(name, mapping, target));
  }
  return problems;
}

/** What the mover would pass over without a word: tables of other schemas, and rows that row security hides from its role. */
function outOfSight(stays: Readonly<Record<string, string>>, found: readonly FoundTable[]): string[] {
  const problems: string[] = [];
  for (const table of found) {
    const name = shownName(table);
    if (table.schema !== "public" && !stays[name])
      problems.push(`legacy table ${name} is not in schema public, so it cannot be mapped (give a reason under \`stays\`)`);
    if (table.hidden)
      problems.push(
        `row security hides rows of legacy table ${name} from the mover's role (give the role \`bypassrls\`, or the table no \`force\`)`,
      );
  }
  return problems;
}

/** Tables under `stays` on which the mover may put no fence: the old product can go on writing them after the cutover. */
export function unfenced(stays: Readonly<Record<string, string>>, found: readonly FoundTable[]): string[] {
  return found.filter((table) => stays[shownName(table)] && !table.ours).map(shownName);
}

/** The legacy column that a source gives back, if it does. */
export function restores(source: ColumnSource): string | undefined {
  return source.kind === "same" || source.kind === "utc" || source.kind === "user" || source.kind === "personOr"
    ? source.column
    : undefined;
}

function readsColumn(source: ColumnSource): string | undefined {
  return "column" in source && source.kind !== "parentColumn" ? source.column : undefined;
}

function legacyProblems(name: string, mapping: TableMapping, table: Table, tables: Readonly<Record<string, TableMapping>>): string[] {
  const problems: string[] = [];
  if (table.partitioned) problems.push(`legacy table ${name} is partitioned, which is not supported`);
  if (table.primaryKey.length !== 1)
    problems.push(`legacy table ${name} needs a primary key of one column (it has ${table.primaryKey.length})`);
  const columns = new Set(table.columns.map((column) => column.name));
  const places = new Map<string, number>();
  for (const sources of Object.values(mapping.into)) {
    for (const source of Object.values(sources)) {
      const restored = restores(source);
      if (restored !== undefined) places.set(restored, (places.get(restored) ?? 0) + 1);
    }
  }
  const named = [
    ...Object.values(mapping.into).flatMap((sources) => Object.values(sources).map(readsColumn)),
    "column" in mapping.owner ? mapping.owner.column : undefined,
    ...Object.keys(mapping.references ?? {}),
    ...Object.keys(mapping.dropped ?? {}),
  ];
  for (const column of new Set(named))
    if (column !== undefined && !columns.has(column)) problems.push(`legacy table ${name} has no column ${column}`);
  for (const column of columns) {
    // A key may fill the key of several target tables; the first of them gives it back.
    const isOwner = mapping.owner.kind === "user" && mapping.owner.column === column;
    if (!places.has(column) && !isOwner && !mapping.dropped?.[column])
      problems.push(`legacy column ${name}.${column} has no place (map it, or give a reason under \`dropped\`)`);
  }
  for (const parent of Object.values(mapping.references ?? {}))
    if (!tables[parent]) problems.push(`${name} refers to ${parent}, which is in no mapping`);
  if (mapping.owner.kind === "through" && !mapping.references?.[mapping.owner.column]) {
    problems.push(`${name} is owned through ${mapping.owner.column}, which is not among its references`);
  }
  return problems;
}

function targetProblems(name: string, mapping: TableMapping, target: Catalog): string[] {
  const problems: string[] = [];
  for (const [tableName, sources] of Object.entries(mapping.into)) {
    const table = target.get(tableName);
    if (!table) {
      problems.push(`target has no table ${tableName} (for ${name})`);
      continue;
    }
    const columns = new Map(table.columns.map((column) => [column.name, column]));
    for (const column of Object.keys(sources))
      if (!columns.has(column)) problems.push(`target table ${tableName} has no column ${column} (for ${name})`);
    if (table.primaryKey.length !== 1) problems.push(`target table ${tableName} needs a primary key of one column (for ${name})`);
    for (const key of table.primaryKey) if (!sources[key]) problems.push(`the primary key ${tableName}.${key} is not filled (for ${name})`);
  }
  return problems;
}
