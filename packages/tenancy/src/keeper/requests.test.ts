import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import { ISS } from "../testing/issuer.ts";

let database: GuardedDatabase;
let login: Attacker;
const heard: string[] = [];

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
  database.owner.on("notification", ({ payload }) => heard.push(payload ?? ""));
  await database.owner.query("listen rehome_keys");
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.owner.query("delete from auth.key_request; update auth.issuer set enabled = true, tried_at = null, synced_at = now()");
  heard.length = 0;
});

const requests = async () => (await database.owner.query<{ n: number }>("select count(*)::int as n from auth.key_request")).rows[0]?.n;
const due = async (every = "1 hour", client = database.owner) =>
  (await client.query<{ name: string }>("select name from auth.keys_due($1)", [every])).rows;
/** As the client asks: in a transaction of its own, which commits. */
async function ask(iss: string | null, who = login, mode = "") {
  await who.q(`begin ${mode}; set local role authenticated`);
  const answer = await who.q("select auth.request_keys($1)", [iss]);
  await who.q("commit");
  return answer;
}

test("a request is written down, announced, and makes the keys due once", async () => {
  expect(await due()).toEqual([]);
  await ask(ISS);
  expect(await requests()).toBe(1);
  expect(heard).toEqual(["workos"]);
  expect(await due()).toEqual([{ name: "workos" }]);
  expect(await due()).toEqual([]);
});

test("flooded: of all requests of 30 seconds one has effect, and the address is asked once", async () => {
  for (let i = 0; i < 20; i++) await ask(ISS);
  await login.q("begin; set local role authenticated");
  await login.q("select count(auth.request_keys($1)) from generate_series(1, 2000)", [ISS]);
  await login.q("commit");
  expect([await requests(), heard.length]).toEqual([1, 1]);
  expect(await due()).toHaveLength(1);
  await database.owner.query("delete from auth.key_request");
  await ask(ISS); // asks again at once, and the turn is not given out again:
  expect(await due()).toEqual([]);
  await database.owner.query("update auth.issuer set tried_at = clock_timestamp() - interval '31 seconds'");
  expect(await due()).toHaveLength(1);
});

test("two keepers get one turn between them", async () => {
  const other = await database.connect();
  await ask(ISS, other);
  const keepers = [await database.superuser(), await database.superuser(), await database.superuser()];
  const turns = await Promise.all(keepers.map((keeper) => due("1 hour", keeper)));
  expect(turns.flat()).toEqual([{ name: "workos" }]);
});

test.each([
  ["an unknown iss", "https://evil.test"],
  ["null", null],
  ["empty text", ""],
  ["a megabyte", "x".repeat(1e6)],
])("%s: nothing happens", async (_name, iss) => {
  expect(await ask(iss)).toBe("");
  expect([await requests(), heard]).toEqual([0, []]);
});

test("a disabled issuer's keys are not asked for, nor read", async () => {
  await database.owner.query("update auth.issuer set enabled = false, synced_at = null");
  await ask(ISS);
  expect([await requests(), await due()]).toEqual([0, []]);
});

test("in a READ ONLY transaction nothing happens, and nothing fails", async () => {
  expect(await ask(ISS, login, "read only")).toBe("");
  expect(await requests()).toBe(0);
});

test("nobody waits for the locks of who asked and stays in the transaction", async () => {
  const brake = await database.connect();
  const q = async (sql: string, params?: unknown[]) => {
    await brake.q("savepoint s");
    if (typeof (await brake.q(sql, params)) === "string") await brake.q("rollback to s");
  };
  await brake.q("begin; set local role authenticated");
  await q("select auth.request_keys($1)", [ISS]);
  await q("lock table auth.key_request in access exclusive mode");
  await q("select * from auth.issuer for update");
  await q("select pg_advisory_xact_lock(k) from generate_series(1, 100) k");
  await q("notify rehome_keys, 'workos'");
  await brake.init(database.issuer.token());

  await database.owner.query("set lock_timeout = '2s'");
  await login.q("set lock_timeout = '2s'");
  expect(await ask(ISS)).toBe(""); // others ask meanwhile, and their request counts
  expect(await requests()).toBe(1);
  expect(await due()).toEqual([{ name: "workos" }]);
  await database.owner.query("select auth.put_jwks('workos', $1::jsonb)", [JSON.stringify([database.issuer.jwk])]);
  await database.owner.query("select auth.keep(), auth.rotate_seal_key(), auth.revoke_session('session_x')");
  await brake.q("rollback");
  await login.q("reset lock_timeout");
});
