import { type ClientBase, escapeIdentifier } from "pg";
import { TenancyError } from "../errors.ts";
import { installing } from "../install/installing.ts";
import { retryClashes } from "../install/retry.ts";
import { comparePolicies, createPolicy, type PolicyDifference, relationOf } from "./compare-policies.ts";
import { confidentialProblems, giveConfidentialAccess } from "./confidential-access.ts";
import { type DeclaredTable, declaredTables } from "./declared.ts";
import { declaredGrants, grantProblems } from "./grants.ts";
import { serialProblems } from "./serial.ts";

export interface AfterMigrationOptions {
  /** The Drizzle schema: `import * as schema from "./schema.ts"`. */
  schema: Readonly<Record<string, unknown>>;
  /** Owner of the tables; nobody logs in as it. Default rehome_owner. */
  owner?: string;
  /** False: a policy that is missing or differs is an error instead of being put back. */
  reapply?: boolean;
  /**
   * `declared` (default): rights follow from the policies, see declaredGrants. `leave`: the product has grants of its own; confidential columns are
   * taken out of them all the same.
   */
  grants?: "declared" | "leave";
  /** Tables of the same Postgres schemas that this Drizzle schema does not declare and that are somebody else's care: `schema.table`. */
  others?: readonly string[];
}

export interface AfterMigration {
  tables: number;
  policies: number;
  /** Policies that were missing or other than declared, and are put back. Not empty: ask who dropped them. */
  reapplied: string[];
}

/**
 * To be called after each migration, by whatever tool: owner, row security that binds the owner too (Drizzle has no word for FORCE), policies
 * as declared, grants; then proves all of it against the catalog. May be run again; when all is as declared it takes no lock on a table that
 * readers or writers would notice. What protects stays even when the proof then fails.
 *
 * @param client the installer, not inside a transaction
 * @throws TenancyError install_refused, naming what is missing, differs or was never declared, a `serial` column whose sequence nobody who inserts may
 * use, or the right that the installer lacks
 */
export async function afterMigration(client: ClientBase, options: AfterMigrationOptions): Promise<AfterMigration> {
  return await installing("afterMigration", () => applyAndProve(client, options));
}

async function applyAndProve(client: ClientBase, options: AfterMigrationOptions): Promise<AfterMigration> {
  const { owner = "rehome_owner", reapply = true, grants = "declared" } = options;
  const tables = declaredTables(options.schema);
  const missing = await missingParts(client, tables);
  if (missing.length > 0) throw unsafe(missing);
  await inTransaction(client, () => force(client, tables, owner));
  const reapplied = reapply ? await inTransaction(client, () => putBack(client, tables)) : [];
  await inTransaction(client, async () => {
    if (grants === "declared") await client.query(declaredGrants(tables));
    await giveConfidentialAccess(client, tables);
  });
  const problems = await policyProblems(client, options);
  if (problems.length > 0) throw unsafe(problems);
  return { tables: tables.length, policies: tables.reduce((sum, { policies }) => sum + policies.length, 0), reapplied };
}

/**
 * What of the declared protection does not hold in the database, as sentences; empty when all does. Changes nothing.
 *
 * @param client the installer, inside a transaction of its own or not
 */
export async function policyProblems(client: ClientBase, options: AfterMigrationOptions): Promise<string[]> {
  return await installing("policyProblems", async () => {
    const tables = declaredTables(options.schema);
    const missing = await missingParts(client, tables);
    if (missing.length > 0) return missing;
    return await changingNothing(client, async () => [
      ...(await tableProblems(client, tables, options)),
      ...(await comparePolicies(client, tables)).map(sentence),
      ...(await grantProblems(client, tables)),
      ...(await confidentialProblems(client, tables)),
      ...(await serialProblems(client, tables)),
    ]);
  });
}

const sentence = ({ table, name, what }: PolicyDifference) => `${table.name}: policy ${name} ${what}`;

/** Only where it is missing: each takes a hard lock. */
async function force(client: ClientBase, tables: readonly DeclaredTable[], owner: string): Promise<void> {
  const states = await tableStates(client, tables);
  for (const schema of new Set(tables.map((table) => table.schema)))
    await client.query(`grant usage, create on schema ${escapeIdentifier(schema)} to ${escapeIdentifier(owner)}`);
  for (const [at, table] of tables.entries()) {
    const state = states[at];
    const relation = relationOf(table);
    if (!state?.enabled) await client.query(`alter table ${relation} enable row level security`);
    if (!state?.forced) await client.query(`alter table ${relation} force row level security`);
    if (state?.owner !== owner) await client.query(`alter table ${relation} owner to ${escapeIdentifier(owner)}`);
  }
}

async function putBack(client: ClientBase, tables: readonly DeclaredTable[]): Promise<string[]> {
  const differences = (await comparePolicies(client, tables)).filter(({ declared }) => declared);
  for (const { table, declared, name } of differences) {
    await client.query(`drop policy if exists ${escapeIdentifier(name)} on ${relationOf(table)}`);
    if (declared) await client.query(createPolicy(declared, relationOf(table)));
  }
  return differences.map(sentence);
}

interface TableState {
  enabled: boolean;
  forced: boolean;
  owner: string;
}

async function tableStates(client: ClientBase, tables: readonly DeclaredTable[]): Promise<(TableState | undefined)[]> {
  const { rows } = await client.query<TableState & { at: number }>(
    `select r.at::int as at, c.relrowsecurity as enabled, c.relforcerowsecurity as forced, pg_get_userbyid(c.relowner) as owner
       from unnest($1::text[], $2::text[]) with ordinality r(schema, name, at)
       join pg_class c on c.relname = r.name and c.relnamespace = (select oid from pg_namespace where nspname = r.schema) and c.relkind in ('r', 'p')`,
    [tables.map(({ schema }) => schema), tables.map(({ name }) => name)],
  );
  return tables.map((_table, at) => rows.find((row) => row.at === at + 1));
}

/** Tables and columns of a migration that was not applied. A policy or grant that names one could not even be made. */
async function missingParts(client: ClientBase, tables: readonly DeclaredTable[]): Promise<string[]> {
  const states = await tableStates(client, tables);
  const { rows } = await client.query<{ name: string; columns: string[] }>(
    `select n.nspname || '.' || c.relname as name, array_agg(a.attname::text) as columns
       from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where n.nspname || '.' || c.relname = any ($1) group by 1`,
    [tables.map(({ schema, name }) => `${schema}.${name}`)],
  );
  return tables.flatMap(({ schema, name, columns }, at) => {
    if (!states[at]) return [`table ${schema}.${name} is missing`];
    const there = rows.find((row) => row.name === `${schema}.${name}`)?.columns ?? [];
    return columns.filter((column) => !there.includes(column)).map((column) => `${name}: column ${column} is missing`);
  });
}

async function tableProblems(client: ClientBase, tables: readonly DeclaredTable[], options: AfterMigrationOptions): Promise<string[]> {
  const { owner = "rehome_owner", others = [] } = options;
  const states = await tableStates(client, tables);
  const { rows: undeclared } = await client.query<{ name: string }>(
    `select n.nspname || '.' || c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = any ($1) and c.relkind in ('r', 'p', 'm', 'f') and not c.relispartition and n.nspname || '.' || c.relname <> all ($2) order by 1`,
    [[...new Set(tables.map(({ schema }) => schema))], [...tables.map(({ schema, name }) => `${schema}.${name}`), ...others]],
  );
  const problems = tables.flatMap(({ name }, at) => {
    const state = states[at];
    return [
      ...(state?.enabled ? [] : [`${name}: row security is off`]),
      ...(state?.forced ? [] : [`${name}: row security is not forced`]),
      ...(state?.owner === owner ? [] : [`${name}: the owner is ${state?.owner}`]),
    ];
  });
  return [...problems, ...undeclared.map(({ name }) => `table ${name} is not in the schema that was given`)];
}

// Policies are printed by what the search path shows, and unqualified names in them are found by it.
const SEARCH_PATH = "set local search_path = public, pg_catalog";

async function changingNothing<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  const own = client.getTransactionStatus() === "I";
  await client.query(`${own ? "begin isolation level read committed" : "savepoint rehome_problems"}; ${SEARCH_PATH}`);
  try {
    return await work();
  } finally {
    await client.query(own ? "rollback" : "rollback to savepoint rehome_problems; release savepoint rehome_problems");
  }
}

async function inTransaction<T>(client: ClientBase, work: () => Promise<T>): Promise<T> {
  return await retryClashes(async () => {
    await client.query(`begin isolation level read committed read write; ${SEARCH_PATH}`);
    try {
      const result = await work();
      await client.query("commit");
      return result;
    } catch (error) {
      await client.query("rollback").catch(() => {});
      throw error;
    }
  });
}

function unsafe(problems: readonly string[]): TenancyError {
  const shown = problems.slice(0, 20).join("; ");
  return new TenancyError(
    "install_refused",
    {},
    {
      message: `The database does not protect its rows as declared: ${shown}${problems.length > 20 ? `; and ${problems.length - 20} more` : ""}.`,
      next: "Generate and apply the missing migration, drop what nobody declared, mend what the message names; then call afterMigration again.",
    },
  );
}
