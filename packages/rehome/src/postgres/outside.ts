import type { ClientBase } from "pg";
import { id } from "./identifier.ts";
import { query } from "./query.ts";
import { sqlFile } from "./sql-file.ts";

/** A foreign key of a table that is not carried, such as one under `stays` or in another schema, to one that is. */
export interface OutsideReference {
  [name: string]: unknown;
  schema: string;
  table: string;
  name: string;
  parent: string;
  columns: string[];
  references: string[];
}

const OUTSIDE = sqlFile(import.meta.url, "outside.sql");

/** @param carried names of the tables in schema `public` that the move carries */
export async function readOutsideReferences(client: ClientBase, carried: readonly string[]): Promise<OutsideReference[]> {
  return query<OutsideReference>(client, "read which tables refer to those that move", OUTSIDE, [carried]);
}

/** SQL: rows `c` outside with the rows `p` they refer to. */
export function joinOutside({ schema, table, parent, columns, references }: OutsideReference): string {
  const on = columns.map((column, index) => `p.${id(references[index] as string)} = c.${id(column)}`).join(" and ");
  return `${id(schema)}.${id(table)} c join public.${id(parent)} p on ${on}`;
}
