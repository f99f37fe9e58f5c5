import type { ClientBase } from "pg";
import { query } from "./query.ts";
import { sqlFile } from "./sql-file.ts";

export interface Column {
  name: string;
  /** As `format_type` says it: `timestamp without time zone`, `character varying(50)`. */
  type: string;
  isEnum: boolean;
  notNull: boolean;
  /** Its default, as SQL; null when it has none. */
  default: string | null;
  /** The sequence that fills it, qualified; null when none does. */
  sequence: string | null;
}

export interface ForeignKey {
  name: string;
  table: string;
  columns: string[];
  references: string[];
  validated: boolean;
}

export interface Table {
  name: string;
  partitioned: boolean;
  columns: Column[];
  primaryKey: string[];
  /** Columns of each further unique key. */
  uniqueKeys: string[][];
  foreignKeys: ForeignKey[];
}

/** Table by name. What a database really has; the expected side of proofs. */
export type Catalog = ReadonlyMap<string, Table>;

const CATALOG = sqlFile(import.meta.url, "catalog.sql");

/** Reads schema `public` of a database from its catalog. One round trip. */
export async function readCatalog(client: ClientBase, side: string): Promise<Catalog> {
  const rows = await query<Table & { [name: string]: unknown }>(client, `read the catalog of ${side}`, CATALOG);
  return new Map(rows.map((table) => [table.name, table]));
}
