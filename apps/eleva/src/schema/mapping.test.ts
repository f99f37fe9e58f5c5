import { readFileSync } from "node:fs";
import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TargetDatabase, type TargetTemplate, targetTemplate } from "../testing/target-database.ts";
import * as enums from "./enums.ts";
import { schema } from "./tables.ts";

let template: TargetTemplate;
let target: TargetDatabase;

beforeAll(async () => {
  template = await targetTemplate();
  target = await template.copy();
});
afterAll(async () => {
  await target?.drop();
  await template?.drop();
});

const file = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

// What the page says in words rather than by name.
const IN_WORDS: Readonly<Record<string, readonly string[]>> = {
  organizations: ["name", "tier", "type", "features", "slug", "created_at"],
  memberships: ["status"],
};

test("every table of the target is on docs/mapping.md, and every column in the passage of its table", async () => {
  expect(await unmapped()).toEqual([]);

  await planted("alter table users add column shoe_size int; create table shoes (id int)", async () => {
    expect(await unmapped()).toEqual(["shoes.id", "users.shoe_size"]);
  });
});

async function unmapped(): Promise<string[]> {
  const page = file("../../../../docs/mapping.md");
  const { rows } = await target.owner.query<{ table: string; column: string }>(
    `select c.relname as "table", a.attname as "column" from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' order by 1, 2`,
  );
  expect(rows.length).toBeGreaterThan(290);
  return rows
    .filter(({ table, column }) => {
      if (IN_WORDS[table]?.includes(column)) return false;
      const passages = page.split(/\n(?=### )/).filter((passage) => new RegExp(`\\b${table}\\b`).test(passage));
      return !passages.some((passage) => namesColumn(passage, column));
    })
    .map(({ table, column }) => `${table}.${column}`);
}

async function planted(sql: string, look: () => Promise<void>): Promise<void> {
  await target.owner.query(`begin; ${sql}`);
  try {
    await look();
  } finally {
    await target.owner.query("rollback");
  }
}

/** `stripePaymentIntentId → snake_case` counts as naming stripe_payment_intent_id. */
function namesColumn(passage: string, column: string): boolean {
  const camel = column.replace(/_(\w)/g, (_match, letter: string) => letter.toUpperCase());
  return new RegExp(`(?<![\\w])(${column}|${camel})(?![\\w])`).test(passage);
}

test("every name that the page gives a target column is one", async () => {
  const page = file("../../../../docs/mapping.md");
  const { rows } = await target.owner.query<{ table: string; columns: string[] }>(
    `select table_name as "table", json_agg(column_name) as columns from information_schema.columns where table_schema = 'public' group by 1`,
  );
  const columns = new Map(rows.map((row) => [row.table, row.columns]));
  const named = [...page.matchAll(/\b([a-z_]+)\.([a-z_]+[a-z])\b/g)].filter(([, table]) => columns.has(table ?? ""));
  expect(named.length).toBeGreaterThan(10);
  expect(
    named.filter(([, table, column]) => column !== "same" && !columns.get(table ?? "")?.includes(column ?? "")).map(([text]) => text),
  ).toEqual([]);
});

test("json stays json, times carry their zone, and shared tables are the two that are said to be", async () => {
  const { rows } = await target.owner.query<{ table: string; type: string }>(
    `select table_name as "table", data_type as type from information_schema.columns
      where table_schema = 'public' and data_type in ('jsonb', 'timestamp without time zone')`,
  );
  expect(rows).toEqual([]);
  const shared = await target.owner.query<{ table: string }>(
    `select relname as "table" from pg_class c where relnamespace = 'public'::regnamespace and relkind = 'r' and not exists (
       select from pg_attribute a where a.attrelid = c.oid and attname = case relname when 'organizations' then 'id' else 'org_id' end and attnotnull) order by 1`,
  );
  expect(shared.rows.map((row) => row.table)).toEqual(["categories", "stripe_processed_events"]);
});

test("every foreign key, and every column a policy filters by, leads an index", async () => {
  expect(await withoutIndex()).toEqual([]);

  await planted("drop index meetings_service_id; drop index records_org_id", async () => {
    expect(await withoutIndex()).toEqual(["meetings.service_id", "records.org_id"]);
  });
});

test("R47: memberships are found by user, by organization, and among the active ones only", async () => {
  const { rows } = await target.owner.query<{ index: string }>(
    "select regexp_replace(indexdef, '^.* USING btree ', '') as index from pg_indexes where tablename = 'memberships' order by 1",
  );
  expect(rows.map(({ index }) => index)).toEqual([
    "(id)",
    "(org_id) WHERE ((role_slug = 'owner'::text) AND (status = 'active'::membership_status))",
    "(org_id, workos_user_id)",
    "(org_id, workos_user_id) WHERE (status = 'active'::membership_status)",
    "(workos_user_id, org_id, status)",
  ]);
});

async function withoutIndex(): Promise<string[]> {
  const { rows } = await target.owner.query<{ column: string }>(
    `select c.conrelid::regclass || '.' || a.attname as column
       from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
      where c.contype = 'f' and c.connamespace = 'public'::regnamespace
        and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indkey[0] = c.conkey[1])
     union
     select attrelid::regclass || '.' || attname from pg_attribute a join pg_class c on c.oid = a.attrelid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r'
        and attname in ('org_id', 'patient_org_id', 'buyer_org_id', 'workos_user_id', 'grantee_user_id')
        and not exists (select from pg_index i where i.indrelid = attrelid and i.indkey[0] = attnum)
      order by 1`,
  );
  return rows.map(({ column }) => column);
}

test("the migrations are what the schema says: drizzle-kit would generate nothing", async () => {
  const journal = JSON.parse(file("../../drizzle/meta/_journal.json")) as { entries: { idx: number }[] };
  const last = String(journal.entries.at(-1)?.idx).padStart(4, "0");
  const stored = JSON.parse(file(`../../drizzle/meta/${last}_snapshot.json`));
  expect(await generateMigration(stored, generateDrizzleJson({ ...schema, ...enums }, stored.id))).toEqual([]);

  const { users: _gone, ...less } = schema;
  expect(await generateMigration(stored, generateDrizzleJson({ ...less, ...enums }, stored.id))).not.toEqual([]);
});
