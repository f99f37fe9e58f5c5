import { generateDrizzleJson, generateMigration } from "drizzle-kit/api";
import { sql } from "drizzle-orm";
import { boolean, type PgTableExtraConfigValue, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import { expect, test } from "vitest";
import {
  membershipMirror,
  orgScoped,
  ownRow,
  type PolicyBuilders,
  policyBuilders,
  published,
  sharedBetween,
  sharedByGrant,
} from "./builders.ts";
import { declaredTables } from "./declared.ts";
import { forRole } from "./for-role.ts";

/** A table with the columns that builders speak of, and what they make of it. */
const table = (extra: (t: Columns) => PgTableExtraConfigValue[], name = "things") =>
  pgTable(
    name,
    {
      id: text("id").primaryKey(),
      orgId: text("org_id").notNull(),
      otherOrgId: text("other_org_id").notNull(),
      workosUserId: text("workos_user_id").notNull(),
      status: text("status").notNull(),
      isPublic: boolean("is_public").notNull(),
      at: timestamp("at").notNull(),
    },
    (t) => extra(t as unknown as Columns),
  );
type Columns = Record<"id" | "orgId" | "otherOrgId" | "workosUserId" | "status" | "isPublic" | "at", Parameters<typeof orgScoped>[0]>;

/** The migration that drizzle-kit makes, without the table itself. */
async function migration(extra: (t: Columns) => PgTableExtraConfigValue[]): Promise<string[]> {
  const statements = await generateMigration(generateDrizzleJson({}), generateDrizzleJson({ things: table(extra) }));
  return statements.filter((statement) => /^CREATE (POLICY|INDEX)/.test(statement)).map((statement) => statement.trim());
}

const ORG = '"things"."org_id" = (select auth.org_id())';

test("orgScoped: a policy a verb, none for PUBLIC, and no row into or out of the organization", async () => {
  expect(await migration((t) => orgScoped(t.orgId, { index: [t.at] }))).toEqual([
    'CREATE INDEX "things_org_id_at" ON "things" USING btree ("org_id","at");',
    `CREATE POLICY "things_select_own_org" ON "things" AS PERMISSIVE FOR SELECT TO "authenticated" USING (${ORG});`,
    `CREATE POLICY "things_insert_own_org" ON "things" AS PERMISSIVE FOR INSERT TO "authenticated" WITH CHECK (${ORG});`,
    `CREATE POLICY "things_update_own_org" ON "things" AS PERMISSIVE FOR UPDATE TO "authenticated" USING (${ORG}) WITH CHECK (${ORG});`,
    `CREATE POLICY "things_delete_own_org" ON "things" AS PERMISSIVE FOR DELETE TO "authenticated" USING (${ORG});`,
  ]);
});

test("gates: a role, a permission, a condition of one's own, together and before all writing", async () => {
  const text = await migration((t) =>
    orgScoped(t.orgId, {
      index: false,
      read: { role: "auditor" },
      write: { permission: "things:write" },
      insert: { check: sql`${t.status} = 'new' or true` },
      update: { rows: sql`${t.status} <> 'closed'` },
      delete: { role: ["owner", "admin"] },
    }),
  );
  const may = "(select auth.has_permission('things:write'))";
  expect(text.map((statement) => statement.replace(/^.* TO "authenticated" /, ""))).toEqual([
    `USING (${ORG} and (select auth.role()) = any (array['auditor']));`,
    `WITH CHECK (${ORG} and ${may} and ("things"."status" = 'new' or true));`,
    `USING (${ORG} and ${may} and ("things"."status" <> 'closed')) WITH CHECK (${ORG} and ${may});`,
    `USING (${ORG} and ${may} and (select auth.role()) = any (array['owner', 'admin']));`,
  ]);
});

test("what is closed has no policy", async () => {
  expect(await migration((t) => orgScoped(t.orgId, { index: false, write: false }))).toHaveLength(1);
  expect(
    (await migration((t) => orgScoped(t.orgId, { index: false, read: false, insert: false }))).map((each) =>
      each.split(" FOR ")[1]?.slice(0, 6),
    ),
  ).toEqual(["UPDATE", "DELETE"]);
});

test("ownRow: with its organization a row is neither read nor made from another one", async () => {
  const [index, select, insert] = await migration((t) => ownRow(t.workosUserId, { org: t.orgId }));
  const own = `"things"."workos_user_id" = (select auth.user_id()) and ${ORG}`;
  expect(index).toContain('("workos_user_id")');
  expect(select).toContain(`USING (${own});`);
  expect(insert).toContain(`WITH CHECK (${own});`);
});

test("sharedBetween: both read, the first writes, a gate on reading stands before both", async () => {
  const [, , select, insert, update, remove] = await migration((t) => sharedBetween(t.orgId, t.otherOrgId, { read: { role: "owner" } }));
  expect(select).toContain(
    `USING ((${ORG} or "things"."other_org_id" = (select auth.org_id())) and (select auth.role()) = any (array['owner']));`,
  );
  expect(insert).toContain(`WITH CHECK (${ORG});`);
  expect(update).toContain(`USING (${ORG}) WITH CHECK (${ORG});`);
  expect(remove).toContain(`USING (${ORG});`);
});

test("published: for reading only, to both roles, by an index of published rows", async () => {
  expect(await migration((t) => published(t.isPublic, { also: sql`${t.at} < now() or false`, index: [t.at] }))).toEqual([
    'CREATE INDEX "things_published_at" ON "things" USING btree ("at") WHERE "things"."is_public";',
    'CREATE POLICY "things_select_published" ON "things" AS PERMISSIVE FOR SELECT TO "anonymous", "authenticated" USING ("things"."is_public" and ("things"."at" < now() or false));',
  ]);
});

test("sharedByGrant: asked once a scan, by the clock and not by when the statement began", async () => {
  const grants = { grants: "app.shares", row: "thing_id", grantee: "org_id", expiresAt: "until", to: "org" } as const;
  expect(await migration((t) => sharedByGrant(t.id, grants))).toEqual([
    'CREATE POLICY "things_select_share" ON "things" AS PERMISSIVE FOR SELECT TO "authenticated" USING ("things"."id" = any (array(select s.thing_id from app.shares s where s.org_id = (select auth.org_id()) and s.until > clock_timestamp())));',
  ]);
});

test("membershipMirror: indexes by user and over active members only", async () => {
  const [byUser, active, guard, self, ...more] = await migration((t) => membershipMirror(t));
  expect(byUser).toContain('("workos_user_id","org_id","status")');
  expect(active).toContain(`("org_id","workos_user_id") WHERE "things"."status" = 'active'`);
  expect(guard).toContain('TO "rehome_guard"');
  expect(self).toContain('FOR SELECT TO "authenticated" USING ("things"."workos_user_id" = (select auth.user_id()))');
  expect(more).toEqual([]);
});

test("another guard schema", async () => {
  const ours = policyBuilders({ schema: "tenancy" });
  const all: ((b: PolicyBuilders, t: Columns) => PgTableExtraConfigValue[])[] = [
    (b, t) => b.orgScoped(t.orgId, { write: { role: "a", permission: "b:c" } }),
    (b, t) => b.ownRow(t.workosUserId, { org: t.orgId }),
    (b, t) => b.sharedBetween(t.orgId, t.otherOrgId),
    (b, t) => b.sharedByGrant(t.id, { grants: "app.shares", row: "thing_id", grantee: "user_id", expiresAt: "until" }),
    (b, t) => b.membershipMirror(t),
  ];
  for (const build of all) {
    const text = (await migration((t) => build(ours, t))).join("\n");
    expect(text).toContain("(select tenancy.");
    expect(text).not.toContain("auth.");
  }
  expect(() => policyBuilders({ schema: "a; drop" }).orgScoped(table(() => []).orgId)).toThrow("no plain SQL name");
});

test.each([
  ["a role that would end the text", (t: Columns) => orgScoped(t.orgId, { index: false, write: { role: "x') or true --" } })],
  ["a permission that would", (t: Columns) => orgScoped(t.orgId, { index: false, write: { permission: "a' or '" } })],
  ["a permission that is a wildcard", (t: Columns) => orgScoped(t.orgId, { index: false, write: { permission: "things:*" } })],
  ["no role at all", (t: Columns) => orgScoped(t.orgId, { index: false, write: { role: [] } })],
  ["a table of grants that is none", (t: Columns) => sharedByGrant(t.id, { grants: "shares", row: "a", grantee: "b", expiresAt: "c" })],
  ["a name that Postgres would cut", (t: Columns) => orgScoped(t.orgId, { index: false, who: "x".repeat(50) })],
])("refused: %s", (_name, build) => {
  expect(() => build(table(() => []) as unknown as Columns)).toThrow(TypeError);
});

test.each([
  ["for PUBLIC", 'for "public"', { to: "public" }],
  ["for whoever asks", "current_user", { to: "current_user" }],
  ["for all verbs", "all", { for: "all" }],
])("a policy by hand %s is not accepted", async (_name, _what, more) => {
  const { pgPolicy } = await import("drizzle-orm/pg-core");
  const thing = table(() => [pgPolicy("p", { for: "select", to: "authenticated", using: sql`true`, ...(more as object) })]).enableRLS();
  expect(() => declaredTables({ thing })).toThrow(expect.objectContaining({ code: "install_refused" }));
});

test("a parameter in a policy is not accepted", () => {
  const thing = table((t) => orgScoped(t.orgId, { read: { rows: sql`${t.status} = ${"x"}` } })).enableRLS();
  expect(() => declaredTables({ thing })).toThrow(expect.objectContaining({ message: expect.stringContaining("parameter") }));
});

test("what says whose a row is, is kept; a job's policies keep the key only", () => {
  const thing = table((t) => [
    ...sharedBetween(t.orgId, t.otherOrgId, { keep: [t.at] }),
    ...forRole(t.id, "rehome_job_x", "select", "update"),
  ]).enableRLS();
  const [declared] = declaredTables({ thing, also: thing });
  expect(declared).toMatchObject({ schema: "public", name: "things", key: ["id"] });
  expect(declared?.policies.map(({ verb, kept }) => [verb, ...kept])).toEqual([
    ...["select", "insert", "update", "delete"].map((verb) => [verb, "org_id", "other_org_id", "at"]),
    ["select"],
    ["update"],
  ]);
});
