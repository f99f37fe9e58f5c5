import { desc, sql } from "drizzle-orm";
import { integer, pgTable, primaryKey, text, timestamp, uuid } from "drizzle-orm/pg-core";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readConfidential } from "../client/read-confidential.ts";
import { createTenancy, type Tenancy } from "../client/tenancy.ts";
import { type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import { afterMigration, policyProblems } from "./after-migration.ts";
import { confidential, membershipMirror, orgScoped, sharedBetween } from "./builders.ts";
import { openColumns } from "./confidential.ts";
import { newestShared } from "./newest-shared.ts";

const letters = pgTable(
  "letters",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: text("org_id").notNull(),
    readerOrgId: text("reader_org_id").notNull(),
    sentAt: timestamp("sent_at", { withTimezone: true }).notNull(),
    body: text("body").notNull(),
    reply: text("reply"),
  },
  (t) => [...sharedBetween(t.orgId, t.readerOrgId, { index: [t.sentAt, t.id] }), ...confidential(t.body, t.reply)],
).enableRLS();

const visits = pgTable("visits", { orgId: text("org_id").notNull(), number: integer("number").notNull(), note: text("note") }, (t) => [
  primaryKey({ columns: [t.orgId, t.number] }),
  ...orgScoped(t.orgId),
  ...confidential(t.note),
]).enableRLS();

const memberships = pgTable(
  "memberships",
  {
    id: text("id").notNull(),
    orgId: text("org_id").notNull(),
    workosUserId: text("workos_user_id").notNull(),
    roleSlug: text("role_slug").notNull(),
    permissions: text("permissions").array().notNull(),
    status: text("status").notNull(),
  },
  (t) => [primaryKey({ columns: [t.orgId, t.workosUserId] }), ...membershipMirror(t)],
).enableRLS();

const schema = { letters, visits, memberships };
const OTHERS = ["public.note"];
const openLetters = openColumns(letters, "body", "reply");

let guarded: GuardedDatabase;
let pool: pg.Pool;
let tenancy: Tenancy;
let token: string;

beforeAll(async () => {
  guarded = await guardedDatabase();
  await guarded.owner.query(`
    create table letters (id uuid primary key default gen_random_uuid(), org_id text not null, reader_org_id text not null, sent_at timestamptz not null,
      body text not null, reply text);
    create index on letters (org_id, sent_at, id); create index on letters (reader_org_id, sent_at, id);
    create table visits (org_id text, number int, note text, primary key (org_id, number));
    insert into letters select md5(g::text)::uuid, 'org_01' || (array['A','B','C'])[1 + g % 3], 'org_01' || (array['A','C','D'])[1 + g % 2], '2026-01-01'::timestamptz + g * interval '1 day', 'letter ' || g
      from generate_series(1, 60) g;
    insert into visits select 'org_01' || x, n, 'visit ' || x || n from unnest('{A,B}'::text[]) x, generate_series(1, 3) n;
    drop policy own on memberships`);
  await afterMigration(guarded.owner, { schema, others: OTHERS, reapply: true });
  pool = new pg.Pool({ connectionString: guarded.loginUrl, max: 2 });
  tenancy = createTenancy({ pool });
  token = guarded.issuer.token({ sub: "user_01A", org_id: "org_01A" });
});
afterAll(async () => {
  await pool?.end();
  await guarded?.drop();
});

const all = async (): Promise<{ id: string; org: string; reader: string; body: string; sent: Date }[]> =>
  (
    await guarded.owner.query(
      "select id, org_id as org, reader_org_id as reader, body, sent_at as sent from letters order by sent_at desc, id desc",
    )
  ).rows;
const mine = async () => (await all()).filter(({ org, reader }) => org === "org_01A" || reader === "org_01A");

describe("the application's roles", () => {
  test.each([
    ["selects it", "select body from letters"],
    ["selects everything", "select * from letters"],
    ["compares it", "select from letters where body >= 'letter'"],
    ["takes the row whole", "select letters from letters"],
    ["sorts by it", "select id from letters order by reply"],
    ["joins by it", "select from letters a join letters b using (body)"],
    ["copies it", "copy letters to stdout"],
    ["has it returned", "update letters set reply = 'x' returning body"],
    ["changes by it", "update letters set reply = 'x' where body = 'letter 1'"],
    ["computes with it", "update letters set reply = body"],
    ["deletes by it", "delete from letters where body = 'letter 1'"],
    [
      "meets it",
      "insert into letters (org_id, reader_org_id, sent_at, body) values ('org_01A', 'org_01A', now(), 'x') on conflict (id) do update set reply = letters.body",
    ],
  ])("are refused whoever %s", async (_what, statement) => {
    await expect(tenancy.as(token, (_db, query) => query(statement))).rejects.toMatchObject({ code: "forbidden", table: "letters" });
  });

  test("are told how to read it", async () => {
    await expect(tenancy.as(token, (db) => db.select().from(letters))).rejects.toMatchObject({
      code: "forbidden",
      sqlstate: "42501",
      message: expect.stringContaining("letters"),
      next: expect.stringMatching(/readConfidential.*openColumns/),
    });
  });

  test("write it, and have the open columns returned", async () => {
    await tenancy.as(token, async (db) => {
      const [made] = await db
        .insert(letters)
        .values({ orgId: "org_01A", readerOrgId: "org_01A", sentAt: new Date(), body: "new" })
        .returning(openLetters);
      expect(Object.keys(made ?? {})).toEqual(["id", "orgId", "readerOrgId", "sentAt"]);
      await db.update(letters).set({ reply: "yes" }).where(sql`${letters.id} = ${made?.id}`);
      expect(await readConfidential(db, letters, [made?.id ?? ""])).toEqual([expect.objectContaining({ body: "new", reply: "yes" })]);
      await db.delete(letters).where(sql`${letters.id} = ${made?.id}`);
    });
  });
});

describe("readConfidential", () => {
  test("gives whole rows by key, in the order of the keys, and nobody else's", async () => {
    const rows = await all();
    const asked = [...rows].reverse();
    const seen = await tenancy.as(token, (db) =>
      readConfidential(db, letters, [...asked.map(({ id }) => id), "00000000-0000-0000-0000-000000000000"]),
    );
    const own = asked.filter(({ org, reader }) => org === "org_01A" || reader === "org_01A");
    expect(own.length).toBeLessThan(asked.length);
    expect(seen.map(({ id, body, sentAt }) => [id, body, sentAt])).toEqual(own.map(({ id, body, sent }) => [id, body, sent]));
  });

  test("gives a list in one statement, whose keys come from a query", async () => {
    const statements: string[] = [];
    const seen = await tenancy.as(token, async (db) => {
      const page = db.select({ id: letters.id }).from(letters).orderBy(desc(letters.sentAt)).limit(10);
      const query = readConfidential(db, letters, page);
      statements.push(query.toSQL().sql);
      return await query;
    });
    expect(statements).toHaveLength(1);
    expect(seen.map(({ body }) => body)).toEqual((await mine()).slice(0, 10).map(({ body }) => body));
  });

  test("takes keys of several columns, from values and from a query", async () => {
    const found = await tenancy.as(token, async (db) => [
      await readConfidential(db, visits, [
        { orgId: "org_01A", number: 3 },
        { orgId: "org_01B", number: 1 },
        { orgId: "org_01A", number: 1 },
      ]),
      await readConfidential(
        db,
        visits,
        db.select({ orgId: visits.orgId, number: visits.number }).from(visits).orderBy(desc(visits.number)),
      ),
    ]);
    expect(found.map((rows) => rows.map(({ note }) => note))).toEqual([
      ["visit A3", "visit A1"],
      ["visit A3", "visit A2", "visit A1"],
    ]);
  });

  test("takes no key, null and very many", async () => {
    const [{ id: others } = { id: "" }] = (await all()).filter(({ org, reader }) => org !== "org_01A" && reader !== "org_01A");
    const counts = await tenancy.as(token, async (_db, query) => {
      const asked = async (keys: string, ...params: unknown[]) =>
        (await query(`select from confidential.letters(${keys})`, params)).rows.length;
      return [
        (await readConfidential(_db, letters, [])).length,
        await asked("null"),
        await asked("array[null]::uuid[]"),
        await asked("array_fill($1::uuid, array[100000])", others),
      ];
    });
    expect(counts).toEqual([0, 0, 0, 0]);
  });

  test("is refused without an identity, and gives nothing to a stranger and to a suspended member", async () => {
    const keys = (await all()).map(({ id }) => id);
    await expect(tenancy.anonymous((db) => readConfidential(db, letters, keys))).rejects.toMatchObject({ code: "forbidden" });
    const stranger = guarded.issuer.token({ sub: "user_01X", org_id: "org_01A" });
    expect(await tenancy.as(stranger, (db) => readConfidential(db, letters, keys))).toEqual([]);
    await guarded.owner.query("update memberships set status = 'inactive' where org_id = 'org_01A'");
    try {
      expect(await tenancy.as(token, (db) => readConfidential(db, letters, keys))).toEqual([]);
    } finally {
      await guarded.owner.query("update memberships set status = 'active' where org_id = 'org_01A'");
    }
  });

  test("obeys a policy that changed, in sessions that have its plan", async () => {
    const keys = (await all()).map(({ id }) => id);
    const seen = () => tenancy.as(token, (db) => readConfidential(db, letters, keys));
    for (let at = 0; at < 12; at++) await seen();
    await guarded.owner.query("alter policy letters_select_party on letters using (false)");
    try {
      expect(await seen()).toEqual([]);
    } finally {
      await afterMigration(guarded.owner, { schema, others: OTHERS });
    }
    expect((await seen()).length).toBe((await mine()).length);
  });
});

test("newestShared reads confidential columns in its one statement", async () => {
  const list = { orgs: [letters.orgId, letters.readerOrgId], orderBy: [letters.sentAt, letters.id], limit: 7 } as const;
  const wanted = await mine();
  const pages = await tenancy.as(token, async (db) => {
    const first = await newestShared(db, letters, list);
    const last = first.at(-1);
    return [first, await newestShared(db, letters, { ...list, before: [last?.sentAt, last?.id] })];
  });
  expect(pages.map((rows) => rows.map(({ body }) => body))).toEqual(
    [wanted.slice(0, 7), wanted.slice(7, 14)].map((rows) => rows.map(({ body }) => body)),
  );
});

describe("openColumns", () => {
  test("names all that may be selected", async () => {
    const rows = await tenancy.as(token, (db) => db.select(openLetters).from(letters));
    expect(rows).toHaveLength((await mine()).length);
    // @ts-expect-error: TypeScript knows that it is not there
    expect(rows[0]?.body).toBe(undefined);
  });
  test("must be told the declared columns, so that TypeScript is told the truth", () => {
    expect(() => openColumns(letters, "body")).toThrow("reply is missing");
    expect(() => openColumns(letters, "body", "reply", "sentAt")).toThrow("sentAt is not declared confidential");
  });
});

describe("afterMigration", () => {
  const spoiled: readonly [what: string, plant: string, problem: RegExp][] = [
    [
      "a right on the column",
      "grant select (reply) on letters to authenticated",
      /letters: authenticated may select reply, which is confidential/,
    ],
    ["a right on the table", "grant select on letters to anonymous", /letters: anonymous may select body, which is confidential/],
    [
      "a function's text",
      "create or replace function confidential.letters(uuid[]) returns setof letters stable security definer language sql as 'select * from public.letters'",
      /function confidential.letters\(uuid\[\]\) is missing or differs/,
    ],
    ["a function's owner", "alter function confidential.letters(uuid[]) owner to rehome_mover", /missing or differs/],
    ["a function's rights", "grant execute on function confidential.letters(uuid[]) to anonymous", /missing or differs/],
    ["a function that acts as its caller", "alter function confidential.letters(uuid[]) security invoker", /missing or differs/],
    ["a function that is leakproof", "alter function confidential.letters(uuid[]) leakproof", /missing or differs/],
    [
      "another function",
      "create function confidential.more() returns int language sql return 1",
      /function confidential.more\(\) is not declared/,
    ],
    [
      "the role inherits nothing",
      "revoke authenticated from rehome_fn_confidential",
      /role rehome_fn_confidential: it does not inherit authenticated/,
    ],
    [
      "the role is past the policies",
      "alter role rehome_fn_confidential bypassrls",
      /role rehome_fn_confidential: it may log in or is past row security/,
    ],
    [
      "more is granted to the role",
      "grant rehome_owner to rehome_fn_confidential",
      /role rehome_fn_confidential: rehome_owner is granted to it/,
    ],
    [
      "somebody may become the role",
      "grant rehome_fn_confidential to rehome_login",
      /role rehome_fn_confidential: rehome_login may become it/,
    ],
    [
      "a column made from it",
      "alter table letters add shout text generated always as (upper(body)) stored",
      /letters: shout is generated from body, which is confidential/,
    ],
  ];
  test.each(spoiled)("finds %s", async (_what, plant, problem) => {
    const { owner } = guarded;
    await owner.query(`begin; ${plant}`);
    try {
      expect((await policyProblems(owner, { schema, others: OTHERS })).join("; ")).toMatch(problem);
    } finally {
      await owner.query("rollback");
    }
  });

  test("puts back what was changed, and changes nothing when all is as declared", async () => {
    const { owner } = guarded;
    await owner.query(`grant select on letters to authenticated; alter function confidential.letters(uuid[]) security invoker`);
    await afterMigration(owner, { schema, others: OTHERS });
    const state = "select oid, xmin::text from pg_proc where pronamespace = 'confidential'::regnamespace order by 1";
    const before = (await owner.query(state)).rows;
    await afterMigration(owner, { schema, others: OTHERS });
    expect((await owner.query(state)).rows).toEqual(before);
    expect(await policyProblems(owner, { schema, others: OTHERS })).toEqual([]);
  });

  test("takes the columns out of a product's own grants, too", async () => {
    const { owner } = guarded;
    await owner.query("revoke select on visits from authenticated; grant select (org_id, note) on visits to authenticated");
    await afterMigration(owner, { schema, others: OTHERS, grants: "leave" });
    const { rows } = await owner.query(
      "select array_agg(column_name::text order by 1) as columns from information_schema.column_privileges where table_name = 'visits' and grantee = 'authenticated' and privilege_type = 'SELECT'",
    );
    expect(rows[0].columns).toEqual(["org_id"]);
    await afterMigration(owner, { schema, others: OTHERS });
  });

  test("takes away the function of a table that declares nothing any more", async () => {
    const plain = pgTable("visits", { orgId: text("org_id").notNull(), number: integer("number").notNull(), note: text("note") }, (t) => [
      primaryKey({ columns: [t.orgId, t.number] }),
      ...orgScoped(t.orgId),
    ]).enableRLS();
    await afterMigration(guarded.owner, { schema: { ...schema, visits: plain }, others: OTHERS });
    expect((await guarded.owner.query("select to_regprocedure('confidential.visits(text[],integer[])') as there")).rows[0].there).toBe(
      null,
    );
    await afterMigration(guarded.owner, { schema, others: OTHERS });
  });

  test("refuses a confidential key, and a table without one", async () => {
    const made = (key: boolean) =>
      pgTable("visits", { orgId: text("org_id").notNull(), number: integer("number").notNull(), note: text("note") }, (t) => [
        ...orgScoped(t.orgId),
        ...confidential(key ? t.number : t.note),
      ]).enableRLS();
    await expect(afterMigration(guarded.owner, { schema: { letters, memberships, visits: made(true) }, others: OTHERS })).rejects.toThrow(
      "visits: the key column number is declared confidential",
    );
    await guarded.owner.query("alter table visits drop constraint visits_pkey");
    await expect(afterMigration(guarded.owner, { schema: { letters, memberships, visits: made(false) }, others: OTHERS })).rejects.toThrow(
      "has confidential columns and no primary key",
    );
    await guarded.owner.query("alter table visits add primary key (org_id, number)");
  });
});
