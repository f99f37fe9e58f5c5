import type pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { doctor } from "../doctor/doctor.ts";
import { type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import { installGuard } from "./guard.ts";
import { harden } from "./harden.ts";

// Rows of `note`: 500 each of two organizations, id 1 to 1000. Nobody's identity is bound: every row is hidden.
let guarded: GuardedDatabase;
let stranger: pg.Client;

beforeAll(async () => {
  guarded = await guardedDatabase();
  // As policies often are: dearer than one comparison, and so asked after all that is leakproof.
  await guarded.owner.query(
    "alter policy org on note using (org_id = (select auth.org_id()) or org_id = (select auth.user_id()) or org_id = (select auth.role()))",
  );
  ({ client: stranger } = await guarded.connect());
});
afterAll(() => guarded?.drop());

/** Whether the policy was asked at all, which it is only for rows that met the condition; or how many rows an index found. */
async function answers(meets: string, meetsNot: string): Promise<boolean> {
  const plans: string[] = [];
  for (const where of [meets, meetsNot]) {
    await stranger.query(
      "begin; set local role authenticated; set local enable_bitmapscan = off; set local enable_indexscan = off; set local enable_indexonlyscan = off; set local max_parallel_workers_per_gather = 0",
    );
    const { rows } = await stranger.query(
      `explain (analyze, timing off, costs off, summary off, buffers off) select from note where ${where}`,
    );
    await stranger.query("rollback");
    plans.push(
      rows
        .map((row) => row["QUERY PLAN"])
        .filter((line: string) => !/^ *(Filter|Index Cond):/.test(line))
        .join("\n"),
    );
  }
  return plans[0] !== plans[1];
}

const ORDER: readonly [meets: string, meetsNot: string][] = [
  ["body >= 'secret 7' and body < 'secret 8'", "body >= 'zzz 7' and body < 'zzz 8'"],
  ["id > 999", "id > 1000"],
  ["btint4cmp(id, 1000) = 0", "btint4cmp(id, 1001) = 0"],
  ["bttextcmp(body, 'secret 999') = 0", "bttextcmp(body, 'zzz') = 0"],
  ["(body, id) > ('secret 998', 1)", "(body, id) > ('zzz', 1)"],
];

const line = async () => (await doctor(guarded.owner)).find(({ name }) => name === "comparisons");

test("a caller's comparisons run before the policies; a hardened database asks them behind", async () => {
  for (const [meets, meetsNot] of ORDER) expect([meets, await answers(meets, meetsNot)]).toEqual([meets, true]);
  expect(await line()).toMatchObject({ state: "ok", found: expect.stringMatching(/^not hardened: \d+ functions/) });

  expect(await installGuard(guarded.owner, { harden: true })).toMatchObject({ hardened: true });
  for (const [meets, meetsNot] of ORDER) expect([meets, await answers(meets, meetsNot)]).toEqual([meets, false]);
  expect(await line()).toEqual({
    name: "comparisons",
    state: "ok",
    found: "hardened: ordering comparisons run behind the policies",
    mend: "",
  });
  // What stays: keys and the policies' own conditions need equality.
  expect(await answers("body = 'secret 7'", "body = 'zzz'")).toBe(true);
  expect(await installGuard(guarded.owner)).toMatchObject({ hardened: true });
});

test("guarded rows are still found by their index, and the policies answer as before", async () => {
  await stranger.query("begin; set local role authenticated; set local enable_seqscan = off");
  await stranger.query("select auth.jwt_session_init($1)", [guarded.issuer.token()]);
  const { rows: plan } = await stranger.query("explain (costs off) select from note where id = 7");
  expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toMatch(/Index Cond: \(id = 7\)/);
  const { rows } = await stranger.query("select count(*)::int as own, count(*) filter (where id > 900)::int as late from note");
  expect(rows[0]).toEqual({ own: 500, late: 50 });
  await stranger.query("rollback");
});

test("the doctor tells a copy that was hardened once and is so no more", async () => {
  const { owner } = guarded;
  await owner.query("begin; alter function pg_catalog.int4lt(int, int) leakproof");
  try {
    expect(await line()).toMatchObject({
      state: "bad",
      found: expect.stringContaining("is so no more"),
      mend: expect.stringContaining("harden: true"),
    });
  } finally {
    await owner.query("rollback");
  }
});

test("whoever is no superuser is told so", async () => {
  const { owner } = guarded;
  await owner.query("begin; set local role rehome_owner");
  try {
    await expect(harden(owner, { schema: "auth", mirror: "public.memberships" }, true)).rejects.toMatchObject({
      code: "install_refused",
      message: expect.stringContaining("needs a superuser"),
    });
  } finally {
    await owner.query("rollback");
  }
});
