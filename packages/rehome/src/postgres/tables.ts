import type { ClientBase } from "pg";
import { query } from "./query.ts";
import { sqlFile } from "./sql-file.ts";

/** A table of any schema, as the asking role finds it. */
export interface FoundTable {
  [name: string]: unknown;
  schema: string;
  name: string;
  /** Row security hides rows from this role, or may. */
  hidden: boolean;
  /** The role may put triggers on it. */
  ours: boolean;
  readable: boolean;
}

const TABLES = sqlFile(import.meta.url, "tables.sql");

/** Reads all tables of a database. One round trip. */
export async function readTables(client: ClientBase, side: string): Promise<FoundTable[]> {
  return query<FoundTable>(client, `read the tables of ${side}`, TABLES);
}

/** As `stays` names a table: alone in schema `public`, else with its schema. */
export const shownName = ({ schema, name }: Pick<FoundTable, "schema" | "name">): string =>
  schema === "public" ? name : `${schema}.${name}`;
