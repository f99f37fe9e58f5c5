import type { PoolClient, QueryConfig } from "pg";
import { TenancyError, toTenancyError } from "../errors.ts";

/** A database for the length of one transaction. Using it after its callback has ended throws. */
export interface Db {
  /**
   * Runs one statement, always unnamed and with the extended protocol: an earlier user of the connection cannot have prepared another text
   * under its name, and two statements in one text are refused (42601). Calls wait for each other.
   *
   * @throws TenancyError
   */
  query<Row extends object = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
  ): Promise<{ rows: Row[]; rowCount: number }>;
}

/** The handle for the callback, and what only the transaction may do with it. */
export interface OpenDb {
  handle: Db;
  /** Waits for the statement that runs, refuses all others. */
  close(): Promise<void>;
  /** Whether a statement ended the transaction, which then holds no identity any more. */
  left(): boolean;
}

export function openDb(client: PoolClient): OpenDb {
  let open = true;
  let left = false;
  let last: Promise<unknown> = Promise.resolve();

  const run = async (text: string, params: readonly unknown[]) => {
    if (!open || left) {
      throw new TenancyError(
        "query_failed",
        {},
        {
          message: "The transaction of this database handle has ended.",
          next: "Query inside the callback, and await every query.",
        },
      );
    }
    try {
      const config: QueryConfig & { queryMode: "extended" } = { text, values: [...params], queryMode: "extended" };
      const result = await client.query(config);
      left = isOver(client, result.command);
      return result;
    } catch (error) {
      throw toTenancyError(error);
    }
  };

  return {
    handle: {
      async query<Row extends object>(text: string, params: readonly unknown[] = []) {
        const mine = last.then(() => run(text, params));
        last = mine.catch(() => {});
        const { rows, rowCount } = await mine;
        return { rows: rows as Row[], rowCount: rowCount ?? 0 };
      },
    },
    async close() {
      open = false;
      await last;
    },
    left: () => left,
  };
}

/** COMMIT and its like also end a transaction that AND CHAIN replaces at once; ROLLBACK is also the answer to ROLLBACK TO. */
function isOver(client: PoolClient, command: string): boolean {
  return ["COMMIT", "PREPARE TRANSACTION", "BEGIN", "START TRANSACTION"].includes(command) || client.getTransactionStatus() === "I";
}
