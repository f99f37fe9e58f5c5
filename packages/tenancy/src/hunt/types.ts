import type { ClientBase } from "pg";
import type { Route, RouteCount } from "./routes.ts";

/**
 * Who a persona is. A hunt without one of REQUIRED_KINDS does not hold. `job` is a background job's role; `internal` a role that nobody
 * logs in as (table owner, owners of definer functions, the guard), which a definer function of it would act as.
 */
export type PersonaKind =
  | "owner"
  | "admin"
  | "member"
  | "billing admin"
  | "other owner"
  | "suspended"
  | "removed"
  | "stranger"
  | "anonymous"
  | "expired token"
  | "job"
  | "internal";

export const REQUIRED_KINDS: readonly PersonaKind[] = [
  "owner",
  "admin",
  "member",
  "billing admin",
  "other owner",
  "suspended",
  "removed",
  "anonymous",
  "expired token",
];

/** Somebody who tries. */
export interface Persona {
  /** Column heading of the matrix. Never an address or a name of a real person. */
  name: string;
  kind: PersonaKind;
  /** The database role of its statements: `authenticated`, `anonymous`, `rehome_job_…`. */
  role: string;
  userId: string | null;
  orgId: string | null;
  /** Signed token, given to `auth.jwt_session_init`. A job and an anonymous persona have none. */
  token?: string;
  /** SQLSTATE with which the guard must refuse the token (expired: RJ008). The persona then tries on as its role without identity. */
  refused?: string;
}

/** One row past the policies: every column by name, as `row_to_json` gives it (moments as ISO text). */
export type Row = Readonly<Record<string, unknown>>;

export interface Column {
  name: string;
  /** As `format_type` gives it. */
  type: string;
  notNull: boolean;
  generated: boolean;
  /** The default as Postgres prints it. */
  default: string | null;
  /** Values of an enum. */
  labels: readonly string[];
}

export interface ForeignKey {
  columns: readonly string[];
  table: string;
  targetColumns: readonly string[];
}

export interface Table {
  name: string;
  owner: string;
  partitioned: boolean;
  columns: readonly Column[];
  /** Primary key; all columns where there is none. */
  key: readonly string[];
  /** Every unique key and unique index over plain columns, the primary key included. */
  uniques: readonly (readonly string[])[];
  foreignKeys: readonly ForeignKey[];
  /** Columns that hold an organization's or a person's id: some row holds the id of a persona there. */
  identities: readonly string[];
  /** A function of schema `confidential` reads columns of it that the application's roles may not select. */
  confidential: boolean;
}

/** All tables of the hunted schema with all rows, as they were when the hunt began. */
export interface World {
  schema: string;
  tables: Readonly<Record<string, Table>>;
  rows: Readonly<Record<string, readonly Row[]>>;
  views: readonly string[];
  /** By view, what its columns are. */
  viewColumns: Readonly<Record<string, readonly Pick<Column, "name" | "type" | "labels">[]>>;
  now: Date;
}

type Rows = (row: Row) => boolean;

/**
 * What one persona may do with one table: which rows (the policies' lock) and which columns (the grants' lock). A verb that is not named is
 * closed by both locks. `columns` left out means all columns.
 */
export interface TableRule {
  read?: { rows: Rows; columns?: readonly string[] };
  insert?: { rows: Rows; columns?: readonly string[] };
  /** `to` says which row may become of it, whatever columns are granted; left out: `rows` of the new row. */
  update?: { rows: Rows; to?: (after: Row, before: Row) => boolean; columns?: readonly string[] };
  delete?: { rows: Rows };
  /** Rows that come whole through the function for the table's confidential columns; left out: whoever calls it is refused. */
  whole?: { rows: Rows };
}

/** A statement through a view or a function, and what must come back. */
export interface Call {
  /** The view, or the function without its arguments. */
  object: string;
  sql: string;
  /** The rows that must come back, in any order, or the SQLSTATE that must. */
  expect: readonly Row[] | string;
}

/** What is allowed, in plain TypeScript. It must read no policy, no grant and no function of the database. */
export interface Oracle {
  /** By table; a table that is not named is closed. */
  rules(world: World, persona: Persona): Readonly<Record<string, TableRule>>;
  /** Views and definer functions. Each one that a persona's role can reach must be tried by somebody, or be in `harmless`. */
  calls?(world: World, persona: Persona): readonly Call[];
  /** Definer functions outside of the guard that show and change nothing which could be somebody's. */
  harmless?: readonly string[];
}

export interface HuntOptions {
  /** A superuser, or the owner with BYPASSRLS. Reads all rows, and opens grants in transactions that are rolled back. */
  owner: ClientBase;
  /** Logged in as the application (rehome_login): may SET ROLE to the roles of people. Left out: `owner` takes their roles. */
  login?: ClientBase;
  /** Logged in as rehome_worker: may SET ROLE to the jobs. Left out: `owner` takes their roles. */
  worker?: ClientBase;
  personas: readonly Persona[];
  oracle: Oracle;
  /** Schema of the product's tables; "public" unless told. */
  schema?: string;
  /** Schema of the guard; "auth" unless told. */
  guardSchema?: string;
  /** Only these tables; all unless told. */
  tables?: readonly string[];
  /** Kinds that must be among the personas; REQUIRED_KINDS unless told. */
  kinds?: readonly PersonaKind[];
  /** Stop at the first finding. */
  stopAtFirst?: boolean;
  /** Triggers by which the product refuses rows of its own accord. */
  productRules?: readonly ProductRule[];
}

/**
 * A trigger that refuses rows by a rule of the product, whoever asks. It fires before a policy's check and would hide what the policy says:
 * while policies are tried alone it is off (in a transaction that is undone), and as it is its refusal counts as one.
 */
export interface ProductRule {
  table: string;
  trigger: string;
  /** SQLSTATEs with which it refuses. */
  states: readonly string[];
}

export type Verb = "select" | "insert" | "update" | "delete";

export interface Finding {
  /**
   * leak: something forbidden worked. closed: something allowed failed. spare right: a grant that the oracle does not give (the policies may
   * still hold). spare policy: policies would let it through if a grant were made.
   */
  kind: "leak" | "closed" | "spare right" | "missing right" | "spare policy" | "missing policy";
  persona: string;
  table: string;
  verb: Verb | "call" | "bind";
  route: Route | "grants";
  /** The route more closely: "by key", "a copy", the column that is moved, the parent that is joined. */
  way?: string;
  /** Names, counts and SQLSTATEs; never a value of a row. */
  what: string;
}

/** What Postgres cannot close, or this schema leaves open: an existence that shows, an estimate, values that comparisons betray. */
export interface Limit {
  table: string;
  route: Extract<Route, "unique key" | "foreign key" | "estimate" | "comparison">;
  columns: readonly string[];
  personas: number;
  what: string;
}

/** What a persona could do with a table by one verb: nothing, some rows, all rows; and whether that was right. */
export interface Cell {
  persona: string;
  table: string;
  verb: Verb;
  /** Rows it must reach and reached, of all. For an insert: tries that must go through, of all tries. */
  allowed: number;
  reached: number;
  all: number;
  probes: number;
  findings: number;
}

export interface Matrix {
  holds: boolean;
  personas: readonly string[];
  tables: readonly string[];
  cells: readonly Cell[];
  findings: readonly Finding[];
  limits: readonly Limit[];
  /** Each route, how often it was tried and in how many places; one that had a place and was not tried there is a gap. */
  routes: readonly RouteCount[];
  /** Why it does not hold beside the findings: what could not be tried. */
  gaps: readonly string[];
  /** Statements that were tried, how many of them had to go through, and how many had to be refused. */
  probes: number;
  granted: number;
  denied: number;
  /** Tries that the locks let through and a constraint stopped. */
  stopped: number;
  seconds: number;
}
