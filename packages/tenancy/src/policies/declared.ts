import { is, type SQL } from "drizzle-orm";
import { getTableConfig, PgDialect, type PgPolicy, PgTable } from "drizzle-orm/pg-core";
import { TenancyError } from "../errors.ts";
import { confidentialOf } from "./confidential.ts";
import { keptColumns } from "./row-policies.ts";

export interface DeclaredPolicy {
  name: string;
  verb: "select" | "insert" | "update" | "delete";
  permissive: boolean;
  roles: string[];
  using: string | undefined;
  check: string | undefined;
  /** Columns that say whose the row is: whoever updates under this policy must not change them. */
  kept: string[];
}

export interface DeclaredTable {
  schema: string;
  name: string;
  columns: string[];
  /** Of the primary key: never to be updated. */
  key: string[];
  policies: DeclaredPolicy[];
  /** Columns that the application's roles must not select. */
  confidential: string[];
  /** The application's roles, and the one of them that reads these columns through the table's function; see confidential. */
  closedTo: readonly string[];
  reader: string;
}

/**
 * What a Drizzle schema in TypeScript declares of its tables' protection.
 *
 * @param schema the module's exports, or any record that holds tables; other values are passed over
 * @throws TenancyError install_refused when a policy is for PUBLIC, for all verbs or has parameters, or a table leaves out enableRLS()
 */
export function declaredTables(schema: Readonly<Record<string, unknown>>): DeclaredTable[] {
  const tables = new Set(Object.values(schema).filter((value) => is(value, PgTable)));
  if (tables.size === 0)
    throw refused("The schema that was given holds no table.", "Give the exports of the module with your pgTable calls.");
  return [...tables].map(declaredTable).sort((a, b) => (`${a.schema}.${a.name}` < `${b.schema}.${b.name}` ? -1 : 1));
}

function declaredTable(table: PgTable): DeclaredTable {
  const config = getTableConfig(table);
  // Without it drizzle-kit switches row security off together with the table's last policy, and then every row is open.
  if (!config.enableRLS)
    throw refused(`Table ${config.name} is declared without enableRLS().`, `Write pgTable("${config.name}", …).enableRLS().`);
  const keys = [...config.columns.filter(({ primary }) => primary), ...config.primaryKeys.flatMap(({ columns }) => columns)];
  const secret = confidentialOf(table);
  return {
    schema: config.schema ?? "public",
    name: config.name,
    columns: config.columns.map(({ name }) => name),
    key: keys.map(({ name }) => name),
    policies: config.policies.map((policy) => declaredPolicy(config.name, policy)),
    confidential: [...(secret?.columns ?? [])],
    closedTo: secret?.closedTo ?? [],
    reader: secret?.reader ?? "",
  };
}

function declaredPolicy(table: string, policy: PgPolicy): DeclaredPolicy {
  const what = `Policy ${policy.name} on ${table}`;
  const verb = policy.for ?? "all";
  if (verb === "all") throw refused(`${what} is for all verbs at once.`, "Declare one policy a verb.");
  const roles = [policy.to ?? "public"].flat().map((to) => (typeof to === "string" ? to : (to as { name: string }).name));
  if (roles.some((role) => role === "public" || /^(current|session)_/.test(role)))
    throw refused(`${what} is for PUBLIC or for whoever asks.`, "Name roles in `to`.");
  return {
    name: policy.name,
    verb,
    permissive: policy.as !== "restrictive",
    roles,
    using: policy.using && text(what, policy.using),
    check: policy.withCheck && text(what, policy.withCheck),
    kept: keptColumns(policy).map((column) => column.name),
  };
}

function text(what: string, sql: SQL): string {
  const { sql: said, params } = new PgDialect().sqlToQuery(sql);
  if (params.length > 0) throw refused(`${what} has a parameter.`, "Write values with sql.raw: a policy's text cannot have parameters.");
  return said;
}

export function refused(message: string, next: string): TenancyError {
  return new TenancyError("install_refused", {}, { message, next });
}
