import { hunt, lint, lintSource } from "@rehome/tenancy";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PEOPLE } from "./people.ts";
import lintOptions, { hunt as prepare } from "./tenancy.config.ts";
import { type ExampleDatabase, exampleDatabase } from "./testing/example-database.ts";

let example: ExampleDatabase;
beforeAll(async () => {
  example = await exampleDatabase();
});
afterAll(() => example?.drop());

/** Row count of a statement as one of PEOPLE, or its SQLSTATE. Nothing of it stays. */
async function attempt(user: string, sql: string, params: unknown[] = []): Promise<number | string> {
  const person = PEOPLE.find((each) => each.user === user);
  return await example.as("authenticated", await example.token(user, person?.org ?? ""), async (client) => {
    try {
      return (await client.query(sql, params)).rowCount ?? 0;
    } catch (error) {
      return String((error as { code?: string }).code);
    }
  });
}

test("the hunter finds that everybody reaches what who-sees-what.ts says and nothing else, and finds a widened policy", async () => {
  const options = { owner: example.client, ...(await prepare(example.client)) };
  const matrix = await hunt(options);
  expect({ holds: matrix.holds, findings: matrix.findings, gaps: matrix.gaps }).toEqual({ holds: true, findings: [], gaps: [] });
  expect(matrix.granted).toBeGreaterThan(500);
  expect(matrix.denied).toBeGreaterThan(1000);

  await example.client.query("alter policy tasks_delete_own_org on tasks using (org_id = (select auth.org_id()))");
  const { findings } = await hunt({ ...options, tables: ["tasks"] });
  await example.client.query(
    "alter policy tasks_delete_own_org on tasks using (org_id = (select auth.org_id()) and (select auth.role()) = any (array['owner', 'admin']))",
  );
  expect(findings.map(({ kind, table, verb }) => `${kind} ${table} ${verb}`)).toContain("leak tasks delete");
});

test("the linter finds nothing that is not accepted with its reason", async () => {
  const findings = await lint(example.client, lintOptions);
  expect(findings.filter(({ level }) => level !== "info")).toEqual([]);
});

describe("R43: what only some roles may do", () => {
  const remove = "delete from pages where org_id = 'org_alder'";
  const invite =
    "insert into task_shares (org_id, task_id, grantee_user_id, expires_at) values ('org_alder', md5('alder draft')::uuid, 'user_zoe', now() + interval '1 hour')";

  test.each(["user_olga", "user_ada"])("%s, owner or admin, deletes and invites", async (user) => {
    expect(await attempt(user, remove)).toBe(2);
    expect(await attempt(user, invite)).toBe(1);
  });

  test.each(["user_max", "user_bill", "user_bea", "user_sam", "user_rae"])("%s does neither", async (user) => {
    expect(await attempt(user, remove)).toBe(0);
    expect(await attempt(user, invite)).toBe("42501");
  });

  test("who holds projects:write, here by projects:*, makes a project; who does not, does not", async () => {
    const make = "insert into projects (org_id, name) values ('org_alder', 'New')";
    expect(await attempt("user_ada", make)).toBe(1);
    expect(await attempt("user_max", make)).toBe("42501");
  });

  test("a changed role counts in the next statement of a transaction that is open", async () => {
    const other = new pg.Client({ connectionString: example.url });
    await other.connect();
    try {
      await example.as("authenticated", await example.token("user_ada", "org_alder"), async (client) => {
        await client.query("savepoint before");
        expect((await client.query(remove)).rowCount).toBe(2);
        await client.query("rollback to savepoint before");
        await other.query("update memberships set role_slug = 'member' where workos_user_id = 'user_ada'");
        expect((await client.query(remove)).rowCount).toBe(0);
      });
    } finally {
      await other.query("update memberships set role_slug = 'admin' where workos_user_id = 'user_ada'");
      await other.end();
    }
  });
});

test("a task's project is of its own organization, and the refusal does not tell whether another's exists", async () => {
  const insert = "insert into tasks (org_id, project_id, title) values ('org_alder', $1, 't')";
  const { rows } = await example.client.query("select id from projects where org_id = 'org_birch'");
  expect(await attempt("user_olga", insert, [rows[0]?.id])).toBe("23503");
  expect(await attempt("user_olga", insert, [crypto.randomUUID()])).toBe("23503");
});

test("a share ends by the clock, also inside one transaction", async () => {
  const seen = "select from tasks where org_id = 'org_alder'";
  await example.client.query("update task_shares set expires_at = clock_timestamp() + interval '300 ms' where id = md5('share 1')::uuid");
  await example.as("authenticated", await example.token("user_bea", "org_birch"), async (client) => {
    expect((await client.query(seen)).rowCount).toBe(1);
    await client.query("select pg_sleep(0.35)");
    expect((await client.query(seen)).rowCount).toBe(0);
  });
  await example.client.query("update task_shares set expires_at = now() + interval '1 day' where id = md5('share 1')::uuid");
});

test("its code sets no identity by hand and opens the database where it says so only", () => {
  expect(lintSource(lintOptions, import.meta.dirname)).toEqual([]);
});
