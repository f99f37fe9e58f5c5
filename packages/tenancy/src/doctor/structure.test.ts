import { readFileSync } from "node:fs";
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { installGuard } from "../index.ts";
import { type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import type { Check } from "./check.ts";
import { type DoctorOptions, doctor } from "./doctor.ts";
import { EXPECTED } from "./installed.ts";
import { follow, mendAll } from "./testing/follow.ts";
import { prepared } from "./testing/prepared.ts";
import { installedLines } from "./testing/write-installed.ts";

let guarded: GuardedDatabase;
let examining: pg.Client;
const stranger = `stranger_${process.pid}_${Date.now()}`;

beforeAll(async () => {
  guarded = await guardedDatabase();
  examining = await prepared(guarded.owner);
  await guarded.owner.query(`create index on public.memberships (workos_user_id); create role ${stranger}`);
});
afterAll(async () => {
  await guarded.owner.query(`drop owned by ${stranger}; drop role ${stranger}`);
  await guarded.drop();
});
beforeEach(() => guarded.owner.query("begin"));
afterEach(() => guarded.owner.query("rollback"));

async function ill(options: DoctorOptions = {}): Promise<Check[]> {
  const OF_THE_SERVER = "other databases"; // the tests share it
  return (await doctor(examining, options)).filter(({ name, state }) => state !== "ok" && name !== OF_THE_SERVER);
}

test("installed.jsonl is what a fresh installation has (node packages/tenancy/src/doctor/testing/write-installed.ts writes it)", async () => {
  expect(await installedLines()).toBe(readFileSync(EXPECTED, "utf8"));
});

type Fault = readonly [sql: string, name: string, state: "bad" | "warn", found: RegExp];

const FUNCTIONS: readonly Fault[] = [
  ["drop function auth.request_keys(text)", "guard's functions", "bad", /^auth.request_keys\(text\) is missing$/],
  ["drop function auth.rotate_seal_key(boolean)", "guard's functions", "bad", /^auth.rotate_seal_key\(boolean\) is missing$/],
  [
    "revoke execute on function auth.org_id() from authenticated",
    "guard's functions",
    "bad",
    /^auth.org_id\(\): lost EXECUTE to authenticated$/,
  ],
  ["revoke execute on function auth.rs256_verify from rehome_guard", "guard's functions", "bad", /lost EXECUTE to rehome_guard/],
  ["revoke all on function auth.admit_token(text) from rehome_guard", "guard's functions", "bad", /lost EXECUTE to owner/],
  [
    "create or replace function auth.org_id() returns text stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$ begin return 'org_01B'; end $$",
    "guard's functions",
    "bad",
    /^auth.org_id\(\): another body$/,
  ],
  [
    "alter function auth.org_id() security invoker",
    "guard's functions",
    "bad",
    /^auth.org_id\(\): attributes is language plpgsql stable parallel safe, not/,
  ],
  ["alter function auth.org_id() volatile", "guard's functions", "bad", /auth.org_id\(\): /],
  ["alter function auth.jwt_verify(text) immutable", "guard's functions", "bad", /auth.jwt_verify\(text\): /],
  ["alter function auth.session() leakproof", "guard's functions", "bad", /auth.session\(\): /],
  ["alter function auth.session() reset search_path", "guard's functions", "bad", /settings is none/],
  ["alter function auth.session() set search_path = public", "guard's functions", "bad", /settings is search_path=public/],
  [`alter function auth.keep(interval) owner to postgres`, "guard's functions", "bad", /owner is postgres, not rehome_owner/],
  [
    "do $$ begin execute replace(pg_get_functiondef('auth.keep'::regproc), '01:00:00', '100 years'); end $$",
    "guard's functions",
    "bad",
    /auth.keep\(interval\): another arguments/,
  ],
  [
    "drop function auth.rs256_verify; create function auth.rs256_verify(bytea, bytea, numeric, int, numeric default null) returns boolean language sql return true",
    "guard's functions",
    "bad",
    /auth.rs256_verify/,
  ],
  [
    "create or replace function auth.revise_issuer() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as 'begin return new; end'",
    "guard's functions",
    "bad",
    /^auth.revise_issuer\(\): another body$/,
  ],
  ["alter function auth.note_revocation() security invoker", "guard's functions", "bad", /auth.note_revocation\(\): /],
  [
    "create or replace function auth.refuse_utility() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as 'begin end'",
    "guard's functions",
    "bad",
    /auth.refuse_utility\(\): another body/,
  ],
  [`grant execute on function auth.put_jwks(text, jsonb) to ${stranger}`, "guard's functions", "warn", /also EXECUTE to stranger/],
  [
    "create function auth.org_id(text) returns text language sql return 'org_01B'",
    "guard's functions",
    "warn",
    /auth.org_id\(text\) is not of this/,
  ],
  ["revoke usage on schema auth from authenticated", "guard's functions", "bad", /^schema auth: lost USAGE to authenticated$/],
  ["grant create on schema auth to rehome_guard", "guard's functions", "warn", /^schema auth: also CREATE to rehome_guard$/],
];

const TABLES: readonly Fault[] = [
  [
    "alter table auth.issuer drop constraint issuer_azp_check",
    "guard's tables",
    "bad",
    /^constraint issuer_azp_check of auth.issuer is missing$/,
  ],
  [
    "alter table auth.issuer_iss drop constraint issuer_iss_issuer_fkey",
    "guard's tables",
    "bad",
    /issuer_iss_issuer_fkey of auth.issuer_iss/,
  ],
  ["alter table auth.issuer drop constraint issuer_pkey cascade", "guard's tables", "bad", /issuer_pkey.* is missing/],
  ["alter table auth.revoked_session drop constraint revoked_session_pkey", "guard's tables", "bad", /revoked_session_pkey/],
  [
    "alter table auth.issuer drop constraint issuer_leeway_s_check, add constraint issuer_leeway_s_check check (leeway_s >= 0)",
    "guard's tables",
    "bad",
    /issuer_leeway_s_check of auth.issuer: definition is/,
  ],
  [
    "alter table auth.issuer disable trigger all; alter table auth.issuer enable always trigger revise, enable always trigger note_end, enable always trigger note_truncate",
    "guard's tables",
    "bad",
    /its own triggers are switched off/,
  ],
  ["drop index auth.seal_key_one_current", "guard's tables", "bad", /^auth.seal_key_one_current is missing$/],
  [
    "drop index auth.key_request_asked; create index key_request_asked on auth.key_request (issuer)",
    "guard's tables",
    "bad",
    /key_request_asked: another definition/,
  ],
  [
    "alter table auth.issuer drop column tried_at",
    "guard's tables",
    "bad",
    /^auth.issuer.tried_at is missing; auth.issuer: lost SELECT \(tried_at\) to rehome_keys$/,
  ],
  [
    "alter table auth.key_request alter column asked_at drop default",
    "guard's tables",
    "bad",
    /auth.key_request.asked_at: default is none/,
  ],
  ["alter table auth.jwk alter column em_base drop not null", "guard's tables", "bad", /auth.jwk.em_base: null is yes/],
  ["alter table auth.jwk alter column bytes type bigint", "guard's tables", "bad", /auth.jwk.bytes: type is bigint, not integer/],
  ["alter table auth.jwk add column note text", "guard's tables", "warn", /auth.jwk.note is not of this version/],
  ["drop table auth.key_request", "guard's tables", "bad", /^auth.key_request is missing$/],
  ["drop table auth.identity_map", "guard's tables", "bad", /^auth.identity_map is missing$/],
  ["drop table auth.drop_owned_stop", "guard's tables", "bad", /^auth.drop_owned_stop is missing$/],
  ["alter table auth.jwk enable row level security", "guard's tables", "bad", /auth.jwk: row security is on, not off/],
  ["alter table auth.drop_owned_stop no force row level security", "guard's tables", "bad", /row security is on, not forced/],
  ["alter table auth.revoked_session set unlogged", "guard's tables", "bad", /storage is unlogged/],
  [`alter table auth.jwk owner to ${stranger}`, "guard's tables", "bad", /owner is stranger/],
  ["revoke select on auth.revoked_session from rehome_guard", "guard's tables", "bad", /auth.revoked_session: lost SELECT to rehome_guard/],
  ["revoke select (synced_at) on auth.issuer from rehome_keys", "guard's tables", "bad", /lost SELECT \(synced_at\) to rehome_keys/],
  ["revoke insert on auth.revoked_session from rehome_owner", "guard's tables", "bad", /lost INSERT to owner/],
  [`grant select on auth.seal_0a to ${stranger}`, "guard's tables", "warn", /auth.seal_0a: also SELECT to stranger/],
  ["create policy hide on auth.revoked_session using (false)", "guard's tables", "bad", /policy hide of auth.revoked_session is not of/],
  [
    "create rule lose as on insert to auth.revoked_session do instead nothing",
    "guard's tables",
    "bad",
    /rule lose of auth.revoked_session/,
  ],
  ["create view auth.peek as select * from auth.jwk", "guard's tables", "warn", /auth.peek is not of this version/],
  ["create table auth.mine (id int primary key)", "guard's tables", "warn", /^auth.mine is not of this version$/],
  ["alter sequence auth.revoked cycle", "guard's tables", "bad", /auth.revoked: another numbers/],
  ["revoke select on sequence auth.revoked from rehome_guard", "guard's tables", "bad", /auth.revoked: lost SELECT to rehome_guard/],
];

const TRIGGERS: readonly Fault[] = [
  ...(
    [
      ["revoked_session", "note_revocation"],
      ["issuer", "revise"],
      ["issuer", "note_end"],
      ["issuer", "note_truncate"],
      ["issuer_iss", "revise"],
      ["issuer_iss", "revise_truncate"],
      ["jwk", "note_end"],
      ["jwk", "note_change"],
      ["jwk", "note_truncate"],
    ] as const
  ).flatMap(([table, trigger]): Fault[] => [
    [
      `alter table auth.${table} disable trigger ${trigger}`,
      "guard's triggers",
      "bad",
      new RegExp(`trigger ${trigger} of auth.${table}: it is set to "disable"`),
    ],
    [
      `alter table auth.${table} enable trigger ${trigger}`,
      "guard's triggers",
      "bad",
      new RegExp(`trigger ${trigger} of auth.${table}: it is set to "enable", not`),
    ],
    [`drop trigger ${trigger} on auth.${table}`, "guard's triggers", "bad", new RegExp(`^trigger ${trigger} of auth.${table} is missing$`)],
  ]),
  [
    "drop trigger note_change on auth.jwk; create constraint trigger note_change after update on auth.jwk deferrable initially deferred for each row when (false) execute function auth.note_revocation(); alter table auth.jwk enable always trigger note_change",
    "guard's triggers",
    "bad",
    /note_change of auth.jwk: another definition/,
  ],
  [
    "create trigger lose before insert on auth.revoked_session for each row execute function suppress_redundant_updates_trigger()",
    "guard's triggers",
    "bad",
    /trigger lose of auth.revoked_session is not of this version/,
  ],
];

/** A sequence is not rolled back: the mend itself has to put these right. */
const SEQUENCES: readonly Fault[] = [
  [
    "alter sequence auth.seal_1a restart; alter sequence auth.seal_1b restart; alter sequence auth.seal_0a restart; alter sequence auth.seal_0b restart",
    "seal key",
    "bad",
    /hold none/,
  ],
  [
    "select setval('auth.seal_0a', 1), setval('auth.seal_0b', 2), setval('auth.seal_1a', 3), setval('auth.seal_1b', 4)",
    "seal key",
    "bad",
    /nobody drew/,
  ],
  ["alter sequence auth.seal_generation restart", "seal key", "bad", /hold none/],
  ["update auth.seal_key set generation = generation + 1000", "seal key", "bad", /hold none/],
  ["delete from auth.revocation", "marks", "bad", /auth.revocation has no row/],
  ["alter sequence auth.issuer_revision restart", "marks", "bad", /an issuer's revision will come again/],
];

describe("each fault in the guard is found, named where it is, and mended by what the doctor says", () => {
  test.each([...FUNCTIONS, ...TABLES, ...TRIGGERS, ...SEQUENCES])("%s", async (sql, name, state, found) => {
    await guarded.owner.query(sql);
    const checks = await ill();
    expect(checks).toContainEqual({ name, state, found: expect.stringMatching(found), mend: expect.stringMatching(/./) });
    // Others are ill by it (a view of a guard's table, for one, is lint's matter, too); all are well in the end.
    await mendAll(ill, guarded.owner, guarded.issuer);
  });
});

test("what takes more than one look: a table that others need, a sequence of the key, the functions of triggers", async () => {
  await guarded.owner.query("drop table auth.jwk; drop sequence auth.seal_1b, auth.seal_0a; drop function auth.revise_issuer() cascade");
  await mendAll(ill, guarded.owner, guarded.issuer);
});

test("a broken upgrade is three lines, and their mends in this order make it whole", async () => {
  const broken = await guardedDatabase();
  await broken.owner.query(
    `drop table auth.jwk, auth.key_request, auth.revoked_session, auth.identity_map, auth.issuer_iss, auth.revocation;
     drop function auth.org_id() cascade; drop function auth.note_revocation() cascade`,
  );
  const ofGuard = async () => (await doctor(broken.owner)).filter(({ name, state }) => name.startsWith("guard's") && state !== "ok");
  const checks = await ofGuard();
  expect(checks.map(({ name }) => name)).toEqual(["guard's tables", "guard's functions", "guard's triggers"]);
  for (const { found } of checks) expect(found.length).toBeLessThan(400);
  for (const { mend } of checks) await follow(mend, broken.owner, broken.issuer);
  expect(await ofGuard()).toEqual([]);
  await broken.drop();
});

test("the caller's settings change nothing", async () => {
  await guarded.owner.query(
    "set local search_path = auth, public; set local intervalstyle = 'iso_8601'; set local quote_all_identifiers = on",
  );
  expect(await ill()).toEqual([]);
  expect((await guarded.owner.query("show search_path")).rows).toEqual([{ search_path: "auth, public" }]);
  expect((await guarded.owner.query("show intervalstyle")).rows).toEqual([{ IntervalStyle: "iso_8601" }]);
});

test("further roles may have the doors, and a job revoke_session", async () => {
  await guarded.owner.query(
    `grant usage on schema auth to ${stranger}; grant execute on function auth.org_id(), auth.revoke_session(text) to ${stranger}`,
  );
  expect(await ill()).toEqual([]);
});

test("a guard of another mirror: the two are named, and nothing else is ill", async () => {
  await guarded.owner.query(`create table public.seats (like public.memberships including all); alter table public.seats owner to rehome_owner;
    alter table public.seats enable row level security; alter table public.seats force row level security; commit`);
  await installGuard(guarded.owner, { mirror: "public.seats" });
  expect(await ill({ mirror: "public.seats" })).toEqual([]);
  const checks = await ill();
  expect(checks).toEqual([
    {
      name: "guard's mirror",
      state: "bad",
      found: 'the guard asks "public"."seats", and the doctor was told of "public"."memberships"',
      mend: 'name the right one: tenancy doctor --mirror public.seats, or call installGuard(client, { schema: "auth", mirror: "public.memberships" })',
    },
  ]);
  await installGuard(guarded.owner);
  await guarded.owner.query("drop table public.seats");
  expect(await ill()).toEqual([]);
});
