import { readFileSync } from "node:fs";
import type { ClientBase } from "pg";
import { toTenancyError } from "../errors.ts";
import { parseTree } from "./expression/parse.ts";
import type { Facts, FunctionFacts, Policy, Table } from "./facts.ts";
import type { Hit } from "./finding.ts";
import type { SettledOptions } from "./options.ts";
import { withOwnSettings } from "./session.ts";

/** What one query found, and what its rule needs to decide. */
export interface Row extends Hit {
  rule: string;
  facts: unknown;
}

export interface Catalog {
  rows: readonly Row[];
  facts: Facts;
}

/** Functions of the guard that the product's roles may call: the door of schema `auth`. */
const GUARD_FUNCTIONS = [
  "jwt_session_init",
  "jwt_session_ticket",
  "ticket_session_init",
  "request_keys",
  "user_id",
  "org_id",
  "role",
  "permissions",
  "has_permission",
  "org_ids",
  "session",
  "jwt",
  "uid",
  "check_identity",
];

const FACTS = ["policies", "functions", "tables"] as const;

/**
 * Runs the rules' queries and reads what the others need: one statement, so that all see one snapshot.
 *
 * @param ruleIds rules that have a file in sql/
 */
export async function readCatalog(client: ClientBase, ruleIds: readonly string[], options: SettledOptions): Promise<Catalog> {
  const parts = [
    ...ruleIds.map((id) => `select '${id}' as rule, q.object, q.what, q.mend, to_jsonb(q) -> 'facts' as facts from (${sqlOf(id)}\n) q`),
    ...FACTS.map((name) => `select '${name}', null, null, null, (select coalesce(jsonb_agg(to_jsonb(q)), '[]') from (${sqlOf(name)}\n) q)`),
  ];
  const { rows } = await withOwnSettings(client, () =>
    client.query<Row>(`${sqlOf("prelude")}\n${parts.join("\nunion all\n")}`, parametersOf(options)),
  ).catch((error: unknown) => {
    throw toTenancyError(error);
  });
  const known = (name: (typeof FACTS)[number]) => rows.find((row) => row.rule === name)?.facts ?? [];
  return {
    rows: rows.filter((row) => !FACTS.some((name) => name === row.rule)),
    facts: {
      policies: (known("policies") as StoredPolicy[]).map(readPolicy),
      functions: new Map((known("functions") as (FunctionFacts & { oid: number })[]).map((found) => [found.oid, found])),
      tables: new Map((known("tables") as (Table & { oid: number })[]).map((found) => [found.oid, found])),
      guardSchema: options.guardSchema,
    },
  };
}

const textByName = new Map<string, string>();

function sqlOf(name: string): string {
  const text = textByName.get(name) ?? readFileSync(new URL(`sql/${name}.sql`, import.meta.url), "utf8").trim();
  textByName.set(name, text);
  return text;
}

function parametersOf({ schemas, guardSchema, orgColumns, organizationTable, roles, columns }: SettledOptions): unknown[] {
  return [
    schemas,
    guardSchema,
    orgColumns,
    organizationTable,
    roles.application,
    roles.anonymous,
    roles.login,
    roles.worker,
    roles.job,
    roles.bypass,
    roles.owner,
    columns.identity,
    columns.money,
    columns.sensitive,
    GUARD_FUNCTIONS,
    columns.confidential,
  ];
}

interface StoredPolicy extends Omit<Policy, "using" | "check" | "usingSql" | "checkSql"> {
  using: string | null;
  check: string | null;
  using_sql: string | null;
  check_sql: string | null;
}

function readPolicy({ using_sql, check_sql, using, check, ...rest }: StoredPolicy): Policy {
  return {
    ...rest,
    using: using === null ? null : parseTree(using),
    check: check === null ? null : parseTree(check),
    usingSql: using_sql,
    checkSql: check_sql,
  };
}
