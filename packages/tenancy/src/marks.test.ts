import { afterEach, beforeEach, expect, test } from "vitest";
import { type Answer, type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

// A ticket with the current mark is not looked up: so nothing that ends it may leave the mark as it was, or bring an old one back.

let database: GuardedDatabase;
let login: Attacker;
beforeEach(async () => {
  database = await guardedDatabase();
  login = await database.connect();
  await database.owner.query("select auth.revoke_session('session of nobody')"); // there is a mark
});
afterEach(() => database.drop());

const ticket = (): Promise<Answer> => login.tx(() => login.q("select auth.jwt_session_ticket($1)", [database.issuer.token()]));
const opened = (given: Answer): Promise<Answer> =>
  login.tx(async () => (await login.ticket(given)) ?? (await login.q("select auth.org_id()")));

test("a ticket opens", async () => {
  expect(await opened(await ticket())).toBe("org_01A");
});

test("a mark that the server lost is not given again: a standby promoted, a backup restored", async () => {
  const { rows } = await database.owner.query<{ seen: string }>("select seen::text from auth.revocation");
  await database.owner.query("select auth.revoke_session('session of somebody')");
  const given = await ticket();
  await database.owner.query(
    `begin; delete from auth.revoked_session where sid = 'session of somebody'; update auth.revocation set seen = ${rows[0]?.seen};
     select setval('auth.revoked', ${rows[0]?.seen}); commit`,
  );
  await database.owner.query("select auth.revoke_session('session_01A')");
  expect(await opened(given)).toBe("RJ009");
});

test.each([
  "truncate auth.issuer_iss",
  "delete from auth.issuer_iss",
  "update auth.issuer set max_lifetime_s = max_lifetime_s - 1",
  "set session_replication_role = replica; delete from auth.issuer_iss; reset session_replication_role",
  "set session_replication_role = replica; update auth.issuer set max_lifetime_s = max_lifetime_s - 1; reset session_replication_role",
])("a ticket ends with %s", async (change) => {
  const given = await ticket();
  await database.owner.query(change);
  expect(await opened(given)).toBe("RJ015");
});

test("a sequence that lost its value hides no revocation", async () => {
  const given = await ticket();
  await database.owner.query("select auth.revoke_session('session_01A')");
  await database.owner.query("alter sequence auth.revoked restart");
  expect(await opened(given)).toBe("RJ009");
});

test("a ticket that was given in a revoking transaction is looked up", async () => {
  await database.owner.query("begin; set constraints all immediate; select auth.revoke_session('session of somebody')");
  const { rows } = await database.owner.query<{ given: string }>("select auth.jwt_session_ticket($1) as given", [database.issuer.token()]);
  await database.owner.query("select auth.revoke_session('session_01A'); commit");
  expect(await opened(rows[0]?.given)).toBe("RJ009");
});
