import { freshDatabase, type TestDatabase } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drain } from "./drain.ts";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(
    "create schema rehome; create table rehome.change (id bigint generated always as identity primary key, tbl text, key text)",
  );
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** Gives windows of these sizes, the last one for ever. */
function windows(...sizes: number[]): { carryWindow: () => Promise<number>; asked: () => number } {
  let asked = 0;
  return { carryWindow: async () => sizes[Math.min(asked++, sizes.length - 1)] as number, asked: () => asked };
}

test.each([
  ["nothing to carry", [0], 0, 1],
  ["a product that writes a little all the time", [40], 40, 1],
  ["a backlog, then what a busy product writes in one window", [20_000, 20_000, 9_000, 700, 300, 310], 50_310, 6],
  ["a product that writes the same amount in each window", [500], 1_000, 2],
])("%s: it ends", async (_, sizes, carried, asked) => {
  const log = windows(...sizes);
  expect(await drain(client, log.carryWindow)).toBe(carried);
  expect(log.asked()).toBe(asked);
});

test("a product that writes faster than is carried is named", async () => {
  await client.query("insert into rehome.change (tbl, key) select 'note', n::text from generate_series(1, 30) n");
  await expect(drain(client, windows(20_000).carryWindow)).rejects.toMatchObject({
    code: "CHANGES_OUTRUN",
    message: expect.stringContaining("30 are left"),
  });
});
