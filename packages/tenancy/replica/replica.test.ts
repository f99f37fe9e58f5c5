import { type PostgresServer, startPostgres } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createTenancy, type Tenancy } from "../src/index.ts";
import { type GuardedDatabase, guardedDatabase } from "../src/testing/guarded-database.ts";
import { makeIssuer } from "../src/testing/issuer.ts";
import { type Standby, startStandby } from "./standby.ts";

// A server of its own: a backup copies the whole server, and others make and drop databases on the shared one meanwhile.
let primary: PostgresServer;
let database: GuardedDatabase;
let standby: Standby;
let pool: pg.Pool;
let tenancy: Tenancy;
let reader: pg.Client;
let writer: pg.Client;

beforeAll(async () => {
  primary = await startPostgres();
  vi.stubEnv("REHOME_TEST_POSTGRES", primary.url("postgres"));
  database = await guardedDatabase();
  standby = await startStandby(primary.url("postgres"));
  const url = standby.url(database.loginUrl);
  pool = new pg.Pool({ connectionString: url, max: 2, pipeline: true });
  tenancy = createTenancy({ pool, tickets: true });
  [reader, writer] = await Promise.all([connected(url), connected(database.loginUrl)]);
});
afterAll(async () => {
  await Promise.all([reader?.end(), writer?.end(), pool?.end()]);
  await standby?.stop();
  await database?.drop();
  await primary?.stop();
  vi.unstubAllEnvs();
});

async function connected(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString });
  client.on("error", () => {});
  await client.connect();
  return client;
}

const token = (over?: Record<string, unknown>) => database.issuer.token(over);
const count = async () => (await reader.query<{ n: number }>("select count(*)::int as n from note")).rows[0]?.n;

/** Runs it on the primary and waits until the standby has it too. */
async function onPrimary(statement: string): Promise<void> {
  await database.owner.query(statement);
  const { rows } = await database.owner.query<{ lsn: string }>("select pg_current_wal_insert_lsn() as lsn");
  for (let i = 0; i < 1000; i++) {
    const { rows: seen } = await reader.query<{ there: boolean }>("select pg_last_wal_replay_lsn() >= $1::pg_lsn as there", [rows[0]?.lsn]);
    if (seen[0]?.there) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("The standby did not follow in 10 s.");
}

/** A transaction of organization A on the standby, with an identity by `init`. */
async function reading<T>(init: string, secret: string, work: () => Promise<T>): Promise<T> {
  await reader.query("begin read only");
  try {
    await reader.query("set local role authenticated");
    await reader.query(init, [secret]);
    return await work();
  } finally {
    await reader.query("rollback");
  }
}

const BY_TOKEN = "select auth.jwt_session_init($1)";
const BY_TICKET = "select auth.ticket_session_init($1)";

/** On the primary or on the standby. */
async function ticketFrom(client: pg.Client): Promise<string> {
  await client.query("begin");
  await client.query("set local role authenticated");
  const { rows } = await client.query<{ ticket: string }>("select auth.jwt_session_ticket($1) as ticket", [token()]);
  await client.query("commit");
  return rows[0]?.ticket ?? "";
}

test("the standby is one, and takes a token", async () => {
  await reading(BY_TOKEN, token(), async () => {
    const { rows } = await reader.query("select pg_is_in_recovery() as standby, auth.user_id() as u, auth.org_id() as o");
    expect(rows).toEqual([{ standby: true, u: "user_01A", o: "org_01A" }]);
    expect(await count()).toBe(500);
  });
});

test.each<[where: string, client: () => pg.Client]>([
  ["the primary", () => writer],
  ["the standby", () => reader],
])("a ticket made on %s counts on the standby", async (_where, client) => {
  const ticket = await ticketFrom(client());
  expect(await reading(BY_TICKET, ticket, count)).toBe(500);
});

test("a forged ticket does not", async () => {
  const ticket = await ticketFrom(reader);
  const forged = `${ticket.slice(0, -1)}${ticket.endsWith("A") ? "B" : "A"}`;
  await expect(reading(BY_TICKET, forged, count)).rejects.toMatchObject({ code: "RJ015" });
});

test("a suspension on the primary counts in the next statement of a transaction open on the standby", async () => {
  const ticket = await ticketFrom(reader);
  for (const [init, secret] of [
    [BY_TOKEN, token()],
    [BY_TICKET, ticket],
  ] as const) {
    await reading(init, secret, async () => {
      expect(await count()).toBe(500);
      await onPrimary("update memberships set status = 'inactive' where org_id = 'org_01A'");
      expect(await count()).toBe(0);
      await onPrimary("update memberships set status = 'active' where org_id = 'org_01A'");
      expect(await count()).toBe(500);
    });
  }
});

test("a revoked session and a changed role count there too", async () => {
  const session = token({ sid: "session_01REVOKED" });
  await reading(BY_TOKEN, session, async () => {
    await onPrimary("update memberships set role_slug = 'owner' where org_id = 'org_01A'");
    expect((await reader.query("select auth.role() as r")).rows).toEqual([{ r: "owner" }]);
    await onPrimary("insert into auth.revoked_session values ('session_01REVOKED', now() + interval '1 hour')");
    expect(await count()).toBe(0);
  });
  await expect(reading(BY_TOKEN, session, count)).rejects.toMatchObject({ code: "RJ009" });
});

test("a new key of the seals reaches the standby, and takes no identity from a transaction open there", async () => {
  await reading(BY_TOKEN, token(), async () => {
    await onPrimary("select auth.rotate_seal_key()");
    expect(await count()).toBe(500);
  });
  expect(await reading(BY_TOKEN, token(), count)).toBe(500);
});

test("the client reads from the standby, by token and by ticket, and writes nothing there", async () => {
  const repeated = token();
  for (let use = 0; use < 3; use++) {
    const { rows } = await tenancy.as(repeated, (_db, query) => query("select count(*)::int as n from note"), { readOnly: true });
    expect(rows).toEqual([{ n: 500 }]);
  }
  const write = tenancy.as(repeated, (_db, query) => query("delete from note"), { readOnly: true });
  await expect(write).rejects.toMatchObject({ sqlstate: "25006" });
});

test("a key the standby does not know is told as such: nobody can ask for keys there", async () => {
  const stranger = makeIssuer().token();
  await expect(tenancy.as(stranger, (_db, query) => query("select 1"), { readOnly: true })).rejects.toMatchObject({ code: "unknown_key" });
});
