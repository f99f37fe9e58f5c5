import { freshDatabase } from "@rehome/sandbox";
import { drizzle } from "drizzle-orm/node-postgres";
import pg from "pg";
import { expect, test } from "vitest";
import { toTenancyError, withoutRowData } from "./index.ts";

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

test("what is no database error gives no facts", () => {
  for (const thrown of [new Error("x"), undefined, null, "23505", { code: "ECONNREFUSED" }, { code: 42501 }])
    expect(withoutRowData(thrown)).toEqual({});
});
