import { afterAll, beforeAll, expect, test } from "vitest";
import { lint } from "./lint.ts";
import type { LintOptions } from "./options.ts";
import { type CleanDatabase, cleanDatabase } from "./testing/clean-database.ts";

let clean: CleanDatabase;

beforeAll(async () => {
  clean = await cleanDatabase();
  await clean.client.query("create table public.loose (id int); create table public.loose_too (id int)");
});
afterAll(() => clean.drop());

const found = async (options: LintOptions) =>
  (await lint(clean.client, { ...clean.options, ...options })).map(({ rule, object }) => `${rule}: ${object}`);
const ACCEPTED = [
  { rule: "row-security-off", object: "public.loose*", reason: "Empty, and no role may use it." },
  { rule: "owner-can-log-in", object: "public.loose*", reason: "The same." },
  { rule: "no-primary-key", object: "public.loose", reason: "The same." },
];

test("what is accepted is left out, by its very name or by a star", async () => {
  expect(await found({ accept: ACCEPTED })).toEqual(["no-primary-key: public.loose_too"]);
});

test("an entry that matches nothing is a finding", async () => {
  const gone = { rule: "row-security-off", object: "public.gone", reason: "It was." };
  expect(await found({ accept: [...ACCEPTED, gone] })).toContain("accepted-and-gone: public.gone");
});

test.each([
  [{ rule: "row-security-off", object: "public.loose", reason: " " }, /has no reason/],
  [{ rule: "row-security-off", object: "", reason: "x" }, /has no object/],
  [{ rule: "row-security-of", object: "public.loose", reason: "x" }, /no such rule/],
])("an entry that is not whole is refused: %o", async (entry, says) => {
  await expect(found({ accept: [entry] })).rejects.toMatchObject({
    name: "OptionsError",
    message: expect.stringMatching(says),
    next: expect.any(String),
  });
});

test("a check over nothing does not hold: schema, guard, application and login must be there", async () => {
  const nothing = await found({
    schemas: ["nowhere"],
    guardSchema: "no_guard",
    roles: { application: ["nobody_app"], anonymous: "nobody_app", login: ["nobody_login"] },
  });
  expect(nothing).toEqual([
    "nothing-to-check: role nobody_app",
    "nothing-to-check: role nobody_login",
    "nothing-to-check: schema no_guard",
    "nothing-to-check: schema nowhere",
  ]);
});

test("names in a product's schema cannot lead the linter astray, and its settings come back", async () => {
  await clean.client.query("begin");
  await clean.client.query(`
    create function public.has_table_privilege(oid, oid, text) returns boolean language plpgsql as 'begin raise exception $$trap$$; end';
    create table public.pg_class (relname name);
    set local search_path = public, pg_catalog; set local jit = on`);

  expect(await found({ accept: ACCEPTED })).toContain("row-security-off: public.pg_class");

  const { rows } = await clean.client.query("select current_setting('search_path') as path, current_setting('jit') as jit");
  await clean.client.query("rollback");
  expect(rows).toEqual([{ path: "public, pg_catalog", jit: "on" }]);
});

test("anybody may run it", async () => {
  await clean.client.query(clean.named("begin; set local role {login}"));
  const asLogin = await found({ accept: ACCEPTED });
  await clean.client.query("rollback");
  expect(asLogin).toEqual(await found({ accept: ACCEPTED }));
});

test("a database that does not answer is said without values", async () => {
  await clean.client.query("begin");
  await clean.client.query("select 'marker'::int").catch(() => {});
  const error = await lint(clean.client, clean.options).catch((thrown) => thrown);
  await clean.client.query("rollback");
  expect(error).toMatchObject({ name: "TenancyError", sqlstate: "25P02" });
  expect(JSON.stringify(error)).not.toContain("marker");
});
