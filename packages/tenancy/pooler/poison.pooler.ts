import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PooledDatabase, pooledDatabase } from "./pooled-database.ts";

// One server connection, so that whoever comes next gets exactly the one that was poisoned.
let pooled: PooledDatabase;
let raw: pg.Client;
beforeAll(async () => {
  pooled = await pooledDatabase({ serverConnections: 1 });
  raw = await login();
});
afterAll(async () => {
  await raw.end();
  await pooled.drop();
});

async function login(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: pooled.url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** What the next person finds on the connection, beside the rows. */
const FOUND = `select auth.user_id() as user, current_user::text as role, (select count(*)::int from note) as notes,
  (select string_agg(distinct org_id, ',') from note) as orgs, current_setting('search_path') as search_path,
  current_setting('transaction_isolation') as isolation, current_setting('transaction_read_only') as read_only,
  current_setting('statement_timeout') as statement_timeout, current_setting('row_security') as row_security,
  current_setting('standard_conforming_strings') as conforming, current_setting('DateStyle') as dates, current_setting('bytea_output') as bytes,
  (select count(*)::int from pg_cursors where name <> '') as cursors, (select count(*)::int from pg_prepared_statements) as prepared,
  (select count(*)::int from pg_listening_channels()) as channels,
  (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks,
  nullif(current_setting('loot.b', true), '') as loot`;
const CLEAN = {
  user: "user_01B",
  role: "authenticated",
  notes: 500,
  orgs: "org_01B",
  search_path: '"$user", public',
  isolation: "read committed",
  read_only: "off",
  statement_timeout: "0",
  row_security: "on",
  conforming: "on",
  dates: "ISO, MDY",
  bytes: "hex",
  cursors: 0,
  prepared: 0,
  channels: 0,
  locks: 0,
  loot: null,
};

/** A person of organization A, with arbitrary SQL inside a transaction of theirs. */
const INSIDE: readonly (readonly [what: string, ...statements: string[]])[] = [
  [
    "a prepared statement that loots the next one",
    `prepare list as select set_config('loot.b', (select string_agg(id::text, ',') from note), false)`,
  ],
  ["a cursor that outlives the transaction", "declare kept cursor with hold for select * from note"],
  ["a seal kept for the session", "select set_config('auth.identity', current_setting('auth.identity'), false)"],
  ["names that lead elsewhere", "select set_config('search_path', 'pg_temp, information_schema', false)"],
  ["another role for the session", "set role anonymous"],
  ["a lock nobody released", "select pg_advisory_lock(4711)", "select pg_advisory_lock_shared(4712)"],
  ["a channel somebody listens to", "listen loot"],
  ["a snapshot that stands still", "set session characteristics as transaction isolation level serializable"],
  ["a session that cannot write", "set session characteristics as transaction read only"],
  ["a time limit that nothing meets", "set statement_timeout = '1ms'"],
  [
    "a limit of the whole transaction",
    "select set_config(name, '3s', false) from pg_settings where name = 'transaction_timeout'", // from Postgres 17 on
    "set idle_in_transaction_session_timeout = '3s'",
    "set lock_timeout = '1ms'",
  ],
  ["policies switched to errors", "set row_security = off"],
  ["another meaning of a backslash", "set standard_conforming_strings = off", "set bytea_output = escape"],
  ["other dates and zones", "set datestyle = 'German'", "set timezone = 'Pacific/Chatham'"],
  [
    "talkative errors and plans",
    "set client_min_messages = debug1",
    "set debug_print_plan = on",
    "set log_parameter_max_length_on_error = -1",
  ],
];

/** The login itself, outside of any transaction of the client: what an injection into a forgotten raw connection would do. */
const OUTSIDE: readonly (readonly [what: string, ...statements: string[]])[] = [
  ["a role for the session", "set role authenticated"],
  ["a role without rights", "set role anonymous"],
  ["settings for all transactions", "set default_transaction_isolation = 'repeatable read'", "set default_transaction_read_only = on"],
  ["deferrable, serializable, read only", "set session characteristics as transaction isolation level serializable, read only, deferrable"],
  ["a statement under a driver's name", `prepare "" as select 1`, `prepare list as select 1`],
  ["a made-up seal", "select set_config('auth.identity', repeat('0', 64) || 'deadbeefi9999999999{}', false)"],
  ["claims nobody verified", `select set_config('request.jwt.claims', '{"org_id":"org_01A"}', false)`],
];

async function asB(): Promise<object | undefined> {
  const { rows } = await pooled.tenancy.as(pooled.token("B"), (_db, query) => query(FOUND));
  return rows[0];
}

async function looted(): Promise<unknown> {
  const { rows } = await raw.query(
    "select nullif(current_setting('loot.b', true), '') as loot, (select count(*)::int from pg_cursors) as cursors",
  );
  return rows[0];
}

describe("what a person leaves behind", () => {
  test.each(INSIDE)("%s", async (_what, ...statements) => {
    await pooled.tenancy.as(pooled.token("A"), async (_db, query) => {
      for (const statement of statements) await query(statement);
    });
    // UNLISTEN takes effect at the commit of the one who cleans; nothing is delivered before.
    expect({ ...(await asB()), channels: 0 }).toEqual(CLEAN);
    expect(await asB()).toEqual(CLEAN);
    await raw.query("execute list").catch(() => {});
    expect(await looted()).toEqual({ loot: null, cursors: 0 });
  });

  test.each(INSIDE)("%s, then an error", async (_what, ...statements) => {
    const failing = pooled.tenancy.as(pooled.token("A"), async (_db, query) => {
      for (const statement of statements) await query(statement);
      await query("select 1 / 0");
    });
    await expect(failing).rejects.toMatchObject({ sqlstate: "22012" });
    expect(await asB()).toEqual(CLEAN);
  });
});

describe("what the login leaves behind", () => {
  test.each(OUTSIDE)("%s", async (_what, ...statements) => {
    for (const statement of statements) await raw.query(statement).catch(() => {});
    expect(await asB()).toEqual(CLEAN);
  });

  test("a connection dropped in the middle of a transaction", async () => {
    const client = await login();
    await client.query("begin");
    await client.query("set local role authenticated");
    await client.query("select pg_advisory_xact_lock(4711)");
    client.connection.stream.destroy();
    expect(await asB()).toEqual(CLEAN);
  });
});

test("the poison works where nobody cleans", async () => {
  // Two raw transactions on the one server connection: what the first leaves, the second finds.
  await raw.query("set search_path = information_schema");
  await raw.query("prepare list as select 1");
  await raw.query("select pg_advisory_lock(4711)");
  const other = await login();
  const { rows } = await other.query(
    "select current_setting('search_path') as path, (select count(*)::int from pg_prepared_statements) as prepared, (select count(*)::int from pg_locks where pid = pg_backend_pid() and locktype = 'advisory') as locks",
  );
  await other.end();
  expect(rows).toEqual([{ path: "information_schema", prepared: 1, locks: 1 }]);
  expect(await asB()).toEqual(CLEAN);
});
