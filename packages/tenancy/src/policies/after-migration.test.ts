import { pgTable, serial, text } from "drizzle-orm/pg-core";
import type pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as schema from "../../example/schema.ts";
import { type ExampleDatabase, exampleDatabase } from "../../example/testing/example-database.ts";
import { toTenancyError } from "../errors.ts";
import { afterMigration, policyProblems } from "./after-migration.ts";
import { orgScoped } from "./builders.ts";

let example: ExampleDatabase;
let client: pg.Client;
beforeAll(async () => {
  example = await exampleDatabase();
  client = example.client;
});
afterAll(() => example?.drop());

const VISITS = pgTable("visits", { id: serial("id").primaryKey(), orgId: text("org_id").notNull() }, (t) => orgScoped(t.orgId)).enableRLS();

const SORTED = (acl: string) => `(select array_agg(a::text order by a::text)::text from unnest(${acl}) a)`;
const FINGERPRINT = `select md5(string_agg(line, chr(10) order by line)) as print from (
  select c.oid::text || c.relname || c.relowner || c.relrowsecurity || c.relforcerowsecurity || coalesce(${SORTED("c.relacl")}, '') as line from pg_class c where c.relnamespace = 'public'::regnamespace
  union all select a.attrelid::text || a.attname || ${SORTED("a.attacl")} from pg_attribute a where a.attacl is not null
  union all select p.polname || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') from pg_policy p) x`;
const fingerprint = async () => (await client.query<{ print: string }>(FINGERPRINT)).rows[0]?.print;

test("holds after the migration, changes nothing when it runs again, and leaves nothing behind", async () => {
  expect(await policyProblems(client, { schema })).toEqual([]);
  const before = await fingerprint();
  expect(await afterMigration(client, { schema })).toEqual({ tables: 8, policies: 41, reapplied: [] });
  expect(await fingerprint()).toBe(before);
  expect((await client.query("select from pg_namespace where nspname like 'rehome_compare%'")).rowCount).toBe(0);
});

test("makes readers and writers wait for nothing when all is as declared", async () => {
  await client.query("set lock_timeout = '2s'");
  const other = new (client.constructor as typeof pg.Client)({ connectionString: example.url });
  await other.connect();
  await other.query("begin; update projects set name = name");
  try {
    expect(await afterMigration(client, { schema })).toMatchObject({ reapplied: [] });
  } finally {
    await other.query("rollback");
    await other.end();
    await client.query("reset lock_timeout");
  }
});

describe("what is amiss is named, and put back", () => {
  test.each([
    ["drop policy tasks_select_own_org on tasks", "tasks: policy tasks_select_own_org is missing"],
    ["alter policy projects_delete_own_org on projects using (true)", "projects: policy projects_delete_own_org differs"],
    ["alter policy pages_update_own_org on pages with check (true)", "pages: policy pages_update_own_org differs"],
    ["alter policy notes_select_self on notes to authenticated, anonymous", "notes: policy notes_select_self differs"],
    [
      "drop policy notes_insert_self on notes; create policy notes_insert_self on notes as restrictive for insert to authenticated with check (true)",
      "notes: policy notes_insert_self differs",
    ],
  ])("%s", async (sql, problem) => {
    const before = await fingerprint();
    await client.query(sql);
    expect(await policyProblems(client, { schema })).toEqual([problem]);
    await expect(afterMigration(client, { schema, reapply: false })).rejects.toMatchObject({
      code: "install_refused",
      message: expect.stringContaining(problem),
      next: expect.stringContaining("afterMigration"),
    });
    expect(await afterMigration(client, { schema })).toMatchObject({ reapplied: [problem] });
    expect(await fingerprint()).toBe(before);
  });

  test.each([
    ["alter table notes no force row level security", "notes: row security is not forced"],
    ["alter table notes disable row level security", "notes: row security is off"],
    ["alter table notes owner to postgres", "notes: the owner is postgres"],
    ["grant select on notes to public", "notes: PUBLIC has select"],
    ["grant update on tasks to authenticated", "tasks: authenticated may update org_id, which says whose or which a row is"],
    [
      "grant update (client_org_id) on engagements to authenticated",
      "engagements: authenticated may update client_org_id, which says whose or which a row is",
    ],
    ["grant truncate on notes to authenticated", "notes: authenticated has truncate"],
  ])("%s", async (sql, problem) => {
    const before = await fingerprint();
    await client.query(sql);
    expect(await policyProblems(client, { schema })).toContain(problem);
    await afterMigration(client, { schema });
    expect(await fingerprint()).toBe(before);
  });
});

describe("refused, because nobody said it", () => {
  test.each([
    [
      "create policy helpful on notes for select to authenticated using (true)",
      "drop policy helpful on notes",
      "notes: policy helpful is not declared",
    ],
    ["create table leftovers (id int)", "drop table leftovers", "table public.leftovers is not in the schema that was given"],
    ["alter table pages rename to sheets", "alter table sheets rename to pages", "table public.pages is missing"],
  ])("%s", async (sql, undo, problem) => {
    await client.query(sql);
    await expect(afterMigration(client, { schema })).rejects.toMatchObject({
      code: "install_refused",
      message: expect.stringContaining(problem),
    });
    expect(await policyProblems(client, { schema })).toContain(problem);
    await client.query(undo);
    expect(await policyProblems(client, { schema })).toEqual([]);
  });

  test("a column whose migration was not applied", async () => {
    await client.query("alter table tasks rename column due to deadline");
    const refusal = { name: "TenancyError", code: "install_refused", message: expect.stringContaining("tasks: column due is missing") };
    await expect(afterMigration(client, { schema })).rejects.toMatchObject(refusal);
    expect(await policyProblems(client, { schema })).toEqual(["tasks: column due is missing"]);
    await client.query("alter table tasks rename column deadline to due");
    expect(await policyProblems(client, { schema })).toEqual([]);
  });

  test("a right that the installer lacks", async () => {
    const lacking = { name: "TenancyError", code: "install_refused", sqlstate: "42501" };
    await client.query("set role authenticated");
    await expect(afterMigration(client, { schema })).rejects.toMatchObject(lacking);
    await expect(policyProblems(client, { schema })).rejects.toMatchObject(lacking);
    await client.query("reset role");
  });

  test("a table of another's care may be named", async () => {
    await client.query("create table leftovers (id int)");
    expect(await policyProblems(client, { schema, others: ["public.leftovers"] })).toEqual([]);
    await client.query("drop table leftovers");
  });

  test("what protects stays although the proof fails", async () => {
    await client.query(
      "create policy helpful on notes for select to authenticated using (true); alter table notes no force row level security",
    );
    await expect(afterMigration(client, { schema })).rejects.toMatchObject({ message: expect.not.stringContaining("forced") });
    expect((await client.query("select relforcerowsecurity as forced from pg_class where relname = 'notes'")).rows).toEqual([
      { forced: true },
    ]);
    await client.query("drop policy helpful on notes");
  });

  test("a serial column: nobody who inserts may use its sequence, and an identity column needs nobody to", async () => {
    const numbered = { ...schema, visits: VISITS };
    await client.query("create table visits (id serial primary key, org_id text not null references organizations)");
    const problem = "visits: authenticated may insert but not use sequence visits_id_seq, which numbers id";
    await expect(afterMigration(client, { schema: numbered })).rejects.toMatchObject({
      code: "install_refused",
      message: expect.stringContaining(problem),
    });
    const insert = async () => {
      try {
        await example.as("authenticated", await example.token("user_max", "org_alder"), (each) =>
          each.query("insert into visits (org_id) values ('org_alder')"),
        );
        return "inserted";
      } catch (error) {
        return toTenancyError(error);
      }
    };
    expect(await insert()).toMatchObject({ code: "forbidden", sequence: "visits_id_seq" });

    // Whoever wants the grant has it, and the linter then asks for the reason.
    await client.query("grant usage on sequence visits_id_seq to authenticated");
    expect(await policyProblems(client, { schema: numbered })).toEqual([]);
    await client.query("revoke usage on sequence visits_id_seq from authenticated");

    await client.query(
      "alter table visits alter id drop default; drop sequence visits_id_seq; alter table visits alter id add generated always as identity",
    );
    expect(await afterMigration(client, { schema: numbered })).toMatchObject({ tables: 9 });
    expect(await insert()).toBe("inserted");
    await client.query("drop table visits");
  });

  test("a schema without tables, and a table without enableRLS()", async () => {
    await expect(afterMigration(client, { schema: { nothing: 1 } })).rejects.toMatchObject({ code: "install_refused" });
    const open = pgTable("projects", { orgId: text("org_id") }, (t) => orgScoped(t.orgId));
    await expect(afterMigration(client, { schema: { ...schema, projects: open } })).rejects.toMatchObject({
      message: expect.stringContaining("without enableRLS()"),
    });
  });
});
