import { createTenancy, type Query, type TenancyError, toTenancyError } from "@rehome/tenancy";
import pg from "pg";
import type { PairedWrite, Statement, Writer } from "./statement.ts";

export interface ProductConnections {
  /** As rehome_login: people write through it, under their token. */
  loginUrl: string;
  /** As a login that may become the jobs' roles and nothing else; see `workerPassword` of installRoles. */
  workerUrl: string;
  /** A WorkOS access token of this person for this organization. */
  tokenOf(legacyUserId: string, orgId: string): Promise<string>;
}

/** A write that the product could not make. Names kind, role and statement, never a value. */
export class WriteRefused extends Error {
  override readonly name = "WriteRefused";
  readonly code = "WRITE_REFUSED";
  readonly next: string;
  readonly sqlstate: string | undefined;

  constructor(write: Pick<PairedWrite, "kind" | "as">, statement: Statement, cause: TenancyError | "no row") {
    const who = write.as.kind === "person" ? "a person" : `the ${write.as.job} job`;
    const why = cause === "no row" ? "no row was touched" : [cause.sqlstate, cause.table, cause.constraint].filter(Boolean).join(", ");
    super(`${write.kind} as ${who} failed: ${why || "the database does not answer"} (${statement.text.split(" ").slice(0, 3).join(" ")}).`);
    this.next = "Compare the table's policies and grants with docs/who-sees-what.md; RH001 and RH002 mean that another database serves.";
    this.sqlstate = cause === "no row" ? undefined : cause.sqlstate;
  }
}

/**
 * Runs the writes on the target as the product would: people under their verified token, jobs under their role; one transaction each, in order.
 *
 * @returns the statements that do the same to legacy, with the keys that the target's sequences gave
 * @throws WriteRefused at the first write that fails or touches no row; the writes before it stay
 */
export async function writeOnTarget(writes: readonly PairedWrite[], connections: ProductConnections): Promise<Statement[]> {
  const statements: Statement[] = [];
  await withProduct(connections, async (run) => {
    for (const write of writes) {
      const returned = await run(write.as, (query) => runStatements(query, write));
      statements.push(...write.legacy(returned));
    }
  });
  return statements;
}

/** Does to a legacy database that never moved what was written on the target. One transaction. */
export async function replayOnLegacy(client: pg.ClientBase, statements: readonly Statement[]): Promise<void> {
  await client.query("begin");
  try {
    for (const { text, params } of statements) await client.query(text, params);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw toTenancyError(error);
  }
}

/** Runs `work` in a transaction of its own, as somebody. */
export type RunAs = <T>(as: Writer, work: (query: Query) => Promise<T>) => Promise<T>;

/** Connects as the product does, hands over, closes. */
export async function withProduct<T>({ loginUrl, workerUrl, tokenOf }: ProductConnections, use: (run: RunAs) => Promise<T>): Promise<T> {
  const people = new pg.Pool({ connectionString: loginUrl, max: 1 });
  const worker = new pg.Pool({ connectionString: workerUrl, max: 1 });
  const tenancy = createTenancy({ pool: people, workers: worker });
  try {
    return await use(async (as, work) =>
      as.kind === "person"
        ? tenancy.as(await tokenOf(as.legacyUserId, as.orgId), (_db, query) => work(query))
        : tenancy.job(as.job, (_db, query) => work(query)),
    );
  } finally {
    await Promise.all([people.end(), worker.end()]);
  }
}

async function runStatements(query: Query, write: PairedWrite): Promise<Record<string, unknown>[]> {
  const returned: Record<string, unknown>[] = [];
  for (const statement of write.target) {
    const { rows, rowCount } = await query(statement.text, statement.params).catch((error: unknown) => {
      throw new WriteRefused(write, statement, toTenancyError(error));
    });
    // Row security hides: an update that may not happen touches nothing and says nothing.
    if (rowCount === 0 && !statement.mayTouchNone) throw new WriteRefused(write, statement, "no row");
    returned.push(...rows);
  }
  return returned;
}
