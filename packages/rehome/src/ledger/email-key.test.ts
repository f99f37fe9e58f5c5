import { domainToASCII } from "node:url";
import { freshDatabase, type TestDatabase } from "@rehome/sandbox";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { addressKey, sqlDecides } from "../legacy/address.ts";
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

/** Each row: one address in several spellings. The right side was written by hand, from Unicode's and IDNA's own tables. */
const SPELLINGS: [string, string[]][] = [
  [
    "ana@x.test",
    [" \t\v\f\r\nAna@X.test\r\n ", "\u00a0ana@x.test", "\u0085ANA@x.test\u3000", "\ufeffana@x.test\u2029", "\u2003ana@X.TEST"],
  ],
  ["é@x.test", ["É@x.test", "e\u0301@x.test", "E\u0301@X.test"]],
  ["kelvin@x.test", ["\u212Aelvin@x.test"]], // NFC makes the Kelvin sign the letter K
  ["οδοσ@x.test", ["ΟΔΟΣ@x.test"]], // letter by letter: no final sigma
  ["x@bücher.example", ["x@BÜCHER.example", "x@bu\u0308cher.example"]],
  ["x@例え.example", ["X@例え.EXAMPLE"]],
];

test.each(SPELLINGS)("%s is the key of all its spellings, in TypeScript and in SQL", async (key, spellings) => {
  expect([key, ...spellings].map(addressKey)).toEqual([key, ...spellings].map(() => key));
  expect(await inSql([key, ...spellings])).toEqual([key, ...spellings].map(() => key));
});

test("IDNA's own spelling is the same domain; SQL says that it does not know", async () => {
  const spelling = `x@${domainToASCII("bücher.example")}`;
  expect([addressKey(spelling), sqlDecides(spelling)]).toEqual(["x@bücher.example", false]);
  expect(await inSql([spelling, "x@ａ.example"])).toEqual([`idna:${spelling}`, "idna:x@ａ.example"]);
  expect(addressKey("x@ａ.example")).toBe("x@a.example");
});

const domain = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "xn--bcher-kva",
        "XN--",
        "x_y",
        "-a",
        "",
        "1",
        "0x1f",
        "ａ",
        "faß",
        "ẞ",
        "ΑΣ",
        "ας",
        "İ",
        "a\u200db",
        "مثال",
        "a".repeat(70),
      ),
      fc.string({ unit: fc.constantFrom(..."abzAZ09-éÉßüΣςжЖ例あ한\u0301\u00b7\u0345"), minLength: 1, maxLength: 12 }),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 6 }),
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((labels) => labels.join("."));
const around = fc.constantFrom("", "", " ", "\u00a0", "\u0085", "\ufeff", "\t\u2028");
const address = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 30 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc
    .tuple(around, fc.string({ unit: "grapheme", maxLength: 10 }), domain, around)
    .map(([before, local, host, after]) => `${before}${local}@${host}${after}`),
);

test("the planner and the database compare addresses by one rule, or the database says that it does not know", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        address.filter((text) => !text.includes("\0") && text.isWellFormed()),
        { minLength: 1, maxLength: 40 },
      ),
      async (addresses) => {
        const keys = await inSql(addresses);
        addresses.forEach((one, at) => {
          expect([one, sqlDecides(one)]).toEqual([one, !keys[at]?.startsWith("idna:") || one.trim().startsWith("idna:")]);
          if (sqlDecides(one)) expect([one, keys[at]]).toEqual([one, addressKey(one)]);
        });
      },
    ),
    { numRuns: 300 },
  );
});

test("a key of a key is itself, and every address of letters and digits only is decided", async () => {
  await fc.assert(
    fc.property(
      address.filter((text) => text.isWellFormed()),
      (one) => {
        const key = addressKey(one);
        if (!key.startsWith("idna:")) expect(addressKey(key)).toBe(key);
      },
    ),
    { numRuns: 1000 },
  );
  expect(sqlDecides("Ana.Reis+x@sub.example.org")).toBe(true);
});

test("no letter folds onto ASCII unless Unicode calls it the same letter", async () => {
  expect(new Set(await inSql(["victim@x.test", "v\u0130ctim@x.test", "v\u0131ctim@x.test", "\u017fam@x.test", "sam@x.test"])).size).toBe(5);
});

test("a text too long for an address has a short key of its own", async () => {
  const long = ["a".repeat(6406), `${"a".repeat(6405)}b`, "😀".repeat(321)];
  const keys = await inSql(long);
  expect(keys[0]).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(new Set(keys).size).toBe(3);
  expect(keys).toEqual(long.map(addressKey));
  expect(await inSql(["😀".repeat(320)])).toEqual([addressKey("😀".repeat(320))]);
});
