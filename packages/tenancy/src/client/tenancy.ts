import { TenancyError, toTenancyError } from "../errors.ts";
import { jobRole } from "../install/roles.ts";
import { DEFAULT_SCHEMA } from "../install/sql-text.ts";
import { type DrizzleOptions, drizzleOver, type Schema, type TenantDb } from "./drizzle.ts";
import { guardCalls, tokenIdentity } from "./identity.ts";
import { keyWait } from "./key-wait.ts";
import { type Lend, lender } from "./login.ts";
import { COMMIT, DEFAULT_MEANING, type Meaning, opening } from "./opening.ts";
import { type RefusalAlarmOptions, refusalAlarm } from "./refusal-alarm.ts";
import { countRefusals, type Refusal, type Refusals } from "./refusals.ts";
import { ticketCache } from "./tickets.ts";
import { inTransaction, type Plan, type Run } from "./transaction.ts";
import type { TenancyPool } from "./wire.ts";

export interface Tenancy<S extends Schema = Record<string, never>> {
  /**
   * Runs `work` in one transaction under the identity of a token that the database verifies itself. Commits when `work` resolves, rolls back
   * when it throws.
   *
   * The transaction opens with the first statement, in the same round trip; the commit is one more. So a bad token shows in the first statement,
   * which has had no effect then; `as` rejects with it even when `work` swallows it or runs no statement.
   *
   * A token that ends while `work` runs, or a session that is revoked then, ends the call with `expired` or `revoked` (what `work` threw is the
   * `cause`): later statements saw what anonymous sees, and nothing is committed. The commit's flight asks for it.
   *
   * A call inside the callback of another needs a connection more; use the handle that the callback was given instead.
   *
   * @param token a WorkOS access token as received; sent as a bind parameter only
   * @throws TenancyError; what `work` threw itself comes through unchanged while the token lives. exhausted: called inside the callback of another
   * while every connection of the pool is held by calls that wait like this one
   */
  as<T>(token: string, work: Work<S, T>, options?: TransactionOptions): Promise<T>;
  /** The same without identity: only what everyone sees. */
  anonymous<T>(work: Work<S, T>, options?: TransactionOptions): Promise<T>;
  /**
   * The same as a background job: under the role rehome_job_<name>, through the workers' pool.
   *
   * @throws TenancyError install_refused for a name that no job can have; forbidden when the workers' login may not become that job
   */
  job<T>(name: string, work: Work<S, T>, options?: TransactionOptions): Promise<T>;
  /** How many tokens were refused to `as` so far, by kind: plain numbers for a metrics endpoint. */
  refusals(): Refusals;
}

/**
 * What runs in a transaction: by Drizzle, or by hand. Statements run one after another, in the order in which they were given. After the
 * callback both throw.
 */
export type Work<S extends Schema, T> = (db: TenantDb<S>, query: Query) => Promise<T>;

/**
 * Runs one statement, always unnamed and with the extended protocol: an earlier user of the connection cannot have prepared another text under
 * its name, and two statements in one text are refused (42601). COPY carries no rows in either direction.
 *
 * @throws TenancyError
 */
export type Query = <Row extends object = Record<string, unknown>>(
  text: string,
  params?: readonly unknown[],
) => Promise<{ rows: Row[]; rowCount: number }>;

export interface TransactionOptions {
  /** Nothing can be written; also the way to read from a replica. */
  readOnly?: boolean;
}

export interface TenancyOptions<S extends Schema> extends DrizzleOptions<S> {
  /**
   * Connections that log in as rehome_login: a Pool of `pg` (pipelining or not), or of `@neondatabase/serverless` over WebSocket. The latter was
   * tried against a local relay only and is unproven on Neon itself. Share it with nobody who names prepared statements: each transaction here
   * deallocates them.
   */
  pool: TenancyPool;
  /** Connections that log in as rehome_worker, for `job`. */
  workers?: TenancyPool;
  /** Schema of the guard, where installGuard was given another than `auth`. */
  guardSchema?: string;
  /** What unqualified names in SQL mean; default `"$user", public`. The login's own default does not count: its SQL can change it. */
  searchPath?: string;
  /** What times without a zone mean, and the zone in which Postgres writes times; default `UTC`. The login's own default does not count. */
  timeZone?: string;
  /** Keep the database's tickets, so that a repeated token costs no signature check. Default true. */
  tickets?: boolean;
  /** How long to wait for a key that the database does not know yet after asking it to look, in milliseconds. Default 1000. */
  keyWaitMs?: number;
  /**
   * Called for each token that ends refused, once, before `as` rejects: for the log. Not for a ticket (its token is tried then), nor for what a
   * policy forbids. What it throws or promises changes nothing; what it does before it returns, the request waits for.
   */
  onRefused?: (refusal: Refusal) => unknown;
  /** Calls its `onAlarm` when more tokens are refused than honest clients cause. */
  refusalAlarm?: RefusalAlarmOptions;
}

/**
 * A login that could bypass the policies is refused at the first use (TenancyError forbidden), and so is a database whose `guardSchema` is not
 * our guard's (install_refused): no token is handed to functions of somebody else.
 *
 * @throws TenancyError install_refused for a `refusalAlarm` that could never be raised, or a `guardSchema` that is no plain name
 */
export function createTenancy<S extends Schema = Record<string, never>>(options: TenancyOptions<S>): Tenancy<S> {
  const { pool, workers, guardSchema = DEFAULT_SCHEMA, tickets = true, keyWaitMs = 1000, onRefused, refusalAlarm: alarm } = options;
  const calls = guardCalls(guardSchema);
  const meaning: Meaning = {
    searchPath: options.searchPath ?? DEFAULT_MEANING.searchPath,
    timeZone: options.timeZone ?? DEFAULT_MEANING.timeZone,
  };
  const { refused, refusals } = countRefusals([...(onRefused ? [onRefused] : []), ...(alarm ? [refusalAlarm(alarm)] : [])]);
  const product = lender(pool, "rehome_login", guardSchema);
  const worker = workers && lender(workers, "rehome_worker");
  const cache = tickets ? ticketCache() : undefined;
  const keys = keyWait((issuer) => requestKeys(product, meaning, calls.requestKeys, issuer), keyWaitMs);
  const database = drizzleOver(options);
  const run = <T>(plan: Plan, work: Work<S, T>) => inTransaction(plan, (statement) => work(database(statement), queryOver(statement)));
  return {
    async as(token, work, { readOnly = false } = {}) {
      const identity = tokenIdentity(token, cache, keys, calls, refused);
      return await run({ lend: product, role: "authenticated", readOnly, meaning, identity }, work);
    },
    anonymous: (work, { readOnly = false } = {}) => run({ lend: product, role: "anonymous", readOnly, meaning }, work),
    async job(name, work, { readOnly = false } = {}) {
      const role = jobRole(name);
      if (worker === undefined) throw new TenancyError("query_failed", {}, NO_WORKERS);
      return await run({ lend: worker, role, readOnly, meaning }, work);
    },
    refusals,
  };
}

const NO_WORKERS = {
  message: "A job needs a pool of its own.",
  next: "Give createTenancy `workers`, a pool that logs in as rehome_worker (see installRoles).",
};

function queryOver(run: Run): Query {
  return async <Row extends object>(text: string, values: readonly unknown[] = []) => {
    const { rows, rowCount } = await run({ text, values });
    return { rows: rows as Row[], rowCount: rowCount ?? 0 };
  };
}

/** The application can only ask; the job that holds the right fetches them from the pinned address. */
async function requestKeys(lend: Lend, meaning: Meaning, call: string, issuer: string): Promise<void> {
  const lease = await lend();
  const ask = { text: call, values: [issuer] };
  const { failure } = await lease.wire.fly([
    ...opening(lease.wire, { role: "anonymous", readOnly: false, mark: "", meaning }),
    ask,
    COMMIT,
  ]);
  lease.giveBack(failure === undefined);
  if (failure !== undefined) throw toTenancyError(failure);
}
