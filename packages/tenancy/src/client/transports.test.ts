import { Pool as NeonPool, neonConfig } from "@neondatabase/serverless";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import WebSocket from "ws";
import { createTenancy, type Tenancy, type TenancyPool } from "../index.ts";
import { makeIssuer } from "../testing/issuer.ts";
import { startWebSocketRelay, type WebSocketRelay } from "./testing/websocket-relay.ts";
import { type ClientWorld, clientWorld, note, quietPool } from "./testing/world.ts";

let world: ClientWorld;
let relay: WebSocketRelay;

beforeAll(async () => {
  world = await clientWorld();
  relay = await startWebSocketRelay(world.loginUrl);
  neonConfig.webSocketConstructor = WebSocket;
  neonConfig.wsProxy = relay.address;
  neonConfig.useSecureWebSocket = false;
  neonConfig.pipelineConnect = false;
});
afterAll(async () => {
  await relay.stop();
  await world.drop();
});

type Ending = TenancyPool & { end(): Promise<void> };
const POOLS: Record<string, (url: string) => Ending> = {
  pg: (connectionString) => quietPool({ connectionString, max: 2 }),
  "pg, pipelining": (connectionString) => quietPool({ connectionString, max: 2, pipeline: true }),
  "Neon's driver over WebSocket": (connectionString) => {
    const pool = new NeonPool({ connectionString, max: 2 });
    pool.on("error", () => {});
    return pool;
  },
};

describe.each(Object.keys(POOLS))("over %s", (name) => {
  let pools: Ending[];
  let tenancy: Tenancy;
  beforeAll(() => {
    const make = POOLS[name] as (url: string) => Ending;
    pools = [make(world.loginUrl), make(world.workerUrl)];
    tenancy = createTenancy({ pool: pools[0] as Ending, workers: pools[1] as Ending, keyWaitMs: 0 });
  });
  afterAll(() => Promise.all(pools.map((pool) => pool.end())));

  test("identities stay apart, commits commit, failures roll back", async () => {
    const token = world.a();
    await tenancy.as(token, async (db, query) => {
      await db.update(note).set({ body: name }).where(eq(note.id, 10));
      await query("update note set body = $1 where id = $2", ["written", 12]);
    });
    const rolledBack = tenancy.as(token, async (db) => {
      await db.delete(note);
      throw new Error("mine");
    });
    await expect(rolledBack).rejects.toThrow("mine");
    const seen = await Promise.all(
      [token, world.b(), token, world.b(), token].map((one) => tenancy.as(one, (db) => db.selectDistinct({ org: note.orgId }).from(note))),
    );
    expect(seen.map(([row]) => row?.org)).toEqual(["org_01A", "org_01B", "org_01A", "org_01B", "org_01A"]);
    const { rows } = await world.owner.query("select body from note where id in (10, 12) order by id");
    expect(rows).toEqual([{ body: name }, { body: "written" }]);
  });

  test("anonymous, jobs, read only", async () => {
    const who = "select current_user::text as u, auth.org_id() as o, current_setting('transaction_read_only') as r";
    const rows = async (of: Promise<{ rows: unknown[] }>) => (await of).rows;
    expect(await rows(tenancy.anonymous((_db, query) => query(who)))).toEqual([{ u: "anonymous", o: null, r: "off" }]);
    expect(await rows(tenancy.as(world.a(), (_db, query) => query(who), { readOnly: true }))).toEqual([
      { u: "authenticated", o: "org_01A", r: "on" },
    ]);
    const orgs = await tenancy.job("client_test", (db) => db.selectDistinct({ org: note.orgId }).from(note));
    expect(orgs).toEqual([{ org: "org_01B" }]);
  });

  test("a job is not the product and the product no job", async () => {
    await expect(tenancy.job("nobody_has_this", async () => {})).rejects.toMatchObject({ name: "TenancyError" });
    await expect(tenancy.job("x; drop table note", async () => {})).rejects.toMatchObject({ code: "install_refused" });
    await expect(tenancy.job("client_test", (_db, query) => query("set local role authenticated"))).rejects.toMatchObject({
      code: "forbidden",
    });
    const swapped = createTenancy({ pool: pools[1] as Ending, workers: pools[0] as Ending });
    await expect(swapped.as(world.a(), async () => {})).rejects.toMatchObject({ code: "forbidden" });
    await expect(swapped.job("client_test", async () => {})).rejects.toMatchObject({ code: "forbidden" });
    const alone = createTenancy({ pool: pools[0] as Ending });
    await expect(alone.job("client_test", async () => {})).rejects.toMatchObject({ message: "A job needs a pool of its own." });
  });

  test("all kinds of values come and go", async () => {
    const bytes = Buffer.from([0, 1, 92, 255]);
    const values = [1.5, true, null, "ä'\\€", bytes, ["a", null, 'b"'], { deep: [1] }, new Date("2026-01-02T03:04:05.678Z")];
    const { rows } = await tenancy.as(world.a(), (_db, query) =>
      query(
        "select $1::float8 as a, $2::bool as b, $3::text as c, $4::text as d, encode($5::bytea, 'hex') as e, $6::text[] as f, $7::jsonb as g, $8::timestamptz as h",
        values,
      ),
    );
    const [a, b, c, d, , f, g, h] = values;
    expect(rows).toEqual([{ a, b, c, d, e: "00015cff", f, g, h }]);
  });

  test("errors a program can tell apart", async () => {
    const failing = async (token: string, ...statements: string[]) =>
      tenancy
        .as(token, async (_db, query) => {
          for (const sql of statements) await query(sql);
        })
        .then(
          () => "nothing",
          (error: unknown) => error,
        );
    const now = Math.floor(Date.now() / 1000);
    expect([
      await failing(world.a({ iat: now - 400, exp: now - 100 })),
      await failing("nonsense"),
      await failing(makeIssuer().token()),
      await failing(world.a(), "insert into note values (2, 'org_01A', 'x')"),
      await failing(world.a(), "insert into note values (9001, 'org_01B', 'x')"),
      await failing(world.a(), "select 1; select 2"),
      await failing(world.a(), "reset role", "select pg_terminate_backend(pg_backend_pid())"),
      await failing(world.a(), "commit"),
    ]).toMatchObject([
      { code: "expired", sqlstate: "RJ008", httpStatus: 401 },
      { code: "bad_token", httpStatus: 401 },
      { code: "unknown_key", httpStatus: 401, retryable: true },
      { code: "query_failed", sqlstate: "23505", httpStatus: 409 },
      { code: "forbidden", httpStatus: 403 },
      { code: "query_failed", sqlstate: "42601", httpStatus: 500 },
      { code: "unreachable", httpStatus: 503 },
      { code: "query_failed", message: "A statement ended the transaction it was given." },
    ]);
  });
});

test("over WebSocket, too, a transaction of one statement is two messages", async () => {
  const pool = POOLS["Neon's driver over WebSocket"]?.(world.loginUrl) as Ending;
  const tenancy = createTenancy({ pool });
  await tenancy.anonymous(async () => {});
  relay.reset();
  await tenancy.as(world.a(), (db) => db.select().from(note).limit(1));
  expect(relay.messages()).toBe(2);
  await pool.end();
});
