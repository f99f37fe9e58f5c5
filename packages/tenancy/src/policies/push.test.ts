import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as schema from "../../example/schema.ts";
import { type ExampleDatabase, exampleDatabase } from "../../example/testing/example-database.ts";
import { afterMigration, policyProblems } from "./after-migration.ts";
import { forceMigrations } from "./force-migrations.ts";

vi.setConfig({ testTimeout: 120_000 }); // each starts a process that loads drizzle-kit

const EXAMPLE = resolve(import.meta.dirname, "../../example");
const KIT = join(dirname(createRequire(import.meta.url).resolve("drizzle-kit")), "bin.cjs");

let folder: string;
let example: ExampleDatabase;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "rehome-push-"));
  // Where the schema of the test finds its packages.
  symlinkSync(resolve(dirname(KIT), ".."), join(folder, "node_modules"));
  const doors = ["builders", "for-role"].map((name) => `export * from "${resolve(import.meta.dirname, `${name}.ts`)}";`);
  writeFileSync(join(folder, "builders.ts"), doors.join("\n"));
  example = await exampleDatabase();
});
afterAll(async () => {
  await example?.drop();
  rmSync(folder, { recursive: true, force: true });
});

test("drizzle-kit generate and `tenancy force` make the very migration of the example, FORCE included", async () => {
  await kit("generate", "--schema", join(EXAMPLE, "schema.ts"), "--out", join(folder, "out"));
  forceMigrations(join(folder, "out"));
  const sql = (home: string) => readFileSync(join(home, readdirSync(home).find((name) => /^0000_.*[.]sql$/.test(name)) ?? "none"), "utf8");
  expect(sql(join(folder, "out"))).toBe(sql(join(EXAMPLE, "drizzle")));
  const count = (word: string) => sql(join(folder, "out")).split(`${word} ROW LEVEL SECURITY`).length - 1;
  expect(count("FORCE")).toBe(count("ENABLE"));
  expect(count("ENABLE")).toBeGreaterThan(5);
});

test("L5: a push that drops a policy is noticed, and meanwhile nothing was readable", async () => {
  const max = await example.token("user_max", "org_alder");
  const seen = () =>
    example.as(
      "authenticated",
      max,
      async (client) =>
        (await client.query("select (select count(*)::int from pages) as pages, (select count(*)::int from notes) as notes")).rows[0],
    );
  const state = async () =>
    (
      await example.client.query(
        "select bool_and(relrowsecurity) as on, bool_and(relforcerowsecurity) as forced from pg_class where relname in ('pages', 'notes')",
      )
    ).rows[0];
  expect(await seen()).toEqual({ pages: 3, notes: 1 });

  // Of pages one policy is gone; of notes all are, and Drizzle would then switch row security off, were it not for enableRLS().
  const said = await push("less", {
    "...orgScoped(t.orgId, { delete: { role: LEADERS } }), ...published(t.isPublic)": "...published(t.isPublic)",
    ", ...ownRow(t.userId, { org: t.orgId })": "",
  });
  expect(said).toContain('DROP POLICY "pages_select_own_org"');
  expect(said).toContain('DROP POLICY "notes_select_self"');

  expect(await seen()).toEqual({ pages: 2, notes: 0 });
  expect(await state()).toEqual({ on: true, forced: true });
  const problems = await policyProblems(example.client, { schema });
  expect(problems).toEqual([
    ...["delete", "insert", "select", "update"].map((verb) => `notes: policy notes_${verb}_self is missing`),
    ...["delete", "insert", "select", "update"].map((verb) => `pages: policy pages_${verb}_own_org is missing`),
  ]);
  await expect(afterMigration(example.client, { schema, reapply: false })).rejects.toMatchObject({
    message: expect.stringContaining("notes_select_self is missing"),
  });
  expect((await afterMigration(example.client, { schema })).reapplied.sort()).toEqual(problems);
  expect(await seen()).toEqual({ pages: 3, notes: 1 });
});

test("L5: a push makes policies without their conditions and sees no changed one: nothing is readable, and the proof tells", async () => {
  await example.client.query("drop policy pages_select_published on pages; alter policy notes_delete_self on notes using (true)");
  const said = await push("same", {});
  expect(said).toMatch(/CREATE POLICY "pages_select_published" ON "pages" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated";/);
  expect(said).not.toContain("notes_delete_self");

  const pages = await example.as("anonymous", undefined, async (client) => (await client.query("select from pages")).rowCount);
  expect(pages).toBe(0);
  const problems = ["notes: policy notes_delete_self differs", "pages: policy pages_select_published differs"];
  expect(await policyProblems(example.client, { schema })).toEqual(problems);
  expect((await afterMigration(example.client, { schema })).reapplied).toEqual(problems);
  expect(await policyProblems(example.client, { schema })).toEqual([]);
});

test("without enableRLS() such a push would open the table: what the demand for it is for", async () => {
  const said = await push("open", {
    "...orgScoped(t.orgId, { delete: { role: LEADERS } }), ...published(t.isPublic)": "",
    "(t) => [],\n).enableRLS()": "() => [],\n)",
  });
  expect(said).toContain('ALTER TABLE "pages" DISABLE ROW LEVEL SECURITY');
  expect(await policyProblems(example.client, { schema })).toContain("pages: row security is off");
  await afterMigration(example.client, { schema });
  expect(await policyProblems(example.client, { schema })).toEqual([]);
});

/**
 * Pushes the tables whose keys are single columns: drizzle-kit reads composite ones in no particular order, and would now and then want to
 * make them anew.
 */
async function push(name: string, replacements: Record<string, string>): Promise<string> {
  const path = write(name, replacements);
  writeFileSync(path, readFileSync(path, "utf8").replaceAll(/export (?=const (?:projects|tasks|taskShares|engagements) =)/g, ""));
  const tables = "{organizations,memberships,pages,notes}";
  return await kit("push", "--schema", path, "--url", example.url, "--tablesFilter", tables, "--force", "--verbose");
}

/** The example's schema with some passages replaced, as a file of its own, which loads the builders and no more: a second less each time. */
function write(name: string, replacements: Record<string, string>): string {
  let text = readFileSync(join(EXAMPLE, "schema.ts"), "utf8").replace("@rehome/tenancy", "./builders.ts");
  for (const [from, to] of Object.entries(replacements)) {
    expect(text).toContain(from);
    text = text.replace(from, to);
  }
  const path = join(folder, `${name}.ts`);
  writeFileSync(path, text);
  return path;
}

async function kit(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [KIT, args[0] ?? "", "--dialect", "postgresql", ...args.slice(1)], {
    cwd: folder,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
  const code = await new Promise((done) => child.on("close", done));
  // It ends with 0 even where it could not read the schema.
  if (code !== 0 || !said.includes("[✓]") || said.includes("Error:")) throw new Error(`drizzle-kit ${args[0]} ended with ${code}: ${said}`);
  return said;
}
