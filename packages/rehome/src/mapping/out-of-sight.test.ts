import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ownedBy, ownerOrg, same, type TableMapping } from "../config/mapping.ts";
import { readCatalog } from "../postgres/catalog.ts";
import { connect } from "../postgres/connect.ts";
import { readTables } from "../postgres/tables.ts";
import { mappingProblems, unfenced } from "./check.ts";

const OWNER = "out_of_sight_owner";
const MOVER = "out_of_sight_mover";
const note: TableMapping = { owner: ownedBy("owner"), into: { notes: { id: same("id"), org_id: ownerOrg(), owner: same("owner") } } };

let database: TestDatabase;
let admin: pg.Client;
let mover: pg.Client;

beforeAll(async () => {
  database = await freshDatabase();
  admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  for (const role of [OWNER, MOVER])
    await admin.query(`do $$ begin create role ${role} login; exception when duplicate_object or unique_violation then null; end $$`);
  await admin.query(
    `grant ${OWNER} to ${MOVER};
     create table note (id int primary key, owner text not null); create table secret (id int primary key, owner text not null);
     create schema billing; create table billing.invoices (id int primary key, note_id int references note);
     create table billing.receipts (id int primary key);
     alter table note owner to ${OWNER}; alter table secret owner to ${OWNER}; alter schema billing owner to ${OWNER};
     alter table billing.invoices owner to ${OWNER}; grant select on billing.receipts to ${MOVER};
     alter table secret enable row level security; alter table secret force row level security;
     create policy own on secret using (owner = current_setting('app.user', true)); insert into secret values (1, 'u1')`,
  );
  mover = await connect(withUser(database.url, MOVER), "legacy");
}, 60_000);

afterAll(async () => {
  await admin?.end();
  await mover?.end();
  await database?.drop();
});

const problems = async (tables: Record<string, TableMapping>, stays: Record<string, string>): Promise<string[]> =>
  mappingProblems(tables, stays, await readCatalog(mover, "legacy"), null, await readTables(mover, "legacy"));

test("tables of other schemas, rows that a policy hides and a table named twice are problems until they are decided", async () => {
  const found = await problems({ note, secret: note }, { note: "for fun", "billing.receipts": "kept by law", "billing.nothing": "x" });
  expect(found).toHaveLength(4);
  for (const part of [
    /^legacy table billing\.invoices is not in schema public/,
    /^row security hides rows of legacy table secret from the mover's role/,
    /^note is both under `tables` and under `stays`/,
    /^`stays` names billing\.nothing, which legacy does not have/,
  ])
    expect(found.filter((problem) => part.test(problem))).toHaveLength(1);
  await admin.query("alter table secret no force row level security");
  const decided = { "billing.invoices": "another product's", "billing.receipts": "kept by law" };
  expect(await problems({ note, secret: note }, decided)).toEqual([]);
  expect(unfenced(decided, await readTables(mover, "legacy"))).toEqual(["billing.receipts"]);
  await admin.query("alter table secret force row level security");
});

test("a row that is hidden later is not taken for one that is gone: the query fails", async () => {
  await expect(mover.query("select * from secret")).rejects.toMatchObject({ code: "42501" });
});
