import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startWorkosTwin, withUser } from "@rehome/sandbox";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { addIssuer, installRoles, type KeeperEvent, keepGuard } from "../index.ts";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import { makeIssuer, type TestIssuer } from "../testing/issuer.ts";

const ISS = "https://id.keeper.test";
let database: GuardedDatabase;
let login: Attacker;
let jwks: Server;
let url: string;
let published: TestIssuer[];
let outage = false;
let asked = 0;
let ending: AbortController | undefined;
let running: Promise<void> | undefined;
let events: KeeperEvent[] = [];

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
  await installRoles(database.owner, { moverPassword: "mover", loginPassword: "login", keeperPassword: "keeper" });
  jwks = createServer((_request, response) => {
    asked++;
    if (outage) response.writeHead(503).end();
    else response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }));
  });
  await new Promise<void>((resolve) => jwks.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(jwks.address() as AddressInfo).port}/jwks`;
  published = [makeIssuer({ iss: ISS })];
  await database.owner.query("delete from auth.issuer");
  await addIssuer(database.owner, { name: "partner", iss: [ISS], kind: "oidc", jwksUrl: url });
});
afterAll(async () => {
  jwks.closeAllConnections();
  jwks.close();
  await database.drop();
});
afterEach(async () => {
  ending?.abort();
  await running;
  outage = false;
});

/** Starts a keeper as its own login. */
function keep(over: Partial<Parameters<typeof keepGuard>[0]> = {}): void {
  ending = new AbortController();
  events = [];
  running = keepGuard({
    connectionString: withUser(database.url, "rehome_keeper"),
    signal: ending.signal,
    onEvent: (event) => events.push(event),
    ...over,
  });
}
async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await holds()); await sleep(10)) if (Date.now() > end) throw new Error(`never: ${what}`);
}
const passes = () => events.filter((event) => event.kind === "pass");
const outcome = (token: string) => login.tx(() => login.init(token));
const later = () =>
  database.owner.query("update auth.issuer set tried_at = tried_at - interval '31 seconds'; delete from auth.key_request");

test("reads keys at its start, and a new key as soon as the application asks for it", async () => {
  keep();
  await until("the first pass", () => passes().length > 0);
  expect(passes()[0]).toMatchObject({ synced: ["partner"], unread: [], rotated: false });
  expect(await outcome((published[0] as TestIssuer).token())).toBeUndefined();

  const rotated = makeIssuer({ iss: ISS });
  published = [rotated];
  const before = asked;
  expect(await outcome(rotated.token())).toBe("RJ004");
  const request = async () => {
    await login.q("begin; set local role authenticated");
    await login.q("select auth.request_keys($1)", [ISS]);
    await login.q("commit");
  };
  await request(); // within 30 seconds of the last reading: the address is left alone
  await until("a pass that had nothing to do", () => passes().length > 1);
  expect(asked).toBe(before);
  await later();
  await request();
  await until("the new key", async () => (await outcome(rotated.token())) === undefined);
  expect(asked).toBe(before + 1);
});

test("an outage refuses nothing that is still valid, and ends by itself", async () => {
  const issuer = published[0] as TestIssuer;
  await database.owner.query("update auth.issuer set synced_at = now() - interval '1 day', tried_at = null");
  outage = true;
  keep({ tickSeconds: 0.05 });
  await until("a failed reading", () => passes().some(({ unread }) => unread.length > 0));
  expect(passes().find(({ unread }) => unread.length > 0)).toMatchObject({ unread: [{ issuer: "partner", code: "unreachable" }] });
  expect(await outcome(issuer.token())).toBeUndefined();
  const before = asked;
  await until("more passes", () => passes().length > 4);
  expect(asked).toBe(before); // an address in trouble is not asked more often than one that answers
  outage = false;
  await later();
  await until("a reading", () => passes().some(({ synced }) => synced.length > 0));
});

test("rotates a seal key that is too old, and in a restored copy forgets the one before, too", async () => {
  const generations = async () =>
    (await database.owner.query<{ g: number }>("select generation::int as g from auth.seal_key order by 1")).rows.map(({ g }) => g);
  const [first = 0] = await generations();
  await database.owner.query("update auth.seal_key set made_at = now() - interval '61 minutes'");
  keep({ tickSeconds: 0.05 });
  await until("a rotation", () => passes().some(({ rotated }) => rotated));
  expect(await generations()).toEqual([first, first + 1]);
  await database.owner.query("update auth.seal_key set made_in = 'somewhere else'");
  await until("the key of the copy it came from is forgotten", () => passes().some(({ forgot }) => forgot));
  expect(await generations()).toEqual([first + 2]);
  const settled = passes().length;
  await until("two more passes", () => passes().length > settled + 1);
  expect(await generations()).toEqual([first + 2]);
});

test("deletes revoked sessions past their end, and no other", async () => {
  await database.owner.query(
    "insert into auth.revoked_session values ('old', now() - interval '1 second'), ('new', now() + interval '1 hour')",
  );
  keep();
  await until("a pass", () => passes().length > 0);
  expect(passes()[0]).toMatchObject({ deleted: 1 });
  expect((await database.owner.query("select sid from auth.revoked_session")).rows).toEqual([{ sid: "new" }]);
});

test("two keepers ask an address once between them", async () => {
  const before = asked;
  await database.owner.query("update auth.issuer set synced_at = null, tried_at = null");
  const other = new AbortController();
  let seen = 0;
  const second = keepGuard({ connectionString: withUser(database.url, "rehome_keeper"), signal: other.signal, onEvent: () => seen++ });
  keep();
  await until("both have passed", () => passes().length > 0 && seen > 0);
  expect(asked).toBe(before + 1);
  other.abort();
  await second;
});

test("connects anew when its connection is lost, and ends at once when told to", async () => {
  keep();
  await until("a pass", () => passes().length > 0);
  await database.owner.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'rehome keeper' and datname = current_database()",
  );
  await until(
    "a failure and a pass after it",
    () => events.findIndex(({ kind }) => kind === "failed") < events.length - 1 && events.at(-1)?.kind === "pass" && events.length > 2,
  );
  expect(events.find(({ kind }) => kind === "failed")).toMatchObject({ error: { code: "unreachable" } });
  ending?.abort();
  await running;
  const { rows } = await database.owner.query(
    "select from pg_stat_activity where application_name = 'rehome keeper' and datname = current_database()",
  );
  expect(rows).toEqual([]);
});

test("ends at once while an address does not answer", async () => {
  await database.owner.query("update auth.issuer set synced_at = null, tried_at = null");
  const silent = Promise.withResolvers<void>();
  keep({
    fetch: (_url, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener("abort", () => reject(new Error("aborted")));
        silent.resolve();
      }),
  });
  await silent.promise;
  const told = Date.now();
  ending?.abort();
  await running;
  expect(Date.now() - told).toBeLessThan(5000);
});

test("on a client of the caller's, which stays as it was", async () => {
  const ended = new AbortController();
  await keepGuard({ client: database.owner, signal: ended.signal, onEvent: () => ended.abort() });
  expect(
    (await database.owner.query("select current_user::text as u, (select count(*)::int from pg_listening_channels()) as n")).rows,
  ).toEqual([{ u: "postgres", n: 0 }]);
});

test("refuses options that make no sense", async () => {
  for (const wrong of [{}, { connectionString: "x", client: database.owner }, { client: database.owner, rotateEverySeconds: 86_400 }])
    await expect(keepGuard(wrong)).rejects.toMatchObject({ code: "install_refused" });
});

test("with the WorkOS twin: its keys rotate, its tokens go on", async () => {
  const twin = await startWorkosTwin();
  try {
    const iss = `https://api.workos.com/user_management/${twin.clientId}`;
    await addIssuer(database.owner, { iss: [iss], kind: "workos", jwksUrl: `${twin.url}/sso/jwks/${twin.clientId}` });
    const admin = async (path: string, body: unknown) => {
      const headers = { "content-type": "application/json", "x-twin-admin": twin.adminToken };
      const response = await fetch(`${twin.url}/__twin/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      return (await response.json()) as Record<string, string>;
    };
    const signed = async () => {
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss, sub: "user_01A", sid: "session_01A", org_id: "org_01A", iat: now, exp: now + 300 };
      return (await admin("sign", { claims }))["token"] ?? "";
    };
    const organization = (token: string) => login.tx(async () => (await login.init(token)) ?? (await login.q("select auth.org_id()")));
    keep({ tickSeconds: 0.05 });
    const old = await signed();
    await until("the twin's key", async () => (await organization(old)) === "org_01A");
    await admin("keys/rotate", { retire_old: true });
    const fresh = await signed();
    expect(await organization(fresh)).toBe("RJ004");
    await database.owner.query("update auth.issuer set synced_at = null, tried_at = null where name = 'workos'");
    await until("the twin's new key", async () => (await organization(fresh)) === "org_01A");
    expect(await organization(old)).toBe("org_01A"); // its key is in overlap here, although the twin has withdrawn it
  } finally {
    await twin.stop();
  }
});

test("rung without end by whoever may send SQL, it looks twice a second and no more", async () => {
  keep();
  await until("the first pass", () => passes().length > 0);
  const [before, began] = [passes().length, performance.now()];
  while (performance.now() - began < 1_100) await login.q("notify rehome_keys");
  const most = Math.ceil((performance.now() - began) / 500) + 1;
  expect(passes().length - before).toBeGreaterThan(0);
  expect(passes().length - before).toBeLessThanOrEqual(most);
});
