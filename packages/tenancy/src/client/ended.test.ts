import { setTimeout as sleep } from "node:timers/promises";
import type { Pool } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createTenancy, type Query, type Tenancy } from "../index.ts";
import { type Relay, startRelay } from "./testing/relay.ts";
import { type ClientWorld, clientWorld, quietPool } from "./testing/world.ts";

// A token that ends, or a session that is revoked, while a call is open: the call ends so, and nothing of it is committed.

let world: ClientWorld;
let relay: Relay;
let pool: Pool;
let tenancy: Tenancy;
let session = 0;

beforeAll(async () => {
  world = await clientWorld();
  relay = await startRelay(world.loginUrl);
});
afterAll(async () => {
  await relay.stop();
  await world.drop();
});
beforeEach(() => {
  pool = quietPool({ connectionString: relay.url, max: 1 });
  tenancy = createTenancy({ pool });
});
afterEach(async () => {
  await pool.end();
});

/** Ends in about two seconds: the issuer's leeway is five. */
const short = () => {
  const now = Math.floor(Date.now() / 1000);
  return world.a({ iat: now - 60, exp: now - 3 });
};
const bodyOf = async (id: number) => (await world.owner.query<{ body: string }>("select body from note where id = $1", [id])).rows[0]?.body;

const ends = {
  expired: async () => {
    const token = short();
    return { token, end: () => sleep(3200).then(() => {}) };
  },
  revoked: async () => {
    const sid = `session_ended_${session++}`;
    const token = world.a({ sid });
    return { token, end: () => world.owner.query("select auth.revoke_session($1)", [sid]).then(() => {}) };
  },
} as const;

describe.each(["expired", "revoked"] as const)("%s between two statements of one call", (code) => {
  const write = (query: Query) => query("update note set body = 'of a call that ended' where id = 4");

  test("a second statement that sees nothing: the call ends so, the first one is not committed", async () => {
    const { token, end } = await ends[code]();
    const before = await bodyOf(4);
    let seen: unknown;
    const work = tenancy.as(token, async (_db, query) => {
      await write(query);
      await end();
      seen = (await query("select count(*)::int as n from note")).rows;
      return seen;
    });
    await expect(work).rejects.toMatchObject({ name: "TenancyError", code, httpStatus: 401 });
    expect(seen).toEqual([{ n: 0 }]);
    expect(await bodyOf(4)).toBe(before);
  });

  test("before the commit, with no statement behind it", async () => {
    const { token, end } = await ends[code]();
    const before = await bodyOf(4);
    await expect(tenancy.as(token, (_db, query) => write(query).then(end))).rejects.toMatchObject({ code });
    expect(await bodyOf(4)).toBe(before);
  });

  test("a second statement that a policy then refuses, and what the callback makes of what it sees, say so, too", async () => {
    const { token, end } = await ends[code]();
    const refused = tenancy.as(token, async (_db, query) => {
      await write(query);
      await end();
      await query("insert into note (id, org_id) values (90001, 'org_01A')");
    });
    await expect(refused).rejects.toMatchObject({ code });
    const again = await ends[code]();
    const own = new Error("no such note");
    const thrown = await tenancy
      .as(again.token, async (_db, query) => {
        await write(query);
        await again.end();
        if ((await query("select from note")).rowCount === 0) throw own;
      })
      .catch((error: unknown) => error);
    expect(thrown).toMatchObject({ code, cause: own });
    expect(await bodyOf(90001)).toBeUndefined();
  });

  test("reading only, and with a failure that the callback swallows", async () => {
    const { token, end } = await ends[code]();
    const read = tenancy.as(
      token,
      async (_db, query) => {
        await query("select from note");
        await end();
        return (await query("select from note")).rowCount;
      },
      { readOnly: true },
    );
    await expect(read).rejects.toMatchObject({ code });
    const again = await ends[code]();
    const swallowed = tenancy.as(again.token, async (_db, query) => {
      await query("select from note");
      await again.end();
      await query("insert into note (id, org_id) values (90001, 'org_01A')").catch(() => {});
    });
    await expect(swallowed).rejects.toMatchObject({ code });
  });

  test("it is counted as refused, and the connection serves the next call", async () => {
    const { token, end } = await ends[code]();
    await expect(tenancy.as(token, (_db, query) => query("select 1").then(end))).rejects.toMatchObject({ code });
    expect(tenancy.refusals().counts[code]).toBe(1);
    expect(await tenancy.as(world.b(), async (_db, query) => (await query("select distinct org_id from note")).rows)).toEqual([
      { org_id: "org_01B" },
    ]);
  });
});

test("whose identity lives is asked in the flight of the commit, or of the rollback: no round trip more", async () => {
  await tenancy.anonymous(async () => {}); // connects and looks at the login once
  const flights = async (work: (query: Query) => Promise<unknown>) => {
    relay.reset();
    await tenancy.as(world.a(), (_db, query) => work(query)).catch(() => {});
    return relay.flights();
  };
  expect(await flights((query) => query("select 1"))).toBe(2);
  expect(await flights((query) => query("select 1").then(() => Promise.reject(new Error("own"))))).toBe(2);
  expect(await flights((query) => query("select 1 / 0"))).toBe(2);
  expect(await flights((query) => query("select 1 / 0").catch(() => {}))).toBe(2);
});

test("errors of a call whose identity lives stay what they are", async () => {
  const own = new Error("own");
  const asA = (work: (query: Query) => Promise<unknown>) => tenancy.as(world.a(), (_db, query) => work(query));
  await expect(asA((query) => query("select 1").then(() => Promise.reject(own)))).rejects.toBe(own);
  await expect(asA((query) => query("insert into note (id, org_id) values (1, 'org_01B')"))).rejects.toMatchObject({ code: "forbidden" });
  await expect(asA((query) => query("insert into note (id, org_id) values (2, 'org_01A')"))).rejects.toMatchObject({ sqlstate: "23505" });
  await world.killTickets();
  await expect(asA((query) => query("insert into note (id, org_id) values (2, 'org_01A')"))).rejects.toMatchObject({ sqlstate: "23505" });
});

test("an identity that a statement took away commits nothing", async () => {
  const before = await bodyOf(4);
  for (const away of ["select set_config('auth.identity', '', true)", "reset all", "reset role"]) {
    const work = tenancy.as(world.a(), async (_db, query) => {
      await query("update note set body = 'without identity' where id = 4");
      await query(away);
    });
    await expect(work).rejects.toMatchObject({ code: "query_failed", message: expect.stringContaining("nothing was committed") });
  }
  expect(await bodyOf(4)).toBe(before);
});
