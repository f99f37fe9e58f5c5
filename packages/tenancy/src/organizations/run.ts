import type { ClientBase, Pool } from "pg";
import type { Query } from "../client/tenancy.ts";
import { jobRole } from "../install/roles.ts";
import { OrganizationError, toOrganizationError } from "./errors.ts";

/**
 * Runs work in one transaction as one job: committed when it resolves, rolled back when it throws. With createTenancy it is
 * `(work) => tenancy.job("sync", (_db, query) => work(query))`; without it, `runAs(pool, "sync")`.
 */
export type RunJob = <T>(work: (query: Query) => Promise<T>) => Promise<T>;

/** A job that waits longer than this for somebody's lock fails with `busy` and says so; the loops try again. */
const LOCK_TIMEOUT = "5s";

/**
 * Transactions as a job's role, on a pool whose login may become it (rehome_worker). A connection is never kept over a request to WorkOS.
 *
 * @throws OrganizationError, TenancyError
 */
export function runAs(pool: Pool, job: string): RunJob {
  const begin = `begin isolation level read committed read write; set local role ${jobRole(job)}; set local idle_in_transaction_session_timeout = '60s'; set local lock_timeout = '${LOCK_TIMEOUT}'`;
  return async (work) => {
    const client = await pool.connect().catch((error: unknown) => {
      throw toOrganizationError(error);
    });
    const ignore = () => {};
    client.on("error", ignore); // a connection lost between two statements shows in the next one
    let broken = false;
    try {
      await client.query(begin);
      const result = await work(queryOn(client));
      const { command } = await client.query("commit");
      if (command !== "COMMIT")
        throw new OrganizationError("not_configured", { message: "A statement had failed, so nothing was committed." });
      return result;
    } catch (error) {
      broken = await client.query("rollback").then(
        () => false,
        () => true,
      );
      throw toOrganizationError(error);
    } finally {
      client.off("error", ignore);
      client.release(broken);
    }
  };
}

export function queryOn(client: ClientBase): Query {
  return async <Row extends object>(text: string, params: readonly unknown[] = []) => {
    const { rows, rowCount } = await client.query<Row>(text, [...params]);
    return { rows, rowCount: rowCount ?? 0 };
  };
}
