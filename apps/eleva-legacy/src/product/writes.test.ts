import { freshDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateEleva } from "../generate/eleva.ts";
import { loadLegacy } from "../load.ts";
import { type ElevaWorld, LEGACY_TABLES } from "../world.ts";
import { ACTS } from "./acts.ts";
import { legacyWrites, replayWrites } from "./writes.ts";

let world: ElevaWorld;
const databases: Awaited<ReturnType<typeof freshDatabase>>[] = [];

beforeAll(() => {
  world = generateEleva({ users: 40, seed: 1, hashes: "cheap" });
});
afterAll(async () => {
  for (const database of databases) await database.drop();
});

async function loaded(): Promise<string> {
  const database = await freshDatabase();
  databases.push(database);
  await loadLegacy(database.url, world);
  return withUser(database.url, "eleva_app");
}

async function as<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function contents(client: pg.Client): Promise<Record<string, unknown>> {
  const tables: Record<string, unknown> = {};
  for (const table of LEGACY_TABLES) {
    const name = pg.escapeIdentifier(table);
    tables[table] = (
      await client.query(`select count(*)::int as rows, md5(string_agg(t::text, '|' order by t::text)) as sum from ${name} as t`)
    ).rows[0];
  }
  return tables;
}

test("the product writes, and a replay leaves a second database with the same rows", async () => {
  const [first, second] = [await loaded(), await loaded()];
  const before = await as(first, contents);
  const writes = await as(first, async (client) => [
    ...(await legacyWrites(client, world, 1, 400)),
    ...(await legacyWrites(client, world, 2, 50)),
  ]);
  const after = await as(first, contents);
  expect(await as(second, contents)).toEqual(before);
  await as(second, (client) => replayWrites(client, writes));
  expect(await as(second, contents)).toEqual(after);

  expect(new Set(writes.map((write) => write.act))).toEqual(new Set([...Object.keys(ACTS), "transaction"]));
  const unchanged = LEGACY_TABLES.filter((table) => JSON.stringify(before[table]) === JSON.stringify(after[table]));
  expect(unchanged).toEqual(["categories", "session_packs"]);
});

test("the same seed on the same rows writes the same", async () => {
  const write = async () => as(await loaded(), (client) => legacyWrites(client, world, "again", 60));
  expect(await write()).toEqual(await write());
});

test("every act is whole: begin and commit stand around more than one statement", async () => {
  const writes = await as(await loaded(), (client) => legacyWrites(client, world, 3, 60));
  let open = false;
  for (const { text } of writes) {
    if (text === "begin") expect(open).toBe(false);
    if (text === "commit") expect(open).toBe(true);
    if (text === "begin" || text === "commit") open = text === "begin";
  }
  expect(open).toBe(false);
  expect(writes.some((write) => write.act === "bookMeeting" && write.text.includes("payment_transfers"))).toBe(true);
});
