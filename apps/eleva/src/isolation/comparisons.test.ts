import { withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fillHuntWorld } from "../hunt/world.ts";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { CONFIDENTIAL } from "./confidential.ts";

// What a stranger learns who runs SQL as the application's login: comparisons that Postgres marks leakproof run before policies, and EXPLAIN ANALYZE
// or the counters of one's own transaction say whether any hidden row met them. Nobody's identity is bound here but where a test says so.
let template: TargetTemplate;
let target: TargetDatabase;
let stranger: pg.Client;

beforeAll(async () => {
  template = await targetTemplate(fillHuntWorld);
  target = await template.copy();
  stranger = new pg.Client({ connectionString: withUser(target.url, "rehome_login", "login") });
  await stranger.connect();
});
afterAll(async () => {
  await stranger?.end();
  await target?.drop();
  await template?.drop();
});

/** Whether some row, visible or not, meets these comparisons; undefined where the statement is refused. */
async function exists(table: string, where: string): Promise<boolean | undefined> {
  await stranger.query("savepoint asked");
  try {
    const { rows } = await stranger.query(`explain (analyze, format json, timing off, costs off) select from ${table} where ${where}`);
    const ran = (node: Node): boolean =>
      (node["Parent Relationship"] === "InitPlan" && node["Actual Loops"] > 0) || (node.Plans ?? []).some(ran);
    return ran(rows[0]["QUERY PLAN"][0].Plan);
  } catch (error) {
    expect((error as { code: string }).code).toBe("42501");
    await stranger.query("rollback to asked");
    return undefined;
  }
}

interface Node {
  "Parent Relationship"?: string;
  "Actual Loops": number;
  Plans?: Node[];
}

async function withoutIdentity(work: () => Promise<void>): Promise<void> {
  await stranger.query(
    "begin; set local role authenticated; set local enable_indexscan = off; set local enable_bitmapscan = off; set local enable_indexonlyscan = off",
  );
  try {
    await work();
  } finally {
    await stranger.query("rollback");
  }
}

/** The least text of the column in all rows, hidden or not, by binary search; null where nothing answers. */
async function leastValue(table: string, column: string): Promise<{ value: string | null; asked: number }> {
  const x = `${column} collate "C"`;
  let asked = 0;
  const meets = async (where: string) => {
    asked++;
    return (await exists(table, where)) ?? false;
  };
  if (!(await meets(`${x} >= ''`))) return { value: null, asked };
  let found = "";
  while (
    found.length < 40 &&
    !(found !== "" && (await meets(`${x} >= ${pg.escapeLiteral(found)} and ${x} <= ${pg.escapeLiteral(found)}`)))
  ) {
    let [low, high] = [31, 127];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (await meets(`${x} >= ${pg.escapeLiteral(found)} and ${x} < ${pg.escapeLiteral(found + String.fromCharCode(middle))}`))
        high = middle;
      else low = middle;
    }
    found += String.fromCharCode(low);
  }
  return { value: found, asked };
}

test.each([
  ["users", "email"],
  ["meetings", "guest_notes"],
  ["records", "encrypted_content"],
] as const)("nobody reads %s.%s past the policies by comparisons", async (table, column) => {
  const { rows: hidden } = await target.owner.query(`select min(${column} collate "C") as least from ${table}`);
  expect(hidden[0].least).not.toBe(null);
  await withoutIdentity(async () => {
    expect((await leastValue(table, column)).value).toBe(null);
  });
});

test.each(Object.entries(CONFIDENTIAL).flatMap(([table, columns]) => columns.map((column) => [table, column] as const)))(
  "no comparison may name %s.%s",
  async (table, column) => {
    await withoutIdentity(async () => {
      expect(await exists(table, `${column} is not null`)).toBe(undefined);
    });
  },
);

test("an open column still answers: the limit that docs/security.md tells", async () => {
  await withoutIdentity(async () => {
    expect((await stranger.query("select from users")).rowCount).toBe(0);
    const started = performance.now();
    const { value, asked } = await leastValue("users", "workos_user_id");
    console.info(
      `a hidden user id of ${value?.length} letters, without a token: ${asked} statements, ${(performance.now() - started).toFixed(0)} ms`,
    );
    const { rows } = await target.owner.query(`select min(workos_user_id collate "C") as least from users`);
    expect(value).toBe(rows[0].least);
    expect(await exists("users", "created_at >= '2020-01-01'")).toBe(true);
    expect(await exists("users", "created_at < '1901-01-01'")).toBe(false);
  });
});

test("the view of receipts answers no comparison with amounts that are hidden", async () => {
  await withoutIdentity(async () => {
    const { rows } = await target.owner.query<{ amount: number }>("select max(stripe_amount) as amount from meeting_payments");
    const plans = [`amount >= ${rows[0]?.amount}`, `amount >= ${Number(rows[0]?.amount) + 1}`].map(async (where) => {
      const plan = await stranger.query(
        `explain (analyze, format json, timing off, costs off, summary off, buffers off) select from meeting_receipts where ${where}`,
      );
      return JSON.stringify(plan.rows).replaceAll(/\d{2,}/g, "n");
    });
    expect(await plans[0]).toBe(await plans[1]);
  });
});

test("counters of one's own transaction tell nothing of confidential columns", async () => {
  // With any valid token: did the policy's accessor run, which looks memberships up?
  await withoutIdentity(async () => {
    await stranger.query("select auth.jwt_session_init($1)", [await target.token("user_pia", "org_pia")]);
    const lookedUp = async (begin: string): Promise<number> => {
      const scans = async () =>
        Number((await stranger.query("select pg_stat_get_xact_numscans('public.memberships'::regclass) as n")).rows[0].n);
      const before = await scans();
      await stranger.query("savepoint asked");
      await stranger
        .query(`select from users where email >= '${begin}' and email < '${begin}~'`)
        .catch(() => stranger.query("rollback to asked"));
      return (await scans()) - before;
    };
    expect(await lookedUp("rui@")).toBe(await lookedUp("zzz"));
  });
});
