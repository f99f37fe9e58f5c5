import { randomUUID } from "node:crypto";
import { TenancyError, toTenancyError } from "../errors.ts";
import type { Identity } from "./identity.ts";
import type { Lease, Lend } from "./login.ts";
import { asCall } from "./nesting.ts";
import { COMMIT, MARK, type Meaning, opening, ROLLBACK } from "./opening.ts";
import { type Flown, type RowShape, type Statement, UnfitParameter } from "./wire.ts";

export interface Plan {
  lend: Lend;
  /** A name that needs no quoting. */
  role: string;
  readOnly: boolean;
  meaning: Meaning;
  identity?: Identity;
}

/** Runs one statement of the transaction, behind those that were given before. @throws TenancyError */
export type Run = (statement: Statement, shape?: RowShape) => Promise<Flown["result"]>;

/** How often a transaction is tried to open when a connection turns out to be lost or spoiled (a statement_timeout of 1 ms was left). */
const OPENING_ATTEMPTS = 3;
const QUERY_CANCELED = "57014";

/**
 * Runs `work` in one transaction, which opens with its first statement: one flight carries the opening, the identity and that statement, and the
 * commit is another. Commits when `work` resolves, rolls back when it throws. Either flight asks whether the identity still lives: statements that
 * ran after its end saw what anonymous sees, so nothing of such a call is committed, and it ends with the end of its identity.
 *
 * @throws TenancyError; what `work` threw itself comes through unchanged while the identity lives
 */
export function inTransaction<T>(plan: Plan, work: (run: Run) => Promise<T>): Promise<T> {
  return asCall((call) => transact(newTransaction(plan, call), work));
}

async function transact<T>(transaction: ReturnType<typeof newTransaction>, work: (run: Run) => Promise<T>): Promise<T> {
  try {
    const result = await work(transaction.run);
    await transaction.commit();
    return result;
  } catch (error) {
    throw (await transaction.rollBack(error)) ?? error;
  }
}

function newTransaction(plan: Plan, call: { lease: Lease | undefined }) {
  const mark = randomUUID();
  let refusal: TenancyError | undefined;
  let closed = false;
  /** A statement ended the transaction, which then holds no identity any more. */
  let left = false;
  let broken = false;
  let last: Promise<unknown> = Promise.resolve();

  const open = async (statement: Statement, shape: RowShape): Promise<Flown> => {
    try {
      const opened = await openWith(plan, mark, statement, shape);
      call.lease = opened.lease;
      return opened.flown;
    } catch (error) {
      refusal = error as TenancyError;
      throw error;
    }
  };

  const send = async (statement: Statement, shape: RowShape): Promise<Flown["result"]> => {
    if (closed || left) throw ended();
    if (refusal) throw refusal;
    const flown = call.lease ? await call.lease.wire.fly([statement], shape) : await open(statement, shape);
    broken = flown.broken;
    if (flown.failure !== undefined) {
      left = call.lease?.wire.status() === "I"; // a COMMIT that failed
      throw statementError(flown.failure);
    }
    left = await isOver(flown.result.command, call.lease as Lease, mark);
    return flown.result;
  };

  /** A statement took away what the check of the identity needs, or the server's keys have changed. */
  const gone = (refusal: TenancyError) =>
    refusal.sqlstate === IDENTITY_GONE || refusal.code === "forbidden" ? new TenancyError("query_failed", refusal, TAKEN_AWAY) : refusal;

  return {
    run(statement: Statement, shape: RowShape = {}) {
      const mine = last.then(() => send(statement, shape));
      last = mine.catch(() => {});
      return mine;
    },

    /** Waits for the statement that runs, refuses all others. */
    async commit() {
      closed = true;
      await last;
      if (refusal) throw refusal;
      if (left) throw new TenancyError("query_failed", {}, STATEMENT_ENDED_IT);
      if (broken) throw new TenancyError("unreachable");
      const { lease } = call;
      if (lease?.wire.status() === "E") throw new TenancyError("query_failed", {}, STATEMENT_FAILED);
      const check = lease && plan.identity ? [plan.identity.check] : [];
      const flown = lease ? await lease.wire.fly([...check, COMMIT]) : await open(COMMIT, {});
      broken = flown.broken;
      if (broken) throw new TenancyError("unreachable", {}, LOST_AT_COMMIT);
      if (flown.failure !== undefined)
        throw flown.done < check.length ? gone(toTenancyError(flown.failure)) : statementError(flown.failure);
      if (flown.result.command !== "COMMIT") throw new TenancyError("query_failed", {}, STATEMENT_FAILED);
      call.lease?.giveBack(true);
      call.lease = undefined;
    },

    /** @returns with what the call ends, where that is not `error`: its identity had ended */
    async rollBack(error: unknown): Promise<TenancyError | undefined> {
      closed = true;
      await last;
      const { lease } = call;
      if (!lease) return undefined;
      const { healthy, refusal: found } = left || broken ? NOT_ASKED : await rollsBackAsking(lease, plan);
      call.lease = undefined;
      lease.giveBack(healthy);
      return found && plan.identity?.ended(found, error);
    },
  };
}

const NOT_ASKED: { healthy: boolean; refusal?: TenancyError } = { healthy: false };

/** Rolls back, and asks in the same flight whether the identity had ended: `refusal` then says so. */
async function rollsBackAsking(lease: Lease, plan: Plan): Promise<{ healthy: boolean; refusal?: TenancyError }> {
  const { wire } = lease;
  const { identity } = plan;
  if (!identity) return { healthy: await rollsBack(lease) };
  // A failed transaction answers nothing: the identity is bound once more, in one that changes nothing.
  const asks = wire.status() === "E" ? [...opening(wire, { ...plan, mark: "" }), identity.step()] : [identity.check];
  const flown = await wire.fly([...asks, ROLLBACK]);
  if (flown.failure === undefined) return { healthy: wire.status() === "I" };
  const healthy = !flown.broken && (await rollsBack(lease));
  const refusal = flown.done === asks.length - 1 ? toTenancyError(flown.failure) : undefined;
  // Of a ticket that is no good any more nobody knows why: the token says it.
  if (healthy && refusal?.sqlstate === TICKET_REFUSED && (await identity.again(refusal))) return await bindsAgain(lease, plan, identity);
  return refusal ? { healthy, refusal } : { healthy };
}

async function bindsAgain(lease: Lease, plan: Plan, identity: Identity): Promise<{ healthy: boolean; refusal?: TenancyError }> {
  const flown = await lease.wire.fly([...opening(lease.wire, { ...plan, mark: "" }), identity.step(), ROLLBACK]);
  if (flown.failure === undefined) return { healthy: lease.wire.status() === "I" };
  return { healthy: !flown.broken && (await rollsBack(lease)), refusal: toTenancyError(flown.failure) };
}

/** @throws TenancyError with which the opening was refused; the statement has had no effect then */
async function openWith(plan: Plan, mark: string, statement: Statement, shape: RowShape) {
  const { lend, identity } = plan;
  for (let attempt = 1; ; ) {
    const lease = await lend();
    const before = opening(lease.wire, { ...plan, mark });
    const steps = identity ? [...before, identity.step()] : before;
    const flown = await lease.wire.fly([...steps, statement], shape);
    if (flown.done >= steps.length) {
      identity?.bound(flown.firsts[steps.length - 1]);
      return { lease, flown };
    }
    if (flown.failure instanceof UnfitParameter) {
      lease.giveBack(true); // nothing was sent, so the transaction is still to be opened
      return { lease: undefined, flown };
    }
    const error = toTenancyError(flown.failure);
    lease.giveBack(!flown.broken && flown.done === before.length && (await rollsBack(lease)));
    if (flown.done === before.length && identity && !flown.broken) {
      if (!(await identity.again(error))) throw error;
    } else if (attempt++ >= OPENING_ATTEMPTS || (error.code !== "unreachable" && error.sqlstate !== QUERY_CANCELED)) throw error;
  }
}

/** False when nobody knows the connection's state: it must not serve another request. */
async function rollsBack({ wire }: Lease): Promise<boolean> {
  const { failure } = await wire.fly([ROLLBACK]);
  return failure === undefined && wire.status() === "I";
}

/**
 * COMMIT and its like also end a transaction that AND CHAIN replaces at once. ROLLBACK is also the answer to ROLLBACK TO, after which the mark of
 * the opening still stands. Its role would not tell: a login's own default may be the same.
 */
async function isOver(command: string, { wire }: Lease, mark: string): Promise<boolean> {
  if (ENDING_COMMANDS.has(command) || wire.status() === "I") return true;
  if (command !== "ROLLBACK") return false;
  const { result } = await wire.fly([MARK], { rowMode: "array" });
  return (result?.rows[0] as string[] | undefined)?.[0] !== mark;
}

const ENDING_COMMANDS = new Set(["COMMIT", "BEGIN", "START"]);

const TICKET_REFUSED = "RJ015";
const IDENTITY_GONE = "RJ019";

const STATEMENT_FAILED = { message: "A statement had failed, so nothing was committed." };

const TAKEN_AWAY = {
  message: "The identity of the transaction was taken away by a statement, or by a change of the seal key; nothing was committed.",
  next: "Leave role and settings to tenancy; where no statement changes them, try again.",
};

const STATEMENT_ENDED_IT = {
  message: "A statement ended the transaction it was given.",
  next: "Leave begin, commit and rollback to tenancy.",
};

const LOST_AT_COMMIT = {
  message: "The connection was lost at the commit: whether it took place is not known.",
  next: "Look whether the change is there before you try again.",
  retryable: false,
};

function ended(): TenancyError {
  const message = "The transaction of this database handle has ended.";
  return new TenancyError("query_failed", {}, { message, next: "Query inside the callback, and await every query." });
}

function statementError(failure: unknown): TenancyError {
  if (!(failure instanceof UnfitParameter)) return toTenancyError(failure);
  const message = "A value could not be turned into a parameter, or a column's value into its type.";
  return new TenancyError(
    "query_failed",
    {},
    { message, next: "Compare the values with the statement's parameters and the table's columns." },
  );
}
