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

// Found by an attacker: the mark was read, the token verified, and whether the mark was settled asked by a later statement. An issuer that ended
// in between was taken as standing by every use of the ticket. A lock makes that moment last.
test.each([
  ["its issuer is disabled", "select auth.disable_issuer('workos')"],
  ["its key goes", "delete from auth.jwk"],
])("a ticket that is given while %s does not outlive it", async (_, end) => {
  const other = await database.superuser();
  await other.query(`begin; set constraints all immediate; ${end}; lock table auth.revocation in access exclusive mode`);
  await login.client.query("begin; set local role authenticated");
  const asked = login.q("select auth.jwt_session_ticket($1)", [database.issuer.token()]);
  await expect
    .poll(
      async () =>
        (await database.owner.query("select from pg_locks where not granted and relation = 'auth.revocation'::regclass")).rowCount,
    )
    .toBe(1);
  await other.query("commit");
  const given = await asked;
  await login.client.query("rollback");
  expect(String(given).startsWith("RJ") ? "refused" : await opened(given)).toMatch(/^(refused|RJ015)$/);
});

test("a ticket that was given in a revoking transaction is looked up", async () => {
  await database.owner.query("begin; set constraints all immediate; select auth.revoke_session('session of somebody')");
  const { rows } = await database.owner.query<{ given: string }>("select auth.jwt_session_ticket($1) as given", [database.issuer.token()]);
  await database.owner.query("select auth.revoke_session('session_01A'); commit");
  expect(await opened(rows[0]?.given)).toBe("RJ009");
});
