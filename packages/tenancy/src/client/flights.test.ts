import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTenancy, type Tenancy } from "../index.ts";
import { type Relay, startRelay } from "./testing/relay.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";

let world: ClientWorld;
let relay: Relay;
const pools: Pool[] = [];

beforeAll(async () => {
  world = await clientWorld();
  relay = await startRelay(world.loginUrl);
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.end()));
  await relay.stop();
  await world.drop();
});

describe.each([false, true])("round trips, connections with pipeline: %s", (pipeline) => {
  let tenancy: Tenancy;
  beforeAll(async () => {
    const pool = quietPool({ connectionString: relay.url, max: 1, pipeline });
    pools.push(pool);
    tenancy = createTenancy({ pool });
    await tenancy.anonymous(async () => {}); // connects and looks at the login once
  });
  const flights = async (work: Promise<unknown>) => {
    relay.reset();
    await work.catch(() => {});
    return relay.flights();
  };

  test("a transaction of one statement takes two: one with opening, identity and statement, one with the commit", async () => {
    const token = world.a();
    const one = () => tenancy.as(token, (_db, query) => query("select count(*) from note"));
    expect(await flights(one())).toBe(2);
    expect(await flights(one())).toBe(2); // by ticket
    expect(await flights(tenancy.anonymous((_db, query) => query("select from category")))).toBe(2);
  });

  test("each further statement takes one, and none at all takes one for everything", async () => {
    const three = tenancy.as(world.a(), async (_db, query) => {
      for (let i = 0; i < 3; i++) await query("select 1");
    });
    expect(await flights(three)).toBe(4);
    expect(await flights(tenancy.as(world.a(), async () => {}))).toBe(1);
  });

  test("a refused token takes two: the flight that was refused, and the rollback", async () => {
    expect(await flights(tenancy.as("nonsense", (_db, query) => query("select 1")))).toBe(2);
    const swallowed = tenancy.as("nonsense", async (_db, query) => {
      for (let i = 0; i < 3; i++) await query("select 1").catch(() => {});
    });
    expect(await flights(swallowed)).toBe(2);
    await expect(swallowed).rejects.toMatchObject({ code: "bad_token" });
  });

  test("no flight holds two identities, no message two statements, and the token is no statement's text", async () => {
    relay.reset();
    const tokens = [world.a(), world.b(), world.a()];
    await Promise.all(tokens.map((token) => tenancy.as(token, (_db, query) => query("select 1"))));
    const flown = relay.sent();
    expect(flown.length).toBe(6);
    const held = flown.map((bytes) => tokens.filter((token) => bytes.includes(token)).length);
    expect(held).toEqual([1, 0, 1, 0, 1, 0]);
    for (const bytes of flown) {
      for (const { type, body } of messages(bytes)) {
        expect("PBDES").toContain(type); // no simple query
        if (type === "P") expect(tokens.some((token) => body.includes(token))).toBe(false);
        if (type === "P") expect(body[0]).toBe(0); // no name
      }
    }
  });

  test("a pooled connection that turns out to be lost is replaced, before anything ran; one that is lost later fails", async () => {
    const insert = "insert into ticked default values";
    relay.cutNext();
    await tenancy.as(world.a(), (_db, query) => query(insert));
    const lost = tenancy.as(world.a(), async (_db, query) => {
      await query(insert);
      relay.cutNext();
      await query(insert).catch(() => {});
    });
    await expect(lost).rejects.toMatchObject({ code: "unreachable", retryable: true, httpStatus: 503 });
    const atCommit = tenancy.as(world.a(), async (_db, query) => {
      await query(insert);
      relay.cutNext();
    });
    await expect(atCommit).rejects.toMatchObject({
      code: "unreachable",
      retryable: false,
      message: expect.stringContaining("at the commit"),
    });
    const { rows } = await world.owner.query("with gone as (delete from ticked returning 1) select count(*)::int as n from gone");
    expect(rows).toEqual([{ n: 1 }]);
  });
});

/** Frontend messages of the protocol: a letter, four bytes of length, a body. */
function* messages(bytes: Buffer): Generator<{ type: string; body: Buffer }> {
  for (let at = 0; at < bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    yield { type: String.fromCharCode(bytes[at] ?? 0), body: bytes.subarray(at + 5, at + 1 + bytes.readUInt32BE(at + 1)) };
  }
}
