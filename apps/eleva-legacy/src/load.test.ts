import { readFileSync } from "node:fs";
import { freshDatabase, withUser } from "@rehome/sandbox";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateEleva } from "./generate/eleva.ts";
import { STRANGE_ZONES } from "./generate/mess/bookings.ts";
import { loadLegacy, loadLegacyAudit } from "./load.ts";
import { type ElevaWorld, LEGACY_TABLES } from "./world.ts";

let world: ElevaWorld;
let database: Awaited<ReturnType<typeof freshDatabase>>;
let client: pg.Client;

beforeAll(async () => {
  world = generateEleva({ users: 300, seed: 1, hashes: "cheap" });
  database = await freshDatabase();
  await loadLegacy(database.url, world);
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

test("every row of the world is in the database", async () => {
  for (const table of LEGACY_TABLES) {
    const { rows } = await client.query(`select count(*)::int as n from ${pg.escapeIdentifier(table)}`);
    expect([table, rows[0].n]).toEqual([table, world.tables[table].length]);
  }
});

test("values arrive as they are: json to the byte, naive times, nulls, odd text", async () => {
  const { rows } = await client.query(
    `select id::text, "stripeMetadata"::text as meta, "startTime"::text as start, "guestName" as name, "guestNotes" as notes, "guestEmail" as email from meetings`,
  );
  const byId = new Map(world.tables.meetings.map((row) => [row["id"], row]));
  for (const row of rows) {
    const expected = byId.get(row.id);
    expect(row).toMatchObject({
      meta: expected?.["stripeMetadata"],
      name: expected?.["guestName"],
      notes: expected?.["guestNotes"],
      email: expected?.["guestEmail"],
    });
    expect(new Date(`${row.start}Z`).getTime()).toBe(new Date(`${expected?.["startTime"]}Z`).getTime());
  }
});

test("the odd json that is there, jsonb would refuse", async () => {
  const refused = `select "stripeMetadata"::text::jsonb from meetings where "stripeMetadata"::text like '%\\u0000%'`;
  await expect(client.query(refused)).rejects.toMatchObject({ code: "22P05" });
});

test("eleva_owner owns everything, eleva_app nothing, and no table has row security", async () => {
  const { rows } = await client.query(
    "select relname, pg_get_userbyid(relowner) as owner, relrowsecurity as guarded from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'S')",
  );
  expect(rows.filter((row) => row.owner !== "eleva_owner" || row.guarded)).toEqual([]);
  expect(rows.length).toBe(15 + 3);
});

test("eleva_app reads and writes rows and cannot change the schema", async () => {
  const app = new pg.Client({ connectionString: withUser(database.url, "eleva_app") });
  await app.connect();
  try {
    const inserted = await app.query(
      "insert into blocked_dates (clerk_user_id, date) values ('user_x', '2026-01-01') returning id, timezone",
    );
    expect(inserted.rows[0]).toEqual({
      id: Math.max(...world.tables.blocked_dates.map((row) => row["id"] as number)) + 1,
      timezone: "UTC",
    });
    await app.query("delete from blocked_dates where clerk_user_id = 'user_x'");
    await expect(app.query("alter table users add column x int")).rejects.toMatchObject({ code: "42501" });
    await expect(app.query("create table mine ()")).rejects.toMatchObject({ code: "42501" });
    await expect(app.query("truncate users")).rejects.toMatchObject({ code: "42501" });
  } finally {
    await app.end();
  }
});

test("strange zones are ones that Postgres knows and Intl does not", async () => {
  for (const zone of STRANGE_ZONES) {
    await client.query("select now() at time zone $1", [zone]);
    expect(() => new Intl.DateTimeFormat("en", { timeZone: zone })).toThrow(RangeError);
  }
});

/** Section of docs/mapping.md → text, by the legacy table that its heading names first. */
function mappingSections(): Map<string, string> {
  const page = readFileSync(new URL("../../../docs/mapping.md", import.meta.url), "utf8");
  return new Map(page.split("\n### ").map((section) => [/^`(\w+)`/.exec(section)?.[1] ?? "", section]));
}

test("every column of every table is named in docs/mapping.md", async () => {
  const sections = mappingSections();
  const { rows } = await client.query("select table_name, column_name from information_schema.columns where table_schema = 'public'");
  const unnamed = rows
    .filter((row) => !new RegExp(`\\b${row.column_name}\\b`).test(sections.get(row.table_name) ?? ""))
    .map((row) => `${row.table_name}.${row.column_name}`);
  expect(unnamed).toEqual([]);
  expect(rows.length).toBeGreaterThan(200);
});

test("the audit database loads and continues after its last key", async () => {
  const audit = await freshDatabase();
  try {
    await loadLegacyAudit(audit.url, world);
    const reader = new pg.Client({ connectionString: withUser(audit.url, "eleva_app") });
    await reader.connect();
    const { rows } = await reader.query(
      `select count(*)::int as n, max(id) as last, nextval('audit_logs_id_seq')::int as next from audit_logs`,
    );
    await reader.end();
    expect(rows[0]).toMatchObject({ n: world.auditLogs.length, next: rows[0].last + 1 });
  } finally {
    await audit.drop();
  }
});

test("any seed and any small size loads, two at once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 10, max: 40 }), fc.integer(), fc.integer(), async (users, one, other) => {
      const databases = await Promise.all([freshDatabase(), freshDatabase()]);
      try {
        await Promise.all(
          databases.map((each, index) => loadLegacy(each.url, generateEleva({ users, seed: index ? one : other, hashes: "cheap" }))),
        );
      } finally {
        await Promise.all(databases.map((each) => each.drop()));
      }
    }),
    { numRuns: 3, seed: 20260505 },
  );
});

test("a load that fails leaves nothing", async () => {
  const broken = await freshDatabase();
  try {
    const { tables } = generateEleva({ users: 10, seed: 1, hashes: "cheap" });
    for (const record of tables.records.slice(0, 1)) record["expert_id"] = "nobody";
    await expect(loadLegacy(broken.url, { tables })).rejects.toMatchObject({ code: "23503" });
    const reader = new pg.Client({ connectionString: broken.url });
    await reader.connect();
    const { rows } = await reader.query("select count(*)::int as n from information_schema.tables where table_schema = 'public'");
    await reader.end();
    expect(rows[0].n).toBe(0);
  } finally {
    await broken.drop();
  }
});
