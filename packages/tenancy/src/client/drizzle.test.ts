import { inspect } from "node:util";
import { eq, relations, sql } from "drizzle-orm";
import { customType, integer, pgTable, text, timestamp } from "drizzle-orm/pg-core";
import type { Pool } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createTenancy, type TenancyError, type TenantDb } from "../index.ts";
import { type ClientWorld, clientWorld, note, quietPool } from "./testing/world.ts";

const MARKER = "ana@x.test";
const picky = customType<{ data: string; driverData: string }>({
  dataType: () => "text",
  fromDriver(value) {
    throw new Error(`cannot read ${value}`);
  },
  toDriver(value) {
    if (value.includes("@")) throw new Error(`cannot write ${value}`);
    return value;
  },
});
const pickyNote = pgTable("note", { id: integer().primaryKey(), orgId: text("org_id").notNull(), body: picky().notNull() });
const dated = pgTable("dated", { at: timestamp({ withTimezone: true }) });
const ticked = pgTable("ticked", { id: integer().generatedAlwaysAsIdentity(), orgId: text("org_id") });
const tickedRelations = relations(ticked, ({ many }) => ({ notes: many(note) }));
const noteRelations = relations(note, ({ one }) => ({ ticked: one(ticked, { fields: [note.orgId], references: [ticked.orgId] }) }));
const schema = { note, ticked, tickedRelations, noteRelations };
type Db = TenantDb<typeof schema>;

let world: ClientWorld;
let pool: Pool;
const tenancyOf = (of: Pool) => createTenancy({ pool: of, schema });
let tenancy: ReturnType<typeof tenancyOf>;

beforeAll(async () => {
  world = await clientWorld();
  pool = quietPool({ connectionString: world.loginUrl, max: 1 });
  tenancy = tenancyOf(pool);
});
afterAll(async () => {
  await pool.end();
  await world.drop();
});

const as = <T>(work: (db: Db) => Promise<T>) => tenancy.as(world.a(), work);
const failureOf = async (work: (db: Db) => Promise<unknown>) =>
  as(work).then(
    () => undefined,
    (error: unknown) => error as TenancyError,
  );

test("select, insert, update, returning, $count and relational queries, with the schema's types", async () => {
  await as(async (db) => {
    const [one] = await db.select().from(note).where(eq(note.id, 2));
    expect(one).toEqual({ id: 2, orgId: "org_01A", body: "secret 2" } satisfies typeof note.$inferSelect);
    expect(await db.$count(note)).toBe(500);
    const written = await db.insert(note).values({ id: 7001, orgId: "org_01A", body: "new" }).returning({ id: note.id });
    expect(written).toEqual([{ id: 7001 }]);
    expect(await db.query.note.findFirst({ where: eq(note.id, 7001), columns: { body: true } })).toEqual({ body: "new" });
    await db.insert(ticked).values({});
    expect(await db.query.ticked.findMany({ with: { notes: { limit: 1, columns: { orgId: true } } } })).toEqual([
      { id: expect.any(Number), orgId: "org_01A", notes: [{ orgId: "org_01A" }] },
    ]);
    expect((await db.execute(sql`select ${1}::int as n`)).rows).toEqual([{ n: 1 }]);
  });
  expect(await tenancy.anonymous((db) => db.execute(sql`select 1 as n`))).toMatchObject({ rows: [{ n: 1 }], rowCount: 1 });
});

test("transaction() is a savepoint; rollback() of one undoes it and passes on", async () => {
  const rows = await as(async (db) => {
    await db.transaction((inner) => inner.update(note).set({ body: "kept" }).where(eq(note.id, 4)));
    await db
      .transaction(async (inner) => {
        await inner.update(note).set({ body: "undone" }).where(eq(note.id, 4));
        await inner.transaction(async (innermost) => innermost.rollback());
      })
      .catch((error: unknown) => expect(error).toMatchObject({ message: "Rollback" }));
    await db.transaction((inner) => inner.execute(sql`select 1 / 0`)).catch(() => {});
    return await db.select({ body: note.body }).from(note).where(eq(note.id, 4));
  });
  expect(rows).toEqual([{ body: "kept" }]);
  const undone = as(async (db) => {
    await db.delete(note);
    db.rollback();
  });
  await expect(undone).rejects.toMatchObject({ message: "Rollback" });
  expect(await as((db) => db.$count(note))).toBe(501);
});

test("what it throws is a TenancyError and quotes no parameter and no row", async () => {
  const found = await Promise.all([
    failureOf((db) => db.insert(note).values({ id: 2, orgId: "org_01A", body: MARKER })),
    failureOf((db) => db.insert(note).values({ id: 8001, orgId: "org_01B", body: MARKER })),
    failureOf((db) => db.execute(sql`select ${MARKER}::int`)),
    failureOf((db) => db.insert(pickyNote).values({ id: 8002, orgId: "org_01A", body: MARKER })),
    failureOf((db) =>
      db
        .insert(note)
        .values({ id: 8003, orgId: "org_01A", body: MARKER })
        .then(() => db.select().from(pickyNote)),
    ),
    failureOf((db) => db.insert(dated).values({ at: new Date(MARKER) })),
    failureOf((db) =>
      db
        .select()
        .from(note)
        .where(eq(note.body, sql.placeholder(MARKER))),
    ),
    failureOf((db) => db.execute(sql`select ${circular()}::text`)),
    failureOf((db) => db.transaction((inner) => inner.execute(sql`select ${MARKER}::int`))),
  ]);
  expect(found).toMatchObject([
    { code: "query_failed", sqlstate: "23505", httpStatus: 409, constraint: "note_pkey" },
    { code: "forbidden", sqlstate: "42501", httpStatus: 403 },
    { code: "query_failed", sqlstate: "22P02", httpStatus: 500 },
    ...Array(5).fill({ code: "query_failed", message: expect.stringContaining("could not be turned into") }),
    { code: "query_failed", sqlstate: "22P02" },
  ]);
  for (const error of found) expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toContain(MARKER);
});

test("a parameter that cannot be sent leaves the transaction as it was, also when it came first", async () => {
  const n = await as(async (db) => {
    await db.execute(sql`select ${circular()}::text`).catch(() => {});
    await db.update(note).set({ body: "after" }).where(eq(note.id, 6));
    await db.execute(sql`select ${circular()}::text`).catch(() => {});
    return (await db.execute<{ o: string }>(sql`select auth.org_id() as o`)).rows[0]?.o;
  });
  expect(n).toBe("org_01A");
  expect(await as((db) => db.select({ body: note.body }).from(note).where(eq(note.id, 6)))).toEqual([{ body: "after" }]);
});

test("database, transaction and prepared statement are dead after the callback", async () => {
  const kept = await as(async (db) => ({ db, prepared: db.select().from(note).prepare("kept") }));
  const ended = { code: "query_failed", message: "The transaction of this database handle has ended." };
  await expect(kept.db.select().from(note)).rejects.toMatchObject(ended);
  await expect(kept.prepared.execute()).rejects.toMatchObject(ended);
  await expect(kept.db.transaction(async () => {})).rejects.toMatchObject(ended);
});

function circular(): object {
  const one: Record<string, unknown> = { [MARKER]: MARKER };
  one[MARKER] = one;
  return one;
}
