import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterMigration, installGuard, installRoles } from "@rehome/tenancy";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import type { Client } from "pg";
import { JOBS, PEOPLE } from "./people.ts";
import * as schema from "./schema.ts";

/** Passwords of the logins; in production they come from the secret store. */
export interface SetUp {
  moverPassword: string;
  loginPassword: string;
  workerPassword: string;
}

/** From an empty database to guarded tables. May be run again: after each deployment, for example. */
export async function setUp(client: Client, passwords: SetUp) {
  await installRoles(client, { ...passwords, jobs: JOBS });
  await installGuard(client);
  await migrate(drizzle(client), { migrationsFolder: fileURLToPath(new URL("drizzle", import.meta.url)) });
  const done = await afterMigration(client, { schema });
  await installGuard(client); // now the guard finds the mirror
  return done;
}

/** Two organizations and their people; in production the sync job brings them from WorkOS. */
export async function seed(client: Client): Promise<void> {
  await client.query(readFileSync(new URL("seed.sql", import.meta.url), "utf8"));
  for (const { user, org, membership } of PEOPLE) {
    if (!membership) continue;
    await client.query("insert into memberships (org_id, workos_user_id, role_slug, permissions, status) values ($1, $2, $3, $4, $5)", [
      org,
      user,
      membership.role,
      membership.permissions,
      membership.status,
    ]);
  }
}
