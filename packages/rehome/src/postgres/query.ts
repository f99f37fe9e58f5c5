import type { ClientBase, QueryResultRow } from "pg";
import { MoveError } from "../errors.ts";
import { placeOf } from "./place.ts";

/** What may be told of a database error. pg's own message and detail quote row values. */
export interface DatabaseFacts {
  sqlstate: string;
  schema?: string;
  table?: string;
  column?: string;
  constraint?: string;
  /** What a permission is missing for, such as `table meetings`. */
  object?: string;
}

/**
 * Runs one statement and gives its rows. Every database call of the mover crosses this function, so that no row value leaves in an error.
 *
 * @param what what was being done and to what, for the message: "count meetings on legacy"
 * @throws MoveError QUERY_FAILED with the database, SQLSTATE, schema, table, column and constraint only; DATABASE_UNREACHABLE when the connection broke
 */
export async function query<R extends QueryResultRow>(
  client: ClientBase,
  what: string,
  sql: string,
  params: readonly unknown[] = [],
): Promise<R[]> {
  try {
    return (await client.query<R>(sql, params as unknown[])).rows;
  } catch (error) {
    throw queryFailed(error, what, client);
  }
}

/** Begins, runs, commits; rolls back when the work throws. */
export async function transaction<T>(client: ClientBase, work: () => Promise<T>, begin = "begin"): Promise<T> {
  await query(client, "begin a transaction", begin);
  try {
    const result = await work();
    await query(client, "commit", "commit");
    return result;
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

/**
 * Turns any error of a database call into one that carries no row value.
 *
 * @param client where it happened, for the message
 */
export function queryFailed(error: unknown, what: string, client?: ClientBase): MoveError {
  if (error instanceof MoveError) return error;
  const facts = databaseFacts(error);
  const at = client ? placeOf(client) : undefined;
  if (!facts) {
    return new MoveError("DATABASE_UNREACHABLE", `The connection${at ? ` to the ${at}` : ""} was lost: could not ${what}.`, {
      next: "Check the server, then run the same command again: it goes on where it stopped.",
      retry: true,
    });
  }
  const where = [...Object.entries(facts).map(([name, value]) => `${name} ${value}`), ...(at ? [at] : [])];
  return new MoveError("QUERY_FAILED", `Could not ${what}: ${meaning(facts.sqlstate)}(${where.join(", ")}).`, {
    next:
      NEXT[facts.sqlstate] ??
      "Read the server's log at this time, mend the cause, then run the same command again: it goes on where it stopped.",
    retry: facts.sqlstate === "40001" || facts.sqlstate === "40P01",
    refusal: facts.sqlstate,
  });
}

export function databaseFacts(error: unknown): DatabaseFacts | undefined {
  const raw = error as Record<string, unknown>;
  if (typeof raw?.["code"] !== "string" || !/^[0-9A-Z]{5}$/.test(raw["code"])) return undefined;
  const facts: DatabaseFacts = { sqlstate: raw["code"] };
  for (const name of ["schema", "table", "column", "constraint"] as const) {
    if (typeof raw[name] === "string" && raw[name] !== "") facts[name] = raw[name];
  }
  // Of this one message the object is a name by its form; every other part of a message may quote a value.
  const denied = /^permission denied for (\w+ [\w.-]+)$/.exec(String(raw["message"]))?.[1];
  if (raw["code"] === "42501" && denied) facts.object = denied;
  return facts;
}

const MEANINGS: Readonly<Record<string, string>> = {
  "42501": "the role lacks a permission ",
  "42P01": "a table does not exist ",
  "53100": "the server's disk is full ",
  "53300": "the server has no free connection ",
  "57P01": "the server is shutting down ",
  "23505": "a unique key is taken ",
  "23503": "a row refers to one that is not there ",
  "23502": "a value is missing ",
  "55P03": "a transaction of the product stayed open longer than it was waited for ",
  "57014": "the statement was cancelled or ran into a time limit ",
};
const NEXT: Readonly<Record<string, string>> = {
  "42501":
    "On legacy: run `rehome check`, it names each missing permission and the statement that grants it. On the target: run `rehome schema`, it grants the mover what it needs.",
  "53100": "Free or add disk space on that server, then run the same command again: it goes on where it stopped.",
  "55P03": "Find it by the oldest xact_start in pg_stat_activity, let it end, then run the same command again.",
  "57P01": "Wait until the server is up, then run the same command again: it goes on where it stopped.",
};

function meaning(sqlstate: string): string {
  return MEANINGS[sqlstate] ?? "";
}
