/** Why a call of this package failed, for programs. */
export type TenancyErrorCode =
  | "expired"
  | "not_yet_valid"
  | "revoked"
  | "unknown_key"
  | "bad_token"
  | "forbidden"
  | "unreachable"
  | "exhausted"
  | "query_failed"
  | "install_refused"
  | "bad_keys";

/** What of a Postgres error may leave the process: names and the state, never a row's values. */
export interface ErrorFacts {
  sqlstate?: string | undefined;
  schema?: string | undefined;
  table?: string | undefined;
  constraint?: string | undefined;
  column?: string | undefined;
  sequence?: string | undefined;
}

interface CodeRule {
  message: string;
  next: string;
  retryable: boolean;
  httpStatus: number;
}

const RULES: Record<TenancyErrorCode, CodeRule> = {
  expired: {
    message: "The token has expired.",
    next: "Refresh the session and ask again.",
    retryable: false,
    httpStatus: 401,
  },
  not_yet_valid: {
    message: "The token is not yet valid.",
    next: "Compare the clocks of the database and the issuer.",
    retryable: false,
    httpStatus: 401,
  },
  revoked: {
    message: "The session of the token was revoked.",
    next: "Let the person sign in again.",
    retryable: false,
    httpStatus: 401,
  },
  unknown_key: {
    message: "The key of the token is not known to the database.",
    next: "Run the job that calls syncKeys, then ask again.",
    retryable: true,
    httpStatus: 401,
  },
  bad_token: {
    message: "The database refused the token.",
    next: "Look the SQLSTATE up in docs/security.md; compare the token's issuer with auth.issuer.",
    retryable: false,
    httpStatus: 401,
  },
  forbidden: {
    message: "The role or a policy does not allow this statement.",
    next: "Compare the statement with the table's policies and grants.",
    retryable: false,
    httpStatus: 403,
  },
  unreachable: {
    message: "The database or service could not be reached.",
    next: "Try again; if it stays so, check address and credentials.",
    retryable: true,
    httpStatus: 503,
  },
  exhausted: {
    message: "A call inside the callback of another found no connection, and all that hold one wait in the same way.",
    next: "Use the handle that the outer callback was handed, or give createTenancy a bigger pool.",
    retryable: true,
    httpStatus: 503,
  },
  query_failed: {
    message: "A statement failed and the transaction was rolled back.",
    next: "Look the SQLSTATE up; the database's log has the details.",
    retryable: false,
    httpStatus: 500,
  },
  install_refused: {
    message: "The guard cannot be installed here.",
    next: "Mend what the message names, then install again.",
    retryable: false,
    httpStatus: 500,
  },
  bad_keys: {
    message: "The published keys are not usable; nothing was changed.",
    next: "Open the issuer's jwks_url and compare.",
    retryable: false,
    httpStatus: 500,
  },
};

/**
 * What this package throws of a database, a token, a key set or an installation; beside it there are only OrganizationError (a rule of organizations)
 * and OptionsError (options of linter, doctor and hunter). It carries no row values and no token: neither Postgres's message nor its detail is kept, because both
 * quote values (even 22P02 does).
 */
export class TenancyError extends Error {
  override readonly name = "TenancyError";
  readonly code: TenancyErrorCode;
  readonly next: string;
  /** Whether the same call may succeed later without a change by anybody. */
  readonly retryable: boolean;
  /**
   * What an HTTP answer should say:
   *
   * | code | status |
   * | --- | --- |
   * | expired, not_yet_valid, revoked, unknown_key, bad_token | 401 |
   * | forbidden | 403 |
   * | query_failed by another row or transaction: unique 23505, exclusion 23P01, foreign key 23503, serialization 40001, deadlock 40P01, lock 55P03 | 409 |
   * | query_failed otherwise, install_refused, bad_keys | 500 |
   * | unreachable, exhausted | 503 |
   */
  readonly httpStatus: number;
  readonly sqlstate: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly constraint: string | undefined;
  readonly column: string | undefined;
  /** The sequence whose right was missing. */
  readonly sequence: string | undefined;

  constructor(code: TenancyErrorCode, facts: ErrorFacts = {}, own: { message?: string; next?: string; retryable?: boolean } = {}) {
    const rule = RULES[code];
    super(own.message ?? rule.message);
    this.code = code;
    this.next = own.next ?? rule.next;
    this.sqlstate = facts.sqlstate;
    this.retryable = own.retryable ?? (rule.retryable || RETRYABLE_STATES.has(facts.sqlstate ?? ""));
    this.httpStatus = code === "query_failed" && CONFLICT_STATES.has(facts.sqlstate ?? "") ? 409 : rule.httpStatus;
    this.schema = facts.schema;
    this.table = facts.table;
    this.constraint = facts.constraint;
    this.column = facts.column;
    this.sequence = facts.sequence;
  }
}

// serialization failure, deadlock, lock not available
const RETRYABLE_STATES = new Set(["40001", "40P01", "55P03"]);

const CONFLICT_STATES = new Set([...RETRYABLE_STATES, "23505", "23P01", "23503"]);

const CODE_BY_STATE: Record<string, TenancyErrorCode> = {
  RJ001: "bad_token",
  RJ002: "bad_token",
  RJ003: "bad_token",
  RJ004: "unknown_key",
  RJ005: "bad_keys",
  RJ006: "bad_token",
  RJ007: "bad_token",
  RJ008: "expired",
  RJ009: "revoked",
  RJ010: "bad_token",
  RJ011: "not_yet_valid",
  RJ012: "bad_token",
  RJ015: "bad_token",
  RJ016: "bad_token",
  RJ017: "bad_token",
  RJ018: "bad_token",
  "42501": "forbidden",
};

/** Class 08 and the states with which a server ends or refuses a connection. */
const UNREACHABLE_STATE = /^(08...|57P0[1-5]|53300|28...|3D000)$/;

/** Turns whatever a driver threw into a TenancyError; one that is one already stays as it is. */
export function toTenancyError(error: unknown): TenancyError {
  if (error instanceof TenancyError) return error;
  const facts = withoutRowData(error);
  const state = facts.sqlstate;
  if (state === undefined || UNREACHABLE_STATE.test(state)) return new TenancyError("unreachable", facts);
  const denied =
    facts.sequence !== undefined ? SEQUENCE_DENIED : state === "42501" && facts.table !== undefined ? tableDenied(facts.table) : {};
  return new TenancyError(CODE_BY_STATE[state] ?? "query_failed", facts, denied);
}

const tableDenied = (table: string) => ({
  message: `The role has not all rights that this statement needs on table ${table} and its columns.`,
  next: "Compare the statement with the table's grants. A confidential column is read with readConfidential; a select() without columns names it, one of openColumns does not.",
});

const SEQUENCE_DENIED = {
  message: "The role may not use the sequence that numbers a column of the table.",
  next: "Declare the column generatedAlwaysAsIdentity(), which needs no right on a sequence: policies have nothing to do with it.",
};

/**
 * Keeps of a database error only what names no row: SQLSTATE, schema, table, constraint, column; of a missing right also the table, column or sequence.
 *
 * Follows `cause` (Drizzle wraps the driver's error and quotes the parameters). An error without an SQLSTATE gives an empty object.
 */
export function withoutRowData(error: unknown): ErrorFacts {
  for (
    let at: unknown = error, depth = 0;
    typeof at === "object" && at !== null && depth < 8;
    at = (at as { cause?: unknown }).cause, depth++
  ) {
    const found = at as Record<string, unknown>;
    const state = found["sqlstate"] ?? found["code"];
    if (typeof state !== "string" || !/^[0-9A-Z]{5}$/.test(state)) continue;
    const facts: ErrorFacts = { sqlstate: state };
    for (const name of ["schema", "table", "constraint", "column"] as const) {
      const value = found[name];
      if (typeof value === "string") facts[name] = value;
    }
    return { ...facts, ...deniedObject(found) };
  }
  return {};
}

/**
 * A missing right names its object in the message only (of a statement on rows the table; the column where Postgres checks one by itself). That is read when the server's own check of rights says it: what a function of the product
 * raises with the same state may hold anything.
 */
function deniedObject({ code, routine, message }: Record<string, unknown>): Pick<ErrorFacts, "table" | "column" | "sequence"> {
  if (code !== "42501" || typeof message !== "string" || !CHECKS_OF_RIGHTS.has(String(routine))) return {};
  const [, column, table] = /^permission denied for column "(.{1,63})" of relation "(.{1,63})"$/.exec(message) ?? [];
  if (column !== undefined && table !== undefined) return { table, column };
  const [, kind, name] = /^permission denied for (table|sequence) (.{1,63})$/.exec(message) ?? [];
  if (name === undefined) return {};
  return kind === "table" ? { table: name } : { sequence: name };
}

/** Functions of Postgres's source, as it reports them. */
const CHECKS_OF_RIGHTS = new Set(["aclcheck_error", "aclcheck_error_col", "nextval_internal", "currval_oid", "lastval", "do_setval"]);
