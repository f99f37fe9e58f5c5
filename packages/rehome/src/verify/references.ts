import type { ClientBase } from "pg";
import type { MoveConfig } from "../config/define.ts";
import { type Catalog, readCatalog } from "../postgres/catalog.ts";
import { id } from "../postgres/identifier.ts";
import { query } from "../postgres/query.ts";
import { type Claim, organizationClaims } from "./organizations.ts";
import { judge, type Proof } from "./proof.ts";

interface Reference {
  table: string;
  columns: string[];
  parent: string;
  parentColumns: string[];
}

export interface ReferenceOptions {
  /** Also ask, row by row, whether the organization is one of the owner's or the party's. Costs a scan of every table. Default false. */
  organizations?: boolean;
}

/**
 * Proves that no row of the target refers to nothing, and that every row has its organization.
 *
 * Foreign keys come from the target's catalog. What must be referenced comes from the mapping too: a constraint that was dropped must not
 * hide what it would have refused.
 */
export async function proveReferences(target: ClientBase, config: MoveConfig, options: ReferenceOptions = {}): Promise<Proof> {
  const catalog = await readCatalog(target, "the target");
  const offenders: string[] = [];
  let checked = 0;
  const references = allReferences(catalog, config);
  for (const { reference, name } of references) {
    const dangling = await count(target, `check ${name}`, danglingRows(reference));
    checked += 1;
    if (dangling > 0) offenders.push(`${name}: ${dangling} rows refer to nothing`);
  }
  for (const table of catalog.values())
    for (const key of table.foreignKeys) if (!key.validated) offenders.push(`${table.name}.${key.name} is not validated`);
  const owned = [...catalog.values()].filter((table) => !config.target.shared.includes(table.name) && table.name !== "organizations");
  for (const table of owned) {
    const column = table.columns.find((candidate) => candidate.name === "org_id");
    if (!column) offenders.push(`${table.name} has no column org_id`);
    else if (!column.notNull) offenders.push(`${table.name}.org_id may be null`);
    checked += 1;
  }
  const claims: Claim[] = options.organizations ? organizationClaims(catalog, config) : [];
  for (const { name, strangers } of claims) {
    const rows = await count(target, `check ${name}`, strangers);
    checked += 1;
    if (rows > 0) offenders.push(`${name}: ${rows} rows are in an organization that is not theirs`);
  }
  const asked = claims.length > 0 ? `, ${claims.length} columns whose organization is the owner's or the party's` : "";
  const figure = `${references.length} references and ${owned.length} organization columns over ${catalog.size} tables${asked}`;
  return judge({ name: "references", checked, expected: references.length + owned.length + claims.length, figure, offenders });
}

function allReferences(catalog: Catalog, config: MoveConfig): { reference: Reference; name: string }[] {
  const declared = [...catalog.values()].flatMap((table) =>
    table.foreignKeys.map((key) => ({
      reference: { table: table.name, columns: key.columns, parent: key.table, parentColumns: key.references },
      name: `${table.name}.${key.name}`,
    })),
  );
  const known = new Set(declared.map(({ reference }) => JSON.stringify(reference)));
  const mapped = mappedReferences(catalog, config).filter((reference) => !known.has(JSON.stringify(reference)));
  return [...declared, ...mapped.map((reference) => ({ reference, name: `${reference.table}.${reference.columns.join(", ")}` }))];
}

/** What the mapping says must be there: the rows it references, the main row of every further part, and the organization. */
function mappedReferences(catalog: Catalog, { tables }: MoveConfig): Reference[] {
  const found: Reference[] = [];
  const refer = (table: string, column: string | undefined, parent: string | undefined) => {
    const key = catalog.get(parent ?? "")?.primaryKey;
    if (column && parent && key && catalog.get(table)?.columns.some(({ name }) => name === column))
      found.push({ table, columns: [column], parent, parentColumns: key });
  };
  for (const mapping of Object.values(tables)) {
    const [main, ...parts] = Object.keys(mapping.into);
    for (const part of parts) refer(part, catalog.get(part)?.primaryKey[0], main);
    for (const [into, sources] of Object.entries(mapping.into))
      for (const [column, source] of Object.entries(sources)) {
        const parent = source.kind === "same" ? mapping.references?.[source.column] : undefined;
        if (parent) refer(into, column, Object.keys(tables[parent]?.into ?? {})[0]);
        if (source.kind === "ownerOrg" || source.kind === "party") refer(into, column, "organizations");
      }
  }
  return found;
}

function danglingRows({ table, columns, parent, parentColumns }: Reference): string {
  const join = columns.map((column, index) => `p.${id(parentColumns[index] as string)} = c.${id(column)}`).join(" and ");
  const filled = columns.map((column) => `c.${id(column)} is not null`).join(" and ");
  return `select count(*)::text as n from public.${id(table)} c where ${filled} and not exists (select from public.${id(parent)} p where ${join})`;
}

async function count(target: ClientBase, what: string, sql: string): Promise<number> {
  const [row] = await query<{ n: string }>(target, what, sql);
  return Number(row?.n);
}
