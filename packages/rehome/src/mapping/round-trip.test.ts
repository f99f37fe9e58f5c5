import { freshDatabase, type TestDatabase } from "@rehome/sandbox";
import fc from "fast-check";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ownedBy, ownedThrough, ownerOrg, ownerUser, party, same, type TableMapping, user, utc } from "../config/mapping.ts";
import { installLedger } from "../ledger/ledger.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { mappingProblems } from "./check.ts";
import { compileForward } from "./forward.ts";
import { compileInverse } from "./inverse.ts";

/** Two tables with what is hard: a split, a party, a nullable user, a timestamp without zone, json, an enum, an owner through a parent. */
const tables: Record<string, TableMapping> = {
  booking: {
    owner: ownedBy("expertId"),
    into: {
      bookings: {
        id: same("id"),
        org_id: ownerOrg(),
        expert: ownerUser(),
        admin: user("adminId"),
        guest_org: party("guest"),
        guest: same("guest"),
        at: utc("at"),
        mood: same("mood"),
      },
      booking_money: { booking_id: same("id"), org_id: ownerOrg(), cents: same("cents"), meta: same("meta") },
    },
  },
  remark: {
    owner: ownedThrough("bookingId"),
    references: { bookingId: "booking" },
    into: { remarks: { id: same("id"), org_id: ownerOrg(), booking_id: same("bookingId"), body: same("body") } },
  },
};

let legacy: TestDatabase;
let target: TestDatabase;
let onLegacy: pg.Client;
let onTarget: pg.Client;

beforeAll(async () => {
  [legacy, target] = [await freshDatabase(), await freshDatabase()];
  [onLegacy, onTarget] = [new pg.Client({ connectionString: legacy.url }), new pg.Client({ connectionString: target.url })];
  for (const client of [onLegacy, onTarget]) {
    await client.connect();
    await client.query("set timezone = 'Europe/Lisbon'"); // a cast that forgot the zone would shift by an hour in summer
    await client.query("create type mood as enum ('calm', 'Very Cross')");
  }
  await onLegacy.query(
    `create table booking (id uuid primary key, "expertId" text not null, "adminId" text, guest text not null, at timestamp not null, mood mood, cents int, meta json)`,
  );
  await onLegacy.query(
    `create table remark (id serial primary key, "bookingId" uuid not null references booking on delete cascade, body text)`,
  );
  await onTarget.query(
    `create table bookings (id uuid primary key, org_id text not null, expert text not null, admin text, guest_org text not null, guest text not null, at timestamptz not null, mood mood)`,
  );
  await onTarget.query(
    "create table booking_money (booking_id uuid primary key references bookings on delete cascade, org_id text not null, cents int, meta json)",
  );
  await onTarget.query(
    "create table remarks (id int primary key, org_id text not null, booking_id uuid not null references bookings on delete cascade, body text)",
  );
  await installLedger(onTarget, "test", "sha", "postgres");
  await onTarget.query(
    `insert into rehome.identity (legacy_user_id, moved, workos_user_id, workos_organization_id) values ('moved_1', true, 'user_A', 'org_A'), ('moved_2', true, 'user_B', 'org_B')`,
  );
  await onTarget.query("insert into rehome.identity (legacy_user_id, moved) values ('held', false), ('gone', false)");
  await onTarget.query(
    `insert into rehome.disposition (legacy_user_id, disposition, reason) values ('moved_1', 'move', 'x'), ('moved_2', 'move', 'x'), ('held', 'hold', 'x')`,
  );
  await onTarget.query(
    `insert into rehome.address (legacy_user_id, email, email_key, verified, is_primary) values ('moved_1', 'Ana@x.test', 'ana@x.test', true, true), ('moved_2', 'eva@x.test', 'eva@x.test', false, true)`,
  );
}, 60_000);

afterAll(async () => {
  await onLegacy?.end();
  await onTarget?.end();
  await legacy?.drop();
  await target?.drop();
});

const text = fc.string({ unit: "grapheme-composite", maxLength: 20 }).map((value) => value.replaceAll("\0", ""));
const booking = fc.record({
  id: fc.uuid(),
  expertId: fc.constantFrom("moved_1", "moved_2", "held", "gone"),
  adminId: fc.constantFrom(null, "moved_2", "held", "gone"),
  guest: fc.oneof(
    fc.constantFrom("ana@x.test", " ANA@x.test", "eva@x.test", "guest@x.test"),
    text.filter((value) => value.trim() !== ""),
  ),
  at: fc
    .date({ min: new Date("1999-01-01"), max: new Date("2050-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, 23).replace("T", " ")),
  mood: fc.constantFrom(null, "calm", "Very Cross"),
  cents: fc.option(fc.integer({ min: -2147483648, max: 2147483647 })),
  meta: fc.option(fc.constantFrom('{"a":1,"a":2}', '{ "b" : "\\u0000" }', '"\\ud83d"', "[1.0, 1.00]")),
  remarks: fc.array(fc.option(text), { maxLength: 3 }),
});

test("mapping forth and back gives every row that moves, as it was; the others are listed with a reason", async () => {
  const [from, to] = [await readCatalog(onLegacy, "legacy"), await readCatalog(onTarget, "target")];
  expect(mappingProblems(tables, {}, from, to)).toEqual([]);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(booking, { selector: (row) => row.id, maxLength: 8 }), async (rows) => {
      await onLegacy.query("truncate booking cascade");
      await onTarget.query("truncate bookings cascade; delete from rehome.left_behind; delete from rehome.guest");
      for (const row of rows) {
        await onLegacy.query("insert into booking values ($1, $2, $3, $4, $5, $6, $7, $8)", [
          row.id,
          row.expertId,
          row.adminId,
          row.guest,
          row.at,
          row.mood,
          row.cents,
          row.meta,
        ]);
        for (const body of row.remarks) await onLegacy.query(`insert into remark ("bookingId", body) values ($1, $2)`, [row.id, body]);
      }
      for (const name of ["booking", "remark"]) {
        const forward = compileForward(name, tables, from, to);
        await onTarget.query(forward.createStage);
        await onTarget.query(`truncate ${forward.stage}`);
        const { rows: raw } = await onLegacy.query({
          text: forward.selectAll.replace(/"(at|meta|mood)"/g, '"$1"::text'),
          rowMode: "array",
        });
        for (const values of raw)
          await onTarget.query(
            `insert into ${forward.stage} values (${values.map((_: unknown, index: number) => `$${index + 1}`).join(", ")})`,
            values,
          );
        if (forward.leaveBehind) await onTarget.query(forward.leaveBehind);
        for (const sql of forward.guests) await onTarget.query(sql);
        for (const { sql } of forward.upserts) await onTarget.query(sql, [null]);
      }
      for (const name of ["booking", "remark"]) {
        const columns = from
          .get(name)
          ?.columns.map((column) => `r."${column.name}"`)
          .join(", ");
        const stays = (
          await onTarget.query<{ key: string }>("select key from rehome.left_behind where legacy_table = $1", [name])
        ).rows.map((row) => row.key);
        const want = await onLegacy.query(`select row(${columns})::text as row from ${name} r where not (id::text = any($1)) order by id`, [
          stays,
        ]);
        const have = await onTarget.query(
          `select row(${columns})::text as row from (${compileInverse(name, tables[name] as TableMapping, from, to).selectAll}) r order by r.id`,
        );
        expect(have.rows).toEqual(want.rows);
      }
      const staying = await onTarget.query<{ key: string; reason: string }>(
        "select key, reason from rehome.left_behind where legacy_table = 'booking' order by key",
      );
      const expected = rows
        .filter((row) => !row.expertId.startsWith("moved"))
        .map((row) => ({ key: row.id, reason: row.expertId === "held" ? "owner_held" : "owner_unknown" }));
      expect(staying.rows).toEqual(expected.sort((a, b) => (a.key < b.key ? -1 : 1)));
      const parties = await onTarget.query<{ guest: string; guest_org: string }>("select guest, guest_org from bookings");
      for (const { guest, guest_org } of parties.rows)
        expect(guest_org).toMatch(guest.trim().toLowerCase() === "ana@x.test" ? /^org_A$/ : /^guest_/);
    }),
    { numRuns: 40 },
  );
});

test("a mapping that loses a column, names a wrong one or forgets a table is refused before a row moves", async () => {
  const [from, to] = [await readCatalog(onLegacy, "legacy"), await readCatalog(onTarget, "target")];
  const broken = structuredClone(tables) as Record<string, { into: Record<string, Record<string, unknown>> }>;
  delete broken["booking"]?.into["booking_money"]?.["cents"];
  if (broken["remark"]?.into["remarks"]) broken["remark"].into["remarks"]["nowhere"] = same("body");
  const problems = mappingProblems(broken as unknown as Record<string, TableMapping>, {}, from, to);
  expect(problems).toEqual([
    "legacy column booking.cents has no place (map it, or give a reason under `dropped`)",
    "target table remarks has no column nowhere (for remark)",
  ]);
  expect(mappingProblems({ remark: tables["remark"] as TableMapping }, { nothing: "x" }, from, null)).toEqual([
    "legacy table booking is in no mapping (map it under `tables`, or give a reason under `stays`)",
    "`stays` names nothing, which legacy does not have",
    "remark refers to booking, which is in no mapping",
  ]);
});
