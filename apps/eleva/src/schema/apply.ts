import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { policyProblems, withoutRowData } from "@rehome/tenancy";
import { type MigrationMeta, readMigrationFiles } from "drizzle-orm/migrator";
import type { ClientBase } from "pg";
import { installElevaOrganizations } from "../organizations/install.ts";
import { safetyProblems } from "./check.ts";
import { SchemaError } from "./errors.ts";
import { schema } from "./tables.ts";

const MIGRATIONS = fileURLToPath(new URL("../../drizzle", import.meta.url));
// Drizzle's own place and form, so that drizzle-kit finds what was applied.
const RECORD = "drizzle.__drizzle_migrations";

export interface AppliedSchema {
  /** Migrations that were applied now; 0 when all were there. */
  applied: number;
  /** Migrations that exist. */
  known: number;
  tables: number;
}

/**
 * Brings the target to this schema: job roles, migrations, functions, the view, FORCE ROW LEVEL SECURITY, grants; then checks the result.
 * Schema tenancy with Eleva's organizations belongs to it.
 *
 * One transaction under a lock that nobody but rehome_owner can take: all of it or nothing, and of several callers one works while the others
 * wait and find it done. May be run again; then it changes no table of the product and locks none against readers or writers. Needs installRoles and
 * installGuard of @rehome/tenancy first, because policies call `auth.org_id()`, and the rights that those need. Not inside a transaction.
 *
 * @param client the installer: a superuser, or the owner of the database with CREATEROLE and BYPASSRLS
 * @throws SchemaError GUARD_MISSING, MIGRATION_CHANGED (a file differs from what was applied), MIGRATION_FAILED, SCHEMA_UNSAFE
 */
export async function applyTargetSchema(client: ClientBase): Promise<AppliedSchema> {
  await refuseWithoutGuard(client);
  await step(client, "job-roles.sql");
  await client.query("begin isolation level read committed read write");
  try {
    await client.query("set local search_path = public, pg_catalog");
    // The guard's table, because only rehome_owner may lock it: anybody could take an advisory lock and keep it.
    await client.query("set local role rehome_owner; lock table auth.version in exclusive mode; set local role none");
    await installElevaOrganizations(client); // policies name its tables
    await step(client, "before.sql");
    const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS });
    const applied = await migrate(client, migrations);
    for (const name of ["force.sql", "functions.sql", "homes.sql", "grants.sql"]) await step(client, name);
    await installElevaOrganizations(client); // and now that there are tables: its triggers, and the grants of its jobs
    const { problems: unsafe, tables } = await safetyProblems(client);
    const problems = [...unsafe, ...(await policyProblems(client, { schema }))];
    if (problems.length > 0) {
      throw new SchemaError("SCHEMA_UNSAFE", `The schema would not protect its rows: ${problems.slice(0, 20).join("; ")}.`, {
        next: "Nothing was changed. Mend the schema or remove what others put into schema public, then apply it again.",
      });
    }
    await client.query("commit");
    return { applied, known: migrations.length, tables };
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  }
}

async function migrate(client: ClientBase, migrations: readonly MigrationMeta[]): Promise<number> {
  await client.query("set local role rehome_owner");
  await run(
    client,
    "The record of migrations",
    `create table if not exists ${RECORD} (id serial primary key, hash text not null, created_at bigint)`,
  );
  const { rows } = await client.query<{ hash: string; created_at: string }>(`select hash, created_at from ${RECORD}`);
  const hashByTime = new Map(rows.map((row) => [Number(row.created_at), row.hash]));
  let applied = 0;
  for (const migration of migrations) {
    const known = hashByTime.get(migration.folderMillis);
    if (known === migration.hash) continue;
    const name = `The migration of ${new Date(migration.folderMillis).toISOString()}`;
    if (known !== undefined) {
      throw new SchemaError("MIGRATION_CHANGED", `${name} differs from the one that was applied here.`, {
        next: "Put the old file back and make a new migration with drizzle-kit generate.",
      });
    }
    for (const statement of migration.sql) await run(client, name, statement);
    await client.query(`insert into ${RECORD} (hash, created_at) values ($1, $2)`, [migration.hash, migration.folderMillis]);
    applied++;
  }
  await client.query("set local role none");
  return applied;
}

async function step(client: ClientBase, name: string): Promise<void> {
  await run(client, name, readFileSync(new URL(name, import.meta.url), "utf8"));
}

/** Postgres quotes row values in messages and details: only names leave. */
async function run(client: ClientBase, what: string, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    const facts = Object.entries(withoutRowData(error)).map(([name, value]) => `${name} ${value}`);
    throw new SchemaError("MIGRATION_FAILED", `${what} failed (${facts.join(", ") || "connection lost"}); nothing was changed.`, {
      next: "Read the target's log at this time, mend the cause, then apply the schema again.",
    });
  }
}

async function refuseWithoutGuard(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    "select to_regprocedure('auth.org_id()') is not null and to_regprocedure('auth.user_id()') is not null and to_regclass('auth.version') is not null as there",
  );
  if (rows[0]?.there) return;
  throw new SchemaError("GUARD_MISSING", "The guard (schema auth) is not installed in this database.", {
    next: "Call installRoles and installGuard of @rehome/tenancy, then apply the schema again.",
  });
}
