import type { Pool, PoolClient } from "pg";
import { TenancyError, toTenancyError } from "../errors.ts";
import { type Db, openDb } from "./db.ts";

export interface Tenancy {
  /**
   * Runs `work` in one transaction under the identity of a token that the database verifies itself. Commits when `work` resolves, rolls back
   * when it throws. Two round trips beside the statements of `work`, and the commit.
   *
   * @param token a WorkOS access token as received; sent as a bind parameter only
   * @throws TenancyError; what `work` threw itself comes through unchanged
   */
  as<T>(token: string, work: (db: Db) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** The same without identity: only what everyone sees. */
  anonymous<T>(work: (db: Db) => Promise<T>, options?: TransactionOptions): Promise<T>;
}

export interface TransactionOptions {
  /** Nothing can be written; also the way to read from a replica. */
  readOnly?: boolean;
}

/** @param pool connections that log in as rehome_login; a login that could bypass the policies is refused at the first use */
export function createTenancy({ pool }: { pool: Pool }): Tenancy {
  // An idle connection that breaks is replaced by the pool; without a listener its error event would end the process.
  if (pool.listenerCount("error") === 0) pool.on("error", ignore);
  let safeLogin = false;
  const run = async <T>(role: Role, token: string | undefined, work: (db: Db) => Promise<T>, options: TransactionOptions): Promise<T> => {
    const client = await connect(pool);
    if (!safeLogin) await releaseOnError(client, () => refuseMightyLogin(client));
    safeLogin = true;
    return await inTransaction(client, role, token, work, options);
  };
  return {
    async as(token, work, options = {}) {
      // Nothing but text may reach the database as a token, and text there holds no NUL.
      if (typeof token !== "string" || token.includes("\0")) throw new TenancyError("bad_token");
      return await run("authenticated", token, work, options);
    },
    anonymous: (work, options = {}) => run("anonymous", undefined, work, options),
  };
}

type Role = "authenticated" | "anonymous";

/**
 * Cleans inside the transaction, before the identity: through a pooler, a DISCARD between transactions may reach another server. What an
 * earlier user of the connection left (cursors, prepared statements, settings, locks) is gone when the identity arrives. BEGIN names all its
 * properties because their defaults are settings, too. RESET ALL goes back to the login's own defaults, which SQL of the application can
 * change; the one that would write tokens into the server's log is set here.
 */
const begin = (role: Role, { readOnly = false }: TransactionOptions) =>
  `begin isolation level read committed, ${readOnly ? "read only" : "read write"}, not deferrable; ` +
  `close all; deallocate all; unlisten *; reset all; select pg_advisory_unlock_all(); set local log_parameter_max_length_on_error = 0; set local role ${role}`;

async function inTransaction<T>(
  client: PoolClient,
  role: Role,
  token: string | undefined,
  work: (db: Db) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const db = openDb(client);
  let healthy = true;
  try {
    await guarded(() => client.query(begin(role, options)));
    if (token !== undefined) await guarded(() => client.query("select auth.jwt_session_init($1)", [token]));
    const result = await work(db.handle);
    await db.close();
    if (db.left()) {
      healthy = false;
      throw new TenancyError(
        "query_failed",
        {},
        {
          message: "A statement ended the transaction it was given.",
          next: "Leave begin, commit and rollback to tenancy.",
        },
      );
    }
    // A transaction in which a statement failed answers COMMIT with ROLLBACK.
    const { command } = await guarded(() => client.query("commit"));
    if (command !== "COMMIT") throw new TenancyError("query_failed", {}, { message: "A statement had failed, so nothing was committed." });
    return result;
  } catch (error) {
    await db.close();
    healthy = healthy && (await rollBack(client));
    throw error;
  } finally {
    client.off("error", ignore);
    client.release(!healthy);
  }
}

async function connect(pool: Pool): Promise<PoolClient> {
  try {
    const client = await pool.connect();
    client.on("error", ignore); // a connection lost between two statements shows in the next one
    return client;
  } catch (error) {
    throw toTenancyError(error);
  }
}

async function rollBack(client: PoolClient): Promise<boolean> {
  try {
    await client.query("rollback");
    return true;
  } catch {
    return false; // nobody knows its state: it must not serve another request
  }
}

async function guarded<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw toTenancyError(error);
  }
}

async function releaseOnError(client: PoolClient, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    client.off("error", ignore);
    client.release(true);
    throw toTenancyError(error);
  }
}

/** SET LOCAL ROLE protects only as far as RESET ROLE leads nowhere. */
async function refuseMightyLogin(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ mighty: boolean }>(
    `select rolsuper or rolbypassrls or rolcreaterole or rolreplication
         or exists (select from pg_roles r where (r.rolsuper or r.rolbypassrls or r.rolname in ('rehome_owner', 'rehome_guard', 'rehome_keys')) and pg_has_role(session_user, r.oid, 'MEMBER')) as mighty
       from pg_roles where rolname = session_user`,
  );
  if (rows[0]?.mighty !== false) {
    throw new TenancyError(
      "forbidden",
      {},
      {
        message: "The pool logs in as a role that can bypass the policies.",
        next: "Connect as rehome_login (see installRoles).",
      },
    );
  }
}

function ignore(): void {}
