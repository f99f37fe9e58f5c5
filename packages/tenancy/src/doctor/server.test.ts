import { setTimeout as sleep } from "node:timers/promises";
import { type PostgresServer, startPostgres } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addIssuer, installGuard, installRoles, syncKeys } from "../index.ts";
import { type GuardedDatabase, guardedDatabase, publishing } from "../testing/guarded-database.ts";
import { ISS } from "../testing/issuer.ts";
import type { Check } from "./check.ts";
import { doctor } from "./doctor.ts";
import { follow, mendAll } from "./testing/follow.ts";

// What changes the whole server, on one of its own.

let server: PostgresServer;
let guarded: GuardedDatabase;

beforeAll(async () => {
  server = await startPostgres();
  guarded = await guardedDatabase(server.url("postgres"));
  await guarded.owner.query("create index on public.memberships (workos_user_id)");
});
afterAll(async () => {
  await guarded?.drop();
  await server?.stop();
});

/** By a connection of its own: settings of the database count for new ones only. */
async function ill(): Promise<Check[]> {
  const client = new pg.Client({ connectionString: guarded.url });
  await client.connect();
  try {
    return (await doctor(client)).filter(({ state }) => state !== "ok");
  } finally {
    await client.end();
  }
}

/** Settings of the server are read anew a moment after pg_reload_conf(). */
async function illAs(expected: unknown): Promise<Check[]> {
  for (let attempt = 0; ; attempt++) {
    const checks = await ill();
    try {
      expect(checks).toEqual(expected);
      return checks;
    } catch (error) {
      if (attempt === 20) throw error;
      await sleep(100);
    }
  }
}

/** One by one: ALTER SYSTEM does not run in a transaction, nor in one message with others. */
async function run(sql: string): Promise<void> {
  for (const statement of sql.split("; ")) await guarded.owner.query(statement);
}

test("databases of the server that the logins may enter: their names, and what shuts them", async () => {
  await guarded.owner.query('create database "Reports"');
  await guarded.owner.query('grant connect on database "Reports" to rehome_login');
  const [check] = await illAs([expect.objectContaining({ name: "other databases", found: expect.stringContaining('"Reports"') })]);
  await run(check?.mend ?? "");
  expect(await ill()).toEqual([]);
});

describe("the log", () => {
  test.each([
    ["alter system set log_statement = 'all'", /^statements are logged/],
    ["alter system set log_min_duration_statement = 0", /^statements are logged/],
    ["alter system set log_parameter_max_length_on_error = -1", /^failed statements/],
    ["alter system set debug_print_plan = on", /^plans are printed/],
    ["alter system set log_statement = 'mod'; alter database {database} set log_parameter_max_length = 100", /^statements are logged/],
    ["alter database {database} set debug_print_rewritten = on", /^plans are printed/],
  ])("%s", async (sql, found) => {
    const { rows } = await guarded.owner.query("select quote_ident(current_database()) as name");
    await run(`${sql.replace("{database}", rows[0]?.name)}; select pg_reload_conf()`);
    const [check] = await illAs([
      { name: "log", state: "bad", found: expect.stringMatching(found), mend: expect.stringMatching(/pg_reload_conf/) },
    ]);
    await run(check?.mend ?? "");
    await illAs([]);
    await run("alter system reset all; select pg_reload_conf()");
    await illAs([]);
  });
});

test("a role of the guard that is gone comes back with its rights", async () => {
  await guarded.owner.query("drop owned by rehome_keys; drop role rehome_keys");
  const checks = await ill();
  expect(checks[0]).toEqual({
    name: "roles",
    state: "bad",
    found: "missing: rehome_keys",
    mend: 'call installRoles(client, { … }), then call installGuard(client, { schema: "auth", mirror: "public.memberships" })',
  });
  await mendAll(ill, guarded.owner, guarded.issuer);
});

test("installed by somebody who is no superuser (Neon): all is as expected, but what only a superuser may; prepared transactions are named", async () => {
  const other = await startPostgres({ settings: ["max_prepared_transactions=5"] });
  const root = new pg.Client({ connectionString: other.url("postgres") });
  await root.connect();
  await root.query("create role installer login createrole createdb bypassrls");
  await root.query("create database product owner installer");
  await root.end();
  const client = new pg.Client({ connectionString: other.url("product", "installer") });
  await client.connect();
  await installRoles(client, { moverPassword: "mover", loginPassword: "login" });
  await client.query(`create table public.memberships (org_id text, workos_user_id text, role_slug text, permissions text[], status text,
      primary key (org_id, workos_user_id)); create index on public.memberships (workos_user_id);
    alter table memberships enable row level security; alter table memberships force row level security; alter table memberships owner to rehome_owner`);
  await installGuard(client);
  await addIssuer(client, { iss: [ISS], kind: "workos", jwksUrl: "https://workos.test/jwks" });
  await syncKeys(client, "workos", publishing([guarded.issuer.jwk]));
  const checks = (await doctor(client)).filter(({ state }) => state !== "ok");
  expect(checks.map(({ name }) => name)).toEqual(["utility commands", "other databases", "prepared transactions"]);
  // Followed up to the restart, which is no statement.
  expect(checks[2]?.mend).toBe("alter system set max_prepared_transactions = 0, and restart the server");
  await client.end();
  await other.stop();
});

test("a grant lost by a dump without roles: followed in the order the doctor says", async () => {
  await guarded.owner.query("drop owned by authenticated, anonymous cascade");
  const checks = await ill();
  expect(checks.map(({ name }) => name)).toEqual(expect.arrayContaining(["guard's functions", "drop owned"]));
  for (const { mend, name } of checks)
    if (name.startsWith("guard's f") || name === "drop owned") await follow(mend, guarded.owner, guarded.issuer);
  const left = (await ill()).map(({ name }) => name);
  expect(left).not.toContain("guard's functions");
  expect(left).not.toContain("drop owned");
});
