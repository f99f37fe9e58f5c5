import { freshDatabase } from "@rehome/sandbox";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { expect, test } from "vitest";
import { TenancyError, type TenancyErrorCode, toTenancyError, withoutRowData } from "./index.ts";

test("of a database error only names and the state remain, through Drizzle's wrapping too", async () => {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query("create table person (email text constraint person_email_key unique, age int not null check (age > 0))");
  await client.query("insert into person values ('ana@x.test', 30)");
  const fail = (sql: string) =>
    client.query(sql).then(
      () => undefined,
      (error: unknown) => error,
    );
  const duplicate = await fail("insert into person values ('ana@x.test', 31)");
  expect(JSON.stringify(duplicate)).toContain("ana@x.test"); // what pg itself says
  const facts = { sqlstate: "23505", schema: "public", table: "person", constraint: "person_email_key" };
  expect(withoutRowData(duplicate)).toEqual(facts);
  expect(withoutRowData(await fail("insert into person values ('bea@x.test', null)"))).toEqual({
    sqlstate: "23502",
    schema: "public",
    table: "person",
    column: "age",
  });
  const wrapped = await drizzle(client)
    .execute("insert into person values ('ana@x.test', 31)")
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  expect(String(wrapped)).toContain("ana@x.test");
  expect(withoutRowData(wrapped)).toEqual(facts);
  expect(JSON.stringify(toTenancyError(wrapped))).not.toContain("ana@x.test");
  await client.end();
  await database.drop();
});

test("a missing right names its table or sequence where Postgres itself says it, and nothing that a product's function raises", async () => {
  const database = await freshDatabase();
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`create role errors_test_reader; create table public.ledger (id serial); create table public.closed (id int); grant insert on public.ledger to errors_test_reader;
    create function public.loud() returns void language plpgsql as $$ begin
      raise exception 'permission denied for sequence ana@x.test' using errcode = '42501'; end $$`);
  const failed = async (sql: string) => {
    await client.query("begin; set local role errors_test_reader");
    const error = await client.query(sql).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    await client.query("rollback");
    return toTenancyError(error);
  };
  for (const sql of [
    "insert into ledger default values",
    "select nextval('ledger_id_seq')",
    "select setval('ledger_id_seq', 1)",
    "select last_value from ledger_id_seq",
  ]) {
    const found = await failed(sql);
    expect(found, sql).toMatchObject({ code: "forbidden", httpStatus: 403, sqlstate: "42501", sequence: "ledger_id_seq" });
    expect(found.message + found.next).toMatch(/sequence .*generatedAlwaysAsIdentity/);
  }
  expect(await failed("select * from ledger")).toMatchObject({ code: "forbidden", table: "ledger", sequence: undefined });
  // Of statements on rows Postgres names the table only; where it checks a column by itself it names that.
  expect(await failed("grant select (id) on closed to errors_test_reader")).toMatchObject({
    code: "forbidden",
    table: "closed",
    column: "id",
    sequence: undefined,
  });
  const loud = await failed("select loud()");
  expect(loud).toMatchObject({ code: "forbidden", sqlstate: "42501", sequence: undefined });
  expect(JSON.stringify(loud)).not.toContain("ana@x.test");
  await client.query("drop owned by errors_test_reader; drop role errors_test_reader");
  await client.end();
  await database.drop();
});

test("what is no database error gives no facts", () => {
  for (const thrown of [new Error("x"), undefined, null, "23505", { code: "ECONNREFUSED" }, { code: 42501 }])
    expect(withoutRowData(thrown)).toEqual({});
});

test("every error maps to an HTTP status", () => {
  const statusBy: Record<TenancyErrorCode, number> = {
    expired: 401,
    not_yet_valid: 401,
    revoked: 401,
    unknown_key: 401,
    bad_token: 401,
    forbidden: 403,
    query_failed: 500,
    install_refused: 500,
    bad_keys: 500,
    unreachable: 503,
    exhausted: 503,
  };
  for (const [code, status] of Object.entries(statusBy)) expect(new TenancyError(code as TenancyErrorCode).httpStatus, code).toBe(status);
  const statusOf = (code: string) => toTenancyError({ code }).httpStatus;
  expect(["23505", "23P01", "23503", "40001", "40P01", "55P03"].map(statusOf)).toEqual(Array(6).fill(409));
  expect(["22P02", "23514", "42501", "RJ008", "08006", "57P01", "ECONNRESET"].map(statusOf)).toEqual([500, 500, 403, 401, 503, 503, 503]);
});

test("a caller that cannot know whether a change took place is not told to try again", () => {
  expect(new TenancyError("unreachable").retryable).toBe(true);
  expect(new TenancyError("unreachable", {}, { retryable: false }).retryable).toBe(false);
});
