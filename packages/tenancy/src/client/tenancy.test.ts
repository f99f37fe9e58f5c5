import { inspect } from "node:util";
import { withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTenancy, type Query, type Tenancy, TenancyError, type Work } from "../index.ts";
import { type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import { makeIssuer } from "../testing/issuer.ts";

let database: GuardedDatabase;
let pool: pg.Pool;
let tenancy: Tenancy;

beforeAll(async () => {
  database = await guardedDatabase();
  pool = new pg.Pool({ connectionString: database.loginUrl, max: 1 }); // one connection, so that one identity follows another on it
  tenancy = createTenancy({ pool });
  await database.owner.query(
    "create table public.category (id int); insert into category values (1); grant select on category to authenticated, anonymous",
  );
  await database.owner.query("alter table note add constraint note_body_short check (length(body) < 60)");
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

const a = () => database.issuer.token();
const b = () => database.issuer.token({ sub: "user_01B", org_id: "org_01B", sid: "session_01B" });
const count = async (_db: unknown, query: Query) => (await query<{ n: number }>("select count(*)::int as n from note")).rows[0]?.n;
const session = async () => (await pool.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;
const now = () => Math.floor(Date.now() / 1000);

describe("as", () => {
  test("runs under the identity of the token and commits", async () => {
    const name = await tenancy.as(a(), async (_db, query) => {
      expect(await count(_db, query)).toBe(500);
      await query("update note set body = $1 where id = 2", ["changed"]);
      return (await query<{ u: string }>("select auth.user_id() as u")).rows[0]?.u;
    });
    expect(name).toBe("user_01A");
    const { rows } = await database.owner.query("select body from note where id = 2");
    expect(rows).toEqual([{ body: "changed" }]);
  });

  test("rolls back when the callback throws, and passes on what it threw", async () => {
    const own = new Error("mine");
    const work = tenancy.as(a(), async (_db, query) => {
      await query("delete from note");
      throw own;
    });
    await expect(work).rejects.toBe(own);
    expect(await tenancy.as(a(), count)).toBe(500);
  });

  test("does not pretend to commit when a statement had failed", async () => {
    const work = tenancy.as(a(), async (_db, query) => {
      await query("delete from note");
      await query("select 1 / 0").catch(() => {});
    });
    await expect(work).rejects.toMatchObject({ code: "query_failed" });
    expect(await tenancy.as(a(), count)).toBe(500);
  });

  test("keeps identities of many callers apart on one connection", async () => {
    const counts = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        i % 4 === 3
          ? tenancy.anonymous(async (_db, query) => (await query("select auth.org_id() as o")).rows)
          : tenancy.as(i % 2 ? a() : b(), async (_db, query) => (await query("select distinct org_id as o from note")).rows),
      ),
    );
    expect(counts).toEqual(Array.from({ length: 20 }, (_, i) => (i % 4 === 3 ? [{ o: null }] : [{ o: i % 2 ? "org_01A" : "org_01B" }])));
  });

  test("statements of one callback may be started together", async () => {
    const rows = await tenancy.as(a(), (_db, query) => Promise.all([count(_db, query), count(_db, query), query("select 1 as one")]));
    expect(rows).toMatchObject([500, 500, { rows: [{ one: 1 }] }]);
  });

  test("savepoints are the callback's own", async () => {
    const n = await tenancy.as(a(), async (_db, query) => {
      await query("savepoint s");
      await query("delete from note");
      await query("rollback to savepoint s");
      return count(_db, query);
    });
    expect(n).toBe(500);
  });

  test("read only", async () => {
    const work = tenancy.as(a(), (_db, query) => query("delete from note"), { readOnly: true });
    await expect(work).rejects.toMatchObject({ sqlstate: "25006" });
    expect(await tenancy.as(a(), count, { readOnly: true })).toBe(500);
  });
});

describe("anonymous", () => {
  test("sees what everyone sees and has no identity", async () => {
    await tenancy
      .anonymous(async (_db, query) => {
        expect((await query("select * from category")).rows).toEqual([{ id: 1 }]);
        expect((await query("select auth.user_id() as u, auth.session() as s, current_user::text as r")).rows).toEqual([
          { u: null, s: null, r: "anonymous" },
        ]);
        await expect(count(_db, query)).rejects.toMatchObject({ code: "forbidden", sqlstate: "42501" });
      })
      .catch((error: unknown) => expect(error).toMatchObject({ code: "query_failed" }));
  });
});

describe("the handle", () => {
  test("is dead after the callback", async () => {
    let kept: Query | undefined;
    await tenancy.as(a(), async (_db, query) => {
      kept = query;
    });
    await expect(kept?.("select 1")).rejects.toMatchObject({ code: "query_failed", message: expect.stringContaining("has ended") });
  });

  test("a query nobody awaited is over before the commit", async () => {
    let late: Promise<unknown> = Promise.resolve();
    await tenancy.as(a(), async (_db, query) => {
      late = Promise.allSettled([query("select pg_sleep(0.05)"), query("delete from note")]);
    });
    expect(await late).toMatchObject([{ status: "fulfilled" }, { status: "rejected" }]);
    expect(await tenancy.as(a(), count)).toBe(500);
  });

  test.each(["commit", "rollback", "commit and chain", "rollback and chain", "begin"])(
    "%s in the callback: the connection is thrown away and nothing runs without identity",
    async (sql) => {
      const before = await session();
      const work = tenancy.as(a(), async (_db, query) => {
        await query(sql);
        await query("select 1");
      });
      await expect(work).rejects.toMatchObject({ code: "query_failed" });
      const quiet = tenancy.as(a(), (_db, query) => query(sql));
      await expect(quiet).rejects.toMatchObject({ code: "query_failed", message: "A statement ended the transaction it was given." });
      expect(await session()).not.toBe(before);
    },
  );

  test("two statements in one text are refused, so that two identities never share a message", async () => {
    await expect(tenancy.as(a(), (_db, query) => query("select 1; select 2"))).rejects.toMatchObject({ sqlstate: "42601" });
  });
});

describe("errors a program can tell apart", () => {
  const fails = async (token: string, work: Work<Record<string, never>, unknown> = count) => {
    const error: unknown = await tenancy.as(token, work).then(
      () => "nothing failed",
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(TenancyError);
    return error as TenancyError;
  };

  test("of the token", async () => {
    expect(await fails(database.issuer.token({ iat: now() - 400, exp: now() - 100 }))).toMatchObject({
      code: "expired",
      sqlstate: "RJ008",
    });
    expect(await fails(database.issuer.token({ iat: now() + 100 }))).toMatchObject({ code: "not_yet_valid", sqlstate: "RJ011" });
    expect(await fails(makeIssuer().token())).toMatchObject({ code: "unknown_key", sqlstate: "RJ004", retryable: true });
    expect(await fails("nonsense")).toMatchObject({ code: "bad_token", sqlstate: "RJ002" });
    expect(await fails(`${a()}\0`)).toMatchObject({ code: "bad_token" });
    expect(await fails(undefined as unknown as string)).toMatchObject({ code: "bad_token" });
    expect(await fails(database.issuer.token({ exp: now() + 1e7 }))).toMatchObject({ code: "bad_token", sqlstate: "RJ012" });
    await database.owner.query("insert into auth.revoked_session values ('session_01Z', now())");
    expect(await fails(database.issuer.token({ sid: "session_01Z" }))).toMatchObject({ code: "revoked", sqlstate: "RJ009" });
  });

  test("of statements, without a row's values", async () => {
    const marker = "ana@x.test";
    const insert = (values: string) => (_db: unknown, query: Query) => query(`insert into note values ${values}`);
    const found = [
      await fails(a(), insert(`(2, 'org_01A', '${marker}')`)),
      await fails(a(), insert(`(5001, 'org_01A', '${marker} ${"x".repeat(60)}')`)),
      await fails(a(), insert(`(5001, 'org_01B', '${marker}')`)),
      await fails(a(), (_db, query) => query("select $1::int", [marker])),
      await fails(a(), insert(`(5001, null, '${marker}')`)),
    ];
    expect(found).toMatchObject([
      { code: "query_failed", sqlstate: "23505", table: "note", constraint: "note_pkey" },
      { code: "query_failed", sqlstate: "23514", table: "note", constraint: "note_body_short" },
      { code: "forbidden", sqlstate: "42501" },
      { code: "query_failed", sqlstate: "22P02" },
      { code: "forbidden", sqlstate: "42501" },
    ]);
    for (const error of found) expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain(marker);
  });

  test("of the connection", async () => {
    const nowhere = new pg.Pool({ connectionString: "postgresql://rehome_login@127.0.0.1:1/x" });
    await expect(createTenancy({ pool: nowhere }).anonymous(count)).rejects.toMatchObject({ code: "unreachable", retryable: true });
    await nowhere.end();
    const broken = await fails(a(), async (_db, query) => {
      const { rows } = await query<{ pid: number }>("select pg_backend_pid() as pid");
      await database.owner.query("select pg_terminate_backend($1)", [rows[0]?.pid]);
      await query("select 1");
    });
    expect(broken.code).toBe("unreachable");
    expect(await tenancy.as(a(), count)).toBe(500); // the pool replaced it
  });

  test("a login that could bypass the policies is refused", async () => {
    await database.owner.query(`create role client_test_owner login;
      create role client_test_reader login; grant pg_read_all_data to client_test_reader;
      create table owned (id int); alter table owned enable row level security; alter table owned owner to client_test_owner`);
    for (const user of ["postgres", "rehome_mover", "client_test_owner", "client_test_reader"]) {
      const mighty = new pg.Pool({ connectionString: withUser(database.url, user) });
      const refused = { code: "forbidden", message: "The pool logs in as a role that can bypass the policies." };
      await expect(createTenancy({ pool: mighty }).as(a(), async () => {})).rejects.toMatchObject(refused);
      await expect(createTenancy({ pool, workers: mighty }).job("client_test", async () => {})).rejects.toMatchObject(refused);
      await mighty.end();
    }
    await database.owner.query("drop table owned; drop role client_test_owner, client_test_reader");
  });
});
