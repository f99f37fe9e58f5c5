import type { Pool } from "pg";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTenancy, syncKeys } from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { makeIssuer } from "../testing/issuer.ts";
import { keyWait } from "./key-wait.ts";
import { type Relay, startRelay } from "./testing/relay.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";

let world: ClientWorld;
let relay: Relay;
let pool: Pool;
let job: pg.Client;
let asked: string[];
let published: unknown[];

beforeAll(async () => {
  world = await clientWorld();
  relay = await startRelay(world.loginUrl);
  pool = quietPool({ connectionString: relay.url, max: 1 });
  // The job of keys, in small: it hears what the application asks for and fetches.
  job = new pg.Client({ connectionString: world.url });
  job.on("error", () => {});
  await job.connect();
  await job.query("listen rehome_keys");
  job.on("notification", ({ payload = "" }) => {
    asked.push(payload);
    if (published.length > 0) void syncKeys(job, "workos", publishing([world.issuer.jwk, ...published])).catch(() => {});
  });
});
beforeEach(async () => {
  await world.owner.query("delete from auth.key_request");
  asked = [];
  published = [];
});
afterAll(async () => {
  await pool.end();
  await job.end();
  await relay.stop();
  await world.drop();
});

const insert = (tenancy: ReturnType<typeof createTenancy>, token: string) =>
  tenancy.as(token, (_db, query) => query("insert into ticked default values"));

test("an unknown key is asked for and waited for; the statement takes effect once", async () => {
  const rotated = makeIssuer();
  published = [rotated.jwk];
  const tenancy = createTenancy({ pool });
  expect(await insert(tenancy, rotated.token())).toMatchObject({ rowCount: 1 });
  expect(asked).toEqual(["workos"]);
  expect((await world.owner.query("select count(*)::int as n from ticked")).rows).toEqual([{ n: 1 }]);
});

test("a key that does not come: unknown_key after the wait; the next is refused at once and nobody is asked", async () => {
  const tenancy = createTenancy({ pool, keyWaitMs: 150 });
  const refused = { code: "unknown_key", sqlstate: "RJ004", httpStatus: 401, retryable: true };
  const [first, second] = [makeIssuer().token(), makeIssuer().token()];
  const start = performance.now();
  const waiting = insert(tenancy, first);
  // One connection, and nobody who waits holds it.
  expect((await tenancy.as(world.a(), (_db, query) => query("select 1"))).rowCount).toBe(1);
  await expect(waiting).rejects.toMatchObject(refused);
  expect(performance.now() - start).toBeGreaterThan(140);
  relay.reset();
  await expect(insert(tenancy, second)).rejects.toMatchObject(refused);
  expect(relay.flights()).toBe(2); // the refusal and the rollback: no wait, no second try
  expect(asked).toEqual(["workos"]);
});

test("nobody is asked for an issuer that is none, and a refusal to ask is a refusal", async () => {
  const tenancy = createTenancy({ pool, keyWaitMs: 2000 });
  await expect(insert(tenancy, makeIssuer({ iss: "https://evil.test" }).token())).rejects.toMatchObject({ sqlstate: "RJ010" });
  await world.owner.query("revoke execute on function auth.request_keys(text) from public, anonymous, authenticated");
  await expect(insert(tenancy, makeIssuer().token())).rejects.toMatchObject({ code: "unknown_key" });
  await world.owner.query("grant execute on function auth.request_keys(text) to anonymous");
  expect(asked).toEqual([]);
});

describe("the wait", () => {
  test("asks once in 30 s, and waits no longer than its time", async () => {
    let now = 0;
    let count = 0;
    const wait = keyWait(
      async () => {
        count++;
      },
      50,
      () => now,
    );
    expect(await wait.step("i", 0)).toBe(true);
    expect(await wait.step("i", 1)).toBe(true);
    now = 51;
    expect(await wait.step("i", 2)).toBe(false);
    expect(await wait.step("i", 0)).toBe(false);
    expect(count).toBe(1);
    now = 30_001;
    expect(await wait.step("i", 0)).toBe(true);
    expect(count).toBe(2);
  });

  test("holds 32 at most", async () => {
    const wait = keyWait(
      async () => {},
      20,
      () => 0,
    );
    const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => wait.step(`i${i}`, 0)));
    expect(answers.filter(Boolean)).toHaveLength(32);
  });
});
