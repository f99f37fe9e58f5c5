import { and, desc, type SQLWrapper, sql } from "drizzle-orm";
import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { engagements } from "../../example/schema.ts";
import { type ExampleDatabase, exampleDatabase } from "../../example/testing/example-database.ts";
import { newestShared } from "./newest-shared.ts";

const ROWS = 200_000;
const LIST = { orgs: [engagements.orgId, engagements.clientOrgId], orderBy: [engagements.startsAt, engagements.id], limit: 50 } as const;

let example: ExampleDatabase;
let client: pg.Client;
let db: NodePgDatabase;

beforeAll(async () => {
  example = await exampleDatabase();
  client = example.client;
  // A fifth of all rows for Alder, on both sides, some of them at the same moment.
  await client.query(`set session_replication_role = replica;
    insert into engagements (org_id, client_org_id, title, starts_at)
      select case when g % 10 = 0 then 'org_alder' else 'org_' || g % 5000 end, case when g % 10 = 1 or g % 1000 = 0 then 'org_alder' else 'org_' || g % 4999 end,
             't', timestamptz '2026-01-01' + (g / 20) * interval '1 minute' from generate_series(1, ${ROWS}) g;
    set session_replication_role = origin; analyze engagements`);
  await client.query("begin; set local role authenticated");
  await client.query("select auth.jwt_session_init($1)", [await example.token("user_max", "org_alder")]);
  db = drizzle(client);
});
afterAll(async () => {
  await client?.query("rollback");
  await example?.drop();
});

const plainOr = (before?: readonly [Date, string]) =>
  db
    .select()
    .from(engagements)
    .where(
      and(
        sql`(${engagements.orgId} = (select auth.org_id()) or ${engagements.clientOrgId} = (select auth.org_id()))`,
        before && sql`(${engagements.startsAt}, ${engagements.id}) < (${before[0].toISOString()}, ${before[1]})`,
      ),
    )
    .orderBy(desc(engagements.startsAt), desc(engagements.id))
    .limit(LIST.limit);

test("gives what the plain condition gives, page after page, and a row of both sides once", async () => {
  let before: readonly [Date, string] | undefined;
  for (let page = 0; page < 4; page++) {
    const wanted = await plainOr(before);
    expect(wanted).toHaveLength(LIST.limit);
    expect(await newestShared(db, engagements, { ...LIST, ...(before && { before }) })).toEqual(wanted);
    const last = wanted.at(-1);
    if (last) before = [last.startsAt, last.id];
  }
  const { rows } = await client.query("select count(*)::int as both from engagements where org_id = client_org_id");
  expect(rows[0].both).toBeGreaterThan(100);
});

test("reads along two indexes: nothing is sorted, and a page costs the same however many rows there are", async () => {
  const plain = await measure(plainOr());
  const halves = await measure(newestShared(db, engagements, LIST));
  const [last] = (await plainOr()).slice(-1);
  const second = await measure(newestShared(db, engagements, { ...LIST, before: [last?.startsAt, last?.id] }));
  for (const page of [halves, second]) {
    expect(page.nodes.filter((node) => /Sort|Seq Scan|Bitmap/.test(node))).toEqual([]);
    expect(page.nodes.filter((node) => node.startsWith("Index Scan"))).toHaveLength(2);
    expect(page.rowsRead).toBeLessThanOrEqual(2 * LIST.limit + 5);
    expect(page.buffers).toBeLessThan(300);
  }
  // What it is for: should Postgres learn an ordered plan for `or`, this helper may go.
  expect(plain.nodes.some((node) => node.includes("Sort"))).toBe(true);
  expect(plain.buffers).toBeGreaterThan(10 * halves.buffers);
});

test("asks more in both halves, and without an identity gives nothing", async () => {
  const where = sql`${engagements.title} <> 't'`;
  expect((await newestShared(db, engagements, { ...LIST, where })).map(({ title }) => title)).toEqual(["In house", "Storage", "Brand"]);
  await client.query("savepoint s; set local auth.identity = ''");
  expect(await newestShared(db, engagements, LIST)).toEqual([]);
  await client.query("rollback to s");
  expect(() => newestShared(db, engagements, { ...LIST, before: [1] })).toThrow("1 values for 2 columns");
});

interface Explained {
  Plan: Node;
}

interface Node {
  "Node Type": string;
  "Actual Rows": number;
  "Shared Hit Blocks": number;
  "Shared Read Blocks": number;
  Plans?: Node[];
}

async function measure(query: SQLWrapper): Promise<{ nodes: string[]; buffers: number; rowsRead: number }> {
  const { rows } = await db.execute(sql`explain (analyze, buffers, format json) ${query.getSQL()}`);
  const explained = rows[0]?.["QUERY PLAN"] as [Explained];
  const flat = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(flat)];
  const nodes = flat(explained[0].Plan);
  return {
    nodes: nodes.map((node) => node["Node Type"]),
    buffers: explained[0].Plan["Shared Hit Blocks"] + explained[0].Plan["Shared Read Blocks"],
    rowsRead: nodes
      .filter((node) => node["Node Type"].includes("Scan") && !node.Plans?.some((each) => each["Node Type"].includes("Scan")))
      .reduce((sum, node) => sum + node["Actual Rows"], 0),
  };
}
