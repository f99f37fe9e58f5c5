import { readFileSync } from "node:fs";
import type { ClientBase } from "pg";
import { DEFAULT_MIRROR, type GuardNames, inSchema, quoteRelation } from "../install/sql-text.ts";
import { withOwnSettings } from "../lint/session.ts";

/** Something that stands in the guard's schema. */
export interface Thing {
  kind: Kind;
  /** As SQL names it; of what belongs to a table, without the table. */
  name: string;
  /** The table it belongs to. */
  on: string | null;
  /** What can be compared. `rights` is a list of `PRIVILEGE to role`. */
  facts: Readonly<Record<string, string | null>> & { rights?: readonly string[] };
}

/** In the order in which they can be made. */
export const KINDS = [
  "schema",
  "sequence",
  "table",
  "column",
  "constraint",
  "index",
  "function",
  "trigger",
  "policy",
  "rule",
  "view",
] as const;
export type Kind = (typeof KINDS)[number];

const QUERY = new URL("sql/installed.sql", import.meta.url);

/** What a fresh installation has, one JSON object a line; written by testing/write-installed.ts, and a test compares it with one. */
export const EXPECTED = new URL("installed.jsonl", import.meta.url);

/** What there is. @throws as Postgres does */
export async function readInstalled(client: ClientBase, schema: string): Promise<Thing[]> {
  return (await withOwnSettings(client, () => client.query<Thing>(readFileSync(QUERY, "utf8"), [schema]))).rows;
}

/** What this version installs, under these names. */
export function expectedInstalled({ schema, mirror }: GuardNames): Thing[] {
  const asked = `from ${quoteRelation(DEFAULT_MIRROR)} `;
  const named = (_: string, value: unknown) =>
    typeof value === "string" ? inSchema(value, schema).replaceAll(asked, () => `from ${quoteRelation(mirror)} `) : value;
  return readFileSync(EXPECTED, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line, named) as Thing)
    .map((thing) => (thing.kind === "schema" ? { ...thing, name: schema } : thing));
}
