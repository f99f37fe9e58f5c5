import { freshDatabase } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { guardedDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import { applyTargetSchema } from "./apply.ts";

let template: TargetTemplate;
beforeAll(async () => {
  template = await targetTemplate();
});
afterAll(() => template?.drop());

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function database() {
  const made = await guardedDatabase();
  undo.push(made.drop);
  return made;
}

async function applied() {
  const made = await template.copy();
  undo.push(made.drop);
  return made;
}

async function connection(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  undo.push(() => client.end());
  return client;
}

/** Everything of the catalog that an unwanted second application would change. */
const FINGERPRINT = `select md5(string_agg(line, chr(10) order by line)) as print from (
  select c.oid::text || c.relname || c.relowner || c.relrowsecurity || c.relforcerowsecurity || coalesce((select string_agg(x::text, ' ' order by x::text) from unnest(c.relacl) x), '') as line from pg_class c where c.relnamespace = 'public'::regnamespace
  union all select a.attrelid::text || a.attname || coalesce((select string_agg(x::text, ' ' order by x::text) from unnest(a.attacl) x), '') from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relnamespace = 'public'::regnamespace
  union all select p.oid::text || p.polname || coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') from pg_policy p join pg_class c on c.oid = p.polrelid where c.relnamespace = 'public'::regnamespace
  union all select f.oid::text || pg_get_functiondef(f.oid) || f.proowner || coalesce(f.proacl::text, '') from pg_proc f where f.pronamespace = 'public'::regnamespace and f.prokind = 'f') x`;

async function fingerprint(client: pg.Client): Promise<string> {
  return (await client.query<{ print: string }>(FINGERPRINT)).rows[0]?.print ?? "";
}

test("applies all migrations, and changes nothing when it runs again", async () => {
  const { owner } = await database();

  const first = await applyTargetSchema(owner);
  const before = await fingerprint(owner);
  const second = await applyTargetSchema(owner);

  expect(first).toEqual({ applied: 6, known: 6, tables: 30 });
  expect(second).toEqual({ applied: 0, known: 6, tables: 30 });
  expect(await fingerprint(owner)).toBe(before);
});

test("four at once: one applies, the others find it done", async () => {
  const { url } = await database();
  const clients = await Promise.all([1, 2, 3, 4].map(() => connection(url)));

  const results = await Promise.all(clients.map((client) => applyTargetSchema(client)));

  expect(results.map(({ applied }) => applied).sort()).toEqual([0, 0, 0, 6]);
});

test("nobody but the owner can make it wait", async () => {
  const { owner, url } = await database();
  const stranger = await connection(url);
  await stranger.query("begin; set local role anonymous");
  await stranger.query("select pg_advisory_xact_lock(hashtext('eleva target schema'))");
  await owner.query("set lock_timeout = '5s'");

  expect(await applyTargetSchema(owner)).toMatchObject({ applied: 6 });

  await stranger.query("rollback; begin; set local role authenticated");
  await expect(stranger.query("lock table auth.version in row exclusive mode")).rejects.toMatchObject({ code: "42501" });
  await stranger.query("rollback");
  // Whoever holds it is waited for: the lock is what keeps two apart.
  await stranger.query("begin; lock table auth.version in exclusive mode");
  await owner.query("set lock_timeout = '100ms'");
  await expect(applyTargetSchema(owner)).rejects.toMatchObject({ code: "55P03" });
  await stranger.query("rollback");
});

test("works for an installer that is no superuser", async () => {
  const { url, owner } = await database();
  const name = `installer_${process.pid}_${Date.now()}`;
  await owner.query(`create role ${name} login createrole bypassrls`);
  await owner.query(`grant rehome_owner, rehome_guard to ${name} with inherit true, set true`);
  await owner.query(`alter database ${new URL(url).pathname.slice(1)} owner to ${name}`);
  // On a server of its own the installer makes these roles and so administers them.
  await owner.query(
    `grant rehome_fn_busy, rehome_fn_check, rehome_fn_numbers, rehome_fn_receipts, rehome_fn_organizations to ${name} with inherit false, set true`,
  );
  undo.push(async () => {
    await owner.query(`reassign owned by ${name} to postgres; drop owned by ${name}; drop role ${name}`);
  });
  const own = new URL(url);
  own.username = name;
  const client = new pg.Client({ connectionString: own.toString() });
  await client.connect();
  try {
    expect(await applyTargetSchema(client)).toMatchObject({ applied: 6 });
    expect(await applyTargetSchema(client)).toMatchObject({ applied: 0 });
  } finally {
    await client.end();
  }
});

test("mends what a careless hand took away", async () => {
  const { owner } = await applied();
  const before = await fingerprint(owner);
  await owner.query(`alter table records no force row level security; alter table meetings disable row level security;
    grant all on all tables in schema public to public; grant update on users to authenticated`);

  await applyTargetSchema(owner);

  expect(await fingerprint(owner)).toBe(before);
});

test("refuses a table that the document does not name, and leaves everything as it was", async () => {
  const { owner } = await applied();
  await owner.query("create table leftovers (id int)");

  await expect(applyTargetSchema(owner)).rejects.toMatchObject({
    code: "SCHEMA_UNSAFE",
    message: expect.stringContaining("leftovers"),
    next: expect.any(String),
  });
  expect((await owner.query("select relforcerowsecurity as forced from pg_class where relname = 'leftovers'")).rows).toEqual([
    { forced: false },
  ]);
});

test("refuses a policy that is gone", async () => {
  const { owner } = await applied();
  await owner.query("drop policy meetings_select_party on meetings");

  await expect(applyTargetSchema(owner)).rejects.toMatchObject({
    code: "SCHEMA_UNSAFE",
    message: expect.stringContaining("meetings: no select policy for authenticated"),
  });
});

test("refuses a policy of another condition than the schema declares, and one that nobody declared", async () => {
  const { owner } = await applied();
  await owner.query(
    "alter policy meetings_select_party on meetings using (true); create policy more on records for select to rehome_job_claim using (true)",
  );

  await expect(applyTargetSchema(owner)).rejects.toMatchObject({
    code: "SCHEMA_UNSAFE",
    message: expect.stringMatching(/meetings: policy meetings_select_party differs; .*records: policy more is not declared/),
  });
});

test("refuses a migration that changed after it was applied", async () => {
  const { owner } = await applied();
  await owner.query("update drizzle.__drizzle_migrations set hash = 'another'");

  await expect(applyTargetSchema(owner)).rejects.toMatchObject({ code: "MIGRATION_CHANGED" });
});

test("asks for the guard first", async () => {
  const bare = await freshDatabase();
  undo.push(bare.drop);
  await expect(applyTargetSchema(await connection(bare.url))).rejects.toMatchObject({
    code: "GUARD_MISSING",
    next: expect.stringContaining("installGuard"),
  });
});
