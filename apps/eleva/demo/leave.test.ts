import { writeFileSync } from "node:fs";
import { createClerkClient } from "@clerk/backend";
import { afterAll, beforeAll, expect, test } from "vitest";
import { testWorld } from "./moved-world.ts";
import { rehome } from "./rehome.ts";
import { connect } from "./testing/connect.ts";
import { clerkExport, type DemoWorld } from "./world.ts";

let world: DemoWorld;
beforeAll(async () => {
  world = await testWorld();
}, 120_000);
afterAll(() => world?.stop());

/** Every row of the product's tables that names one of these ids, by table. */
async function rowsNaming(ids: readonly string[]): Promise<Record<string, number>> {
  const target = await connect(world.sandbox.target.url("target"));
  try {
    const { rows } = await target.query<{ t: string; c: string }>(
      `select table_name as t, column_name as c from information_schema.columns join information_schema.tables using (table_schema, table_name)
        where table_schema = 'public' and table_type = 'BASE TABLE' and data_type = 'text' order by 1, 2`,
    );
    const found: Record<string, number> = {};
    for (const { t, c } of rows) {
      const [count] = (await target.query<{ n: number }>(`select count(*)::int as n from public."${t}" where "${c}" = any($1)`, [ids]))
        .rows;
      if (count && count.n > 0) found[`${t}.${c}`] = count.n;
    }
    return found;
  } finally {
    await target.end();
  }
}

test("a banned expert leaves the target with all rows, two people exchange usernames, one is made anew at WorkOS: every proof holds", async () => {
  expect((await rehome(world, ["run"])).code).toBe(0);
  const clerk = createClerkClient({
    secretKey: world.sandbox.clerk.secretKey,
    publishableKey: world.sandbox.clerk.publishableKey,
    apiUrl: world.sandbox.clerk.url,
    telemetry: { disabled: true },
  });
  const target = await connect(world.sandbox.target.url("target"));
  const people = (
    await target.query<{ id: string; user: string; home: string; practice: string | null; username: string | null }>(
      `select legacy_user_id as id, workos_user_id as "user", workos_organization_id as home, workos_practice_id as practice, username
         from rehome.identity i where moved
        order by (select count(*) from services s where s.workos_user_id = i.workos_user_id) desc, 1`,
    )
  ).rows;
  await target.end();
  const [banned, ...others] = people;
  const [first, second] = others.filter((person) => person.username);
  if (!banned?.practice || !first || !second) throw new Error("This world has no expert with services, or no two people with usernames.");
  const ids = [banned.user, banned.home, banned.practice];
  expect(Object.keys(await rowsNaming(ids)).length).toBeGreaterThan(5);

  await clerk.users.banUser(banned.id);
  await clerk.users.updateUser(first.id, { username: "in-between" });
  await clerk.users.updateUser(second.id, { username: first.username as string });
  await clerk.users.updateUser(first.id, { username: second.username as string });
  writeFileSync(world.env["CLERK_EXPORTS"] ?? "", await clerkExport(world.sandbox.clerk));

  const next = await rehome(world, ["run"]);
  expect(next.stderr).not.toContain("Error");
  expect(next.result).toMatchObject({ users: { removed: [{ id: banned.id, reason: "banned" }] } });
  expect(openProofs(next.result)).toEqual([]);
  expect(await rowsNaming(ids)).toEqual({});

  await clerk.users.unbanUser(banned.id);
  const back = await rehome(world, ["run"]);
  expect(back.stderr).not.toContain("Error");
  expect(openProofs(back.result)).toEqual([]);
  const again = await connect(world.sandbox.target.url("target"));
  const { rows } = await again.query(
    "select i.username, u.username as there from rehome.identity i join users u using (workos_user_id) where i.moved",
  );
  await again.end();
  expect(rows.filter((row) => row.username !== row.there)).toEqual([]);
  expect(back.code).toBe(0);
}, 180_000);

function openProofs(result: Record<string, unknown>): string[] {
  const { proofs } = (result["verify"] ?? { proofs: [] }) as { proofs: { name: string; ok: boolean; offenders: string[] }[] };
  return proofs.filter((proof) => !proof.ok).map((proof) => `${proof.name}: ${proof.offenders.join("; ")}`);
}
