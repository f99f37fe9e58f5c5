import { freshDatabase, type TestDatabase } from "@rehome/sandbox";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressKey } from "../plan/dispositions.ts";
import { installLedger } from "./ledger.ts";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await installLedger(client, "test", "sha", "postgres");
});

afterAll(async () => {
  await client?.end();
  await database?.drop();
});

const inSql = async (addresses: readonly string[]): Promise<string[]> =>
  (
    await client.query<{ key: string }>("select rehome.email_key(a) as key from unnest($1::text[]) with ordinality u(a, n) order by n", [
      addresses,
    ])
  ).rows.map((row) => row.key);

// Letters that Postgres and JavaScript fold differently, or that fold onto an ASCII letter, and white space that only one of them trims.
const TRICKY = [
  "v\u0130ctim@x.test",
  "\u212Aelvin@x.test",
  "ΟΔΟΣ@x.test",
  "É@x.test",
  "\uFEFFana@x.test",
  "\u0085ana@x.test",
  "\u00a0ana@x.test",
  " \t\v\f\r\nAna@X.test\r\n ",
];

test("the planner and the database compare addresses by one rule", async () => {
  expect(await inSql(TRICKY)).toEqual(TRICKY.map(addressKey));
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc
          .oneof(fc.string({ unit: "grapheme", maxLength: 30 }), fc.string({ unit: "binary", maxLength: 30 }))
          .filter((text) => !text.includes("\0") && text.isWellFormed()),
        { minLength: 1, maxLength: 20 },
      ),
      async (addresses) => {
        expect(await inSql(addresses)).toEqual(addresses.map(addressKey));
      },
    ),
    { numRuns: 100 },
  );
});

test("no letter outside ASCII meets another one", async () => {
  expect(
    new Set(await inSql(["victim@x.test", "v\u0130ctim@x.test", "v\u0131ctim@x.test", "kelvin@x.test", "\u212Aelvin@x.test"])).size,
  ).toBe(5);
});

test("a text too long for an address has a short key of its own", async () => {
  const [one, other] = await inSql(["a".repeat(6406), `${"a".repeat(6405)}b`]);
  expect(one).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(other).not.toBe(one);
});
