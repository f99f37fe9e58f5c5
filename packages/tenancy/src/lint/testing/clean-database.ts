import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { freshDatabase } from "@rehome/sandbox";
import pg from "pg";
import { installGuard } from "../../install/guard.ts";
import { installRoles } from "../../install/roles.ts";
import type { LintOptions } from "../options.ts";

export interface CleanDatabase {
  /** Superuser. */
  url: string;
  client: pg.Client;
  /** The same connection, for the linter: it plans the long statement once. Planning is three quarters of the linter's time. */
  linting: pg.ClientBase;
  options: LintOptions;
  /** Puts the names of this database's roles in place of {app}, {anon}, {login}, {worker}, {job} and {owner}. */
  named(text: string): string;
  drop(): Promise<void>;
}

/**
 * A database with the guard and the schema of clean-schema.sql. Its roles have names of their own, because roles belong to the whole server
 * and a test that breaks one would break other tests.
 */
export async function cleanDatabase(): Promise<CleanDatabase> {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  client.on("error", () => {});
  await client.connect();
  await installRoles(client, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(client);
  const prefix = `lint_${randomBytes(4).toString("hex")}`;
  const named = (text: string) => text.replaceAll(/\{(app|anon|login|worker|job|owner)\}/g, (_, role) => `${prefix}_${role}`);
  const roles = named("{app} {anon} {login} {worker} {job} {owner}").split(" ");
  for (const role of roles) await client.query(`create role ${role} noinherit ${/login|worker/.test(role) ? "login" : "nologin"}`);
  await client.query(named(readFileSync(new URL("clean-schema.sql", import.meta.url), "utf8")));
  await client.query("set plan_cache_mode = force_generic_plan");
  const query = (text: string, values?: unknown[]) =>
    text.length > 10_000 ? client.query({ name: "lint", text, ...(values ? { values } : {}) }) : client.query(text, values);
  return {
    url: database.url,
    client,
    linting: { query } as unknown as pg.ClientBase,
    named,
    options: {
      roles: {
        application: [named("{app}"), named("{anon}")],
        anonymous: named("{anon}"),
        login: [named("{login}")],
        worker: [named("{worker}")],
        job: named("{job}"),
        owner: named("{owner}"),
      },
    },
    async drop() {
      for (const role of roles) await client.query(`drop owned by ${role} cascade; drop role ${role}`);
      await client.end();
      await database.drop();
    },
  };
}
