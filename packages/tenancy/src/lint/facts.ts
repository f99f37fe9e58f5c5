import type { Value } from "./expression/parse.ts";

export type Verb = "select" | "insert" | "update" | "delete";

export interface Policy {
  rel: number;
  table: string;
  name: string;
  /** As findings name it. */
  object: string;
  permissive: boolean;
  verbs: readonly Verb[];
  using: Value;
  check: Value;
  usingSql: string | null;
  checkSql: string | null;
  /** Oids of the application's roles it applies to; at least one. */
  roles: readonly number[];
}

export interface Table {
  name: string;
  /** By number. */
  columns: Readonly<Record<string, Column>>;
}

export interface Column {
  name: string;
  notNull: boolean;
  /** Whether it names the organization a row belongs to. */
  saysOrg: boolean;
  /** Whether an index begins with it. */
  indexed: boolean;
}

export interface FunctionFacts {
  name: string;
  /** accessor: of the guard. session: of the guard, and true of strangers too. setting: reads a setting anybody may set. own: any other. */
  kind: "accessor" | "session" | "setting" | "own";
  immutable: boolean;
}

/** What the rules that look into policies know of the database. A function that is not here is Postgres's own. */
export interface Facts {
  /** Those for the product's roles. */
  policies: readonly Policy[];
  functions: ReadonlyMap<number, FunctionFacts>;
  tables: ReadonlyMap<number, Table>;
  guardSchema: string;
}
