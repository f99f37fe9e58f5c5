import { afterAll, beforeAll, expect, test } from "vitest";
import * as schema from "../../example/schema.ts";
import config from "../../example/tenancy.config.ts";
import { type ExampleDatabase, exampleDatabase } from "../../example/testing/example-database.ts";
import { afterMigration } from "../index.ts";
import { doctor } from "./doctor.ts";

let example: ExampleDatabase;
beforeAll(async () => {
  example = await exampleDatabase();
});
afterAll(() => example?.drop());

/** Of the server, which the tests share. */
const OTHERS = "other databases";

const ill = async (more: object = { declared: { schema } }) =>
  (await doctor(example.client, { ...config, ...more })).filter(({ name, state }) => state !== "ok" && name !== OTHERS);

test.each([
  ["drop policy tasks_select_own_org on tasks", "tasks: policy tasks_select_own_org is missing"],
  ["alter policy projects_delete_own_org on projects using (true)", "projects: policy projects_delete_own_org differs"],
  ["alter table notes owner to postgres", "notes: the owner is postgres"],
])("%s: found where the schema is given, and put back by what the doctor says", async (sql, found) => {
  expect(await ill()).toEqual([]);
  await example.client.query(sql);
  expect(await ill()).toContainEqual({
    name: "policies",
    state: "bad",
    found,
    mend: "call afterMigration(client, { schema, … }), and ask who changed them",
  });
  await afterMigration(example.client, { schema });
  expect(await ill()).toEqual([]);
});

test("nothing of it stays, inside a transaction of the caller either", async () => {
  await example.client.query("begin");
  expect(await ill()).toEqual([]);
  const { rows } = await example.client.query("select count(*)::int as n from pg_namespace where nspname like 'rehome_compare%'");
  expect(rows).toEqual([{ n: 0 }]);
  await example.client.query("rollback");
});

test("without the schema, one policy of several that is gone is nobody's finding: the catalog does not tell", async () => {
  await example.client.query("begin; drop policy tasks_select_own_org on tasks");
  expect((await ill({})).map(({ name }) => name)).not.toContain("policies");
  await example.client.query("rollback");
});

test("it takes less than a second", async () => {
  const before = performance.now();
  await doctor(example.client, config);
  expect(performance.now() - before).toBeLessThan(1000);
});
