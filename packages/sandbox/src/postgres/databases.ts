import { randomBytes } from "node:crypto";
import pg from "pg";

export interface TestDatabase {
  /** Superuser URL of the new database. */
  url: string;
  drop(): Promise<void>;
}

/**
 * Makes an empty database and gives its URL, as the server's superuser.
 *
 * @param serverUrl superuser URL of any database of the server; in tests the shared server of the run
 */
export async function freshDatabase(serverUrl: string = testServer(), template = "template0"): Promise<TestDatabase> {
  const name = `t_${randomBytes(6).toString("hex")}`;
  await createDatabase(serverUrl, name, template);
  return {
    url: withDatabase(serverUrl, name),
    drop: () => administer(serverUrl, `drop database if exists ${pg.escapeIdentifier(name)} with (force)`),
  };
}

/** Creates a database by name; `template` may be one that is not connected to. */
export async function createDatabase(serverUrl: string, name: string, template = "template0"): Promise<void> {
  await administer(serverUrl, `create database ${pg.escapeIdentifier(name)} template ${pg.escapeIdentifier(template)}`);
}

/** The same server and user, another database. */
export function withDatabase(url: string, database: string): string {
  const parsed = new URL(url);
  parsed.pathname = `/${database}`;
  return parsed.toString();
}

/** The same server and database, another user. */
export function withUser(url: string, user: string, password = ""): string {
  const parsed = new URL(url);
  parsed.username = user;
  parsed.password = password;
  return parsed.toString();
}

function testServer(): string {
  const url = process.env["REHOME_TEST_POSTGRES"];
  if (!url)
    throw new Error("REHOME_TEST_POSTGRES is not set. It is set by the global setup of `npm test`; outside of it, give a server URL.");
  return url;
}

async function administer(serverUrl: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(serverUrl, "postgres") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
