import pg from "pg";
import { createTenancy, type Tenancy } from "../src/index.ts";
import { type GuardedDatabase, guardedDatabase } from "../src/testing/guarded-database.ts";
import { type PgBouncer, startPgBouncer } from "./pgbouncer.ts";

export interface PooledDatabase {
  database: GuardedDatabase;
  /** Over up to 16 connections to PgBouncer. */
  tenancy: Tenancy;
  /** The login's address through PgBouncer. */
  url: string;
  /** Server connections of the login that PgBouncer holds now. */
  serverConnections(): Promise<number>;
  token(organization: string): string;
  drop(): Promise<void>;
}

export const CLIENTS = 16;

/** A guarded database behind PgBouncer: 500 notes each of organizations A and B. */
export async function pooledDatabase({ serverConnections }: { serverConnections: number }): Promise<PooledDatabase> {
  const database = await guardedDatabase();
  const login = new URL(database.loginUrl);
  login.password = "login";
  let bouncer: PgBouncer;
  try {
    bouncer = await startPgBouncer(login.toString(), serverConnections);
  } catch (error) {
    await database.drop();
    throw error;
  }
  const pool = new pg.Pool({ connectionString: bouncer.url, max: CLIENTS, pipeline: true });
  return {
    database,
    tenancy: createTenancy({ pool, tickets: true }),
    url: bouncer.url,
    async serverConnections() {
      const { rows } = await database.owner.query<{ n: number }>(
        "select count(*)::int as n from pg_stat_activity where usename = 'rehome_login' and datname = current_database()",
      );
      return rows[0]?.n ?? 0;
    },
    token: (organization) =>
      database.issuer.token({ sub: `user_01${organization}`, org_id: `org_01${organization}`, sid: `session_01${organization}` }),
    async drop() {
      await pool.end();
      await bouncer.stop();
      await database.drop();
    },
  };
}
