import { readFileSync } from "node:fs";
import { inSchema } from "../install/sql-text.ts";
import type { Patient } from "./check.ts";

/** Rows of one of the queries in sql/, written for a guard in schema auth and asked of the one there is. */
export async function read<Row extends object>({ client, options }: Patient, name: string, values: unknown[] = []): Promise<Row[]> {
  const text = readFileSync(new URL(`sql/${name}.sql`, import.meta.url), "utf8");
  return (await client.query<Row>(inSchema(text, options.guardSchema), values)).rows;
}
