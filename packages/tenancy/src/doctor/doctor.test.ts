import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type GuardedDatabase, guardedDatabase } from "../testing/guarded-database.ts";
import type { Check } from "./check.ts";
import { type DoctorOptions, doctor } from "./doctor.ts";
import { mendAll } from "./testing/follow.ts";
import { prepared } from "./testing/prepared.ts";

let guarded: GuardedDatabase;
let examining: pg.Client;

beforeAll(async () => {
  guarded = await guardedDatabase();
  examining = await prepared(guarded.owner);
  await guarded.owner.query("create index on public.memberships (workos_user_id)");
});
afterAll(() => guarded.drop());
beforeEach(() => guarded.owner.query("begin"));
afterEach(() => guarded.owner.query("rollback"));

/** Of this server, where the tests of others have databases of their own, and nobody took CONNECT from PUBLIC. */
const OTHERS = "other databases";

async function ill(options: DoctorOptions = {}): Promise<Check[]> {
  return (await doctor(examining, options)).filter(({ name, state }) => state !== "ok" && name !== OTHERS);
}

test("a guarded database is in order", async () => {
  const checks = await doctor(guarded.owner);
  expect(checks.filter(({ name, state }) => state !== "ok" && name !== OTHERS)).toEqual([]);
  expect(checks.map(({ name }) => name)).toEqual([
    "roles",
    "guard",
    "guard's tables",
    "guard's functions",
    "guard's triggers",
    "mirror",
    "issuer workos",
    "seal key",
    "copy",
    "marks",
    "clock",
    "log",
    "role settings",
    "drop owned",
    "utility commands",
    "other databases",
    "prepared transactions",
    "comparisons",
    "roles' rights",
    "row security",
    "guard's rights",
  ]);
});

/**
 * Mends that no statement and no call of this package can be. The rest of what a mend can be is followed: here, in structure.test.ts, and in
 * server.test.ts where it changes the whole server.
 */
const NOT_TO_BE_FOLLOWED = {
  "a newer guard": "another version of the package is wanted",
  "no mirror": "the product's own migration makes it",
};

describe("each thing that is wrong is named, and what the doctor says mends it", () => {
  test.each([
    [
      "a newer guard",
      "update auth.version set version = version + 100",
      "guard",
      "bad",
      /newer than this package's/,
      /newer @rehome\/tenancy/,
    ],
    ["a version that is not written down", "delete from auth.version", "guard", "bad", /is not written down/, /^insert into auth.version/],
    ["no table of versions", "drop table auth.version", "guard", "bad", /is not written down/, /^create table auth.version/],
    [
      "no issuer that is on",
      "update auth.issuer set enabled = false",
      "issuers",
      "bad",
      /no issuer is enabled/,
      /set enabled = true where name in \('workos'\)/,
    ],
    [
      "no issuer but the old one, switched off",
      "update auth.issuer set enabled = false, kind = 'clerk', azp = '{https://a.test}'",
      "issuers",
      "bad",
      /no issuer is enabled/,
      /^call addIssuer\(client, { … }\)$/,
    ],
    ["no issuer", "delete from auth.issuer", "issuers", "bad", /no issuer is enabled/, /addIssuer/],
    ["an issuer without iss", "delete from auth.issuer_iss", "issuer workos", "bad", /no spelling of iss/, /addIssuer/],
    [
      "an issuer without a current key",
      "update auth.jwk set not_after = now()",
      "issuer workos",
      "bad",
      /no current key/,
      /syncKeys\(client, "workos"\)/,
    ],
    [
      "keys read long ago",
      "update auth.issuer set synced_at = now() - interval '3 days'",
      "issuer workos",
      "warn",
      /read 3 days ago/,
      /syncKeys/,
    ],
    ["keys never read", "update auth.issuer set synced_at = null", "issuer workos", "warn", /read never/, /syncKeys/],
    [
      "a request for keys that nobody heard",
      "update auth.issuer set tried_at = now() - interval '1 hour', synced_at = now() - interval '1 hour'; insert into auth.key_request values ('workos', now() - interval '10 minutes')",
      "issuer workos",
      "warn",
      /asked for its keys 10 min ago/,
      /syncKeys/,
    ],
    ["no seal key", "delete from auth.seal_key", "seal key", "bad", /there is none/, /^select auth.rotate_seal_key\(true\)$/],
    [
      "an old seal key",
      "update auth.seal_key set made_at = now() - interval '5 hours'",
      "seal key",
      "warn",
      /made 5.0 h ago/,
      /auth.keep\(\)/,
    ],
    [
      "a restored copy",
      "update auth.seal_key set made_in = '1/1/1'",
      "copy",
      "bad",
      /restored or branched copy/,
      /^select auth.rotate_seal_key\(true\)$/,
    ],
    ["no mirror", "drop table public.memberships", "mirror", "bad", /there is no public.memberships/, /installGuard/],
    [
      "a mirror without a column",
      "alter table public.memberships drop column permissions",
      "mirror",
      "bad",
      /has no permissions/,
      /add column permissions text\[\]; grant select/,
    ],
    [
      "a mirror without the guard's policy",
      "drop policy rehome_guard on public.memberships",
      "mirror",
      "bad",
      /may not read/,
      /create policy rehome_guard/,
    ],
    [
      "a mirror without the guard's grant",
      "revoke select (status) on public.memberships from rehome_guard",
      "mirror",
      "bad",
      /may not read/,
      /grant select/,
    ],
    [
      "a mirror without the way to it",
      "revoke usage on schema public from public, rehome_guard",
      "mirror",
      "bad",
      /may not read/,
      /grant usage/,
    ],
    [
      "a mirror whose policy shows the guard nothing",
      "alter policy rehome_guard on public.memberships using (status = 'never')",
      "mirror",
      "bad",
      /may not read/,
      /^drop policy if exists rehome_guard/,
    ],
    [
      "a mirror whose policy is for somebody else",
      "alter policy rehome_guard on public.memberships to rehome_keys",
      "mirror",
      "bad",
      /may not read/,
      /create policy rehome_guard/,
    ],
    [
      "a mirror from which a restrictive policy takes rows",
      "create policy narrow on public.memberships as restrictive using (status = 'never')",
      "mirror",
      "bad",
      /policy narrow is restrictive/,
      /^drop policy narrow on "public"."memberships"; --/,
    ],
    [
      "a mirror without its key",
      "alter table public.memberships drop constraint memberships_pkey",
      "mirror",
      "warn",
      /no unique index/,
      /add unique/,
    ],
    [
      "a mirror without an index by person",
      "drop index public.memberships_workos_user_id_idx",
      "mirror",
      "warn",
      /workos_user_id/,
      /create index/,
    ],
    [
      "FORCE lost",
      "alter table public.note no force row level security",
      "row security",
      "bad",
      /public.note: row security does not bind/,
      /force row level security/,
    ],
    [
      "a table whose only policy is gone",
      "drop policy org on public.note",
      "row security",
      "warn",
      /public.note select by authenticated: authenticated may SELECT, and no policy/,
      /revoke select on public.note from authenticated; -- or: create policy/,
    ],
    [
      "rights on the database, as a copy by template has them",
      "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
      "guard's rights",
      "bad",
      /temporary tables/,
      /revoke temporary/,
    ],
    [
      "a role that could drop its policies",
      "revoke select (held) on auth.drop_owned_stop from authenticated",
      "drop owned",
      "bad",
      /policies of authenticated$/,
      /; grant select \(held\) on auth.drop_owned_stop to authenticated$/,
    ],
    [
      "a role whose right on the whole table lets DROP OWNED pass",
      "grant select on auth.drop_owned_stop to anonymous",
      "drop owned",
      "bad",
      /policies of anonymous$/,
      /./,
    ],
    [
      "an event trigger of that name which refuses nothing",
      `create function public.refuse_utility() returns event_trigger language plpgsql as 'begin end'; drop event trigger rehome_refuse_utility;
       create event trigger rehome_refuse_utility on ddl_command_start execute function public.refuse_utility()`,
      "utility commands",
      "warn",
      /can lock any table/,
      /superuser/,
    ],
    [
      "utility commands that lock before they ask",
      "alter event trigger rehome_refuse_utility disable",
      "utility commands",
      "warn",
      /can lock any table/,
      /superuser/,
    ],
  ] as const)("%s", async (fault, sql, name, state, found, mend) => {
    await guarded.owner.query(sql);
    expect(await ill()).toContainEqual({ name, state, found: expect.stringMatching(found), mend: expect.stringMatching(mend) });
    if (!(fault in NOT_TO_BE_FOLLOWED)) await mendAll(ill, guarded.owner, guarded.issuer);
  });

  test.each([
    ["statements in the log", "set local log_statement = 'mod'", "log", "bad", /statements are logged/, /log_parameter_max_length = 0/],
    [
      "slow statements in the log",
      "set local log_min_duration_statement = 100",
      "log",
      "bad",
      /statements are logged/,
      /log_parameter_max_length = 0/,
    ],
    ["failed statements in the log", "set local log_parameter_max_length_on_error = -1", "log", "bad", /failed statements/, /on_error = 0/],
    ["plans in the log", "set local debug_print_plan = on", "log", "bad", /plans are printed/, /alter system reset debug_print_plan;/],
  ])("%s (mended in server.test.ts)", async (_, sql, name, state, found, mend) => {
    await guarded.owner.query(sql);
    expect(await ill()).toContainEqual({ name, state, found: expect.stringMatching(found), mend: expect.stringMatching(mend) });
  });

  test("a login that may enter other databases, by name", async () => {
    const checks = await doctor(guarded.owner);
    expect(checks.find(({ name }) => name === OTHERS)).toMatchObject({
      state: "warn",
      found: expect.stringContaining("template1"),
      mend: expect.stringMatching(/^revoke connect on database .* from public, rehome_login$/),
    });
    // One that has no login may enter none.
    const roles = { login: ["rehome_owner"] };
    await guarded.owner.query(
      `do $$ declare d name; begin for d in select datname from pg_database loop execute format('revoke connect on database %I from public', d); end loop; end $$`,
    );
    expect((await doctor(guarded.owner, { roles })).find(({ name }) => name === OTHERS)).toMatchObject({ state: "ok" });
  });

  test("statements without parameters in the log are fine", async () => {
    await guarded.owner.query("set local log_statement = 'all'; set local log_parameter_max_length = 0");
    expect(await ill()).toEqual([]);
  });

  test("no guard at all", async () => {
    await guarded.owner.query("alter schema auth rename to gone");
    expect(await ill()).toContainEqual(expect.objectContaining({ name: "guard", state: "bad", found: "there is no guard in schema auth" }));
    expect((await guarded.owner.query("select 'still the same transaction' as it")).rowCount).toBe(1);
  });

  test("a role that is missing, one that is too much, and one with settings of its own", async () => {
    const role = `doctor_${process.pid}_${Date.now()}`;
    const roles = { login: [role] };
    expect(await ill({ roles })).toContainEqual(expect.objectContaining({ name: "roles", state: "bad", found: `missing: ${role}` }));
    await guarded.owner.query(`create role ${role} login createrole; alter role ${role} set search_path = 'evil';
      alter role ${role} in database postgres set work_mem = '1MB'`); // of another database: not this one's matter
    expect(await ill({ roles })).toEqual([
      expect.objectContaining({ name: "role settings", state: "warn", found: `somebody set ${role}: search_path` }),
      expect.objectContaining({ name: "roles' rights", state: "bad", found: expect.stringContaining(`role ${role}: it has CREATEROLE`) }),
    ]);
    await mendAll(() => ill({ roles }), guarded.owner, guarded.issuer);
    await guarded.owner.query(`drop role ${role}`);
    await mendAll(() => ill({ roles }), guarded.owner, guarded.issuer);
  });

  test("clocks apart", async () => {
    const apart = (seconds: number) => ill({ now: () => Date.now() + seconds * 1000 });
    expect(await apart(1)).toEqual([]);
    expect(await apart(4)).toEqual([expect.objectContaining({ name: "clock", state: "warn" })]);
    expect(await apart(-60)).toEqual([
      expect.objectContaining({ name: "clock", state: "bad", found: expect.stringMatching(/are (59|60)\.\d s apart/) }),
    ]);
  });
});

test("what cannot be looked at is unknown, not well", async () => {
  await guarded.owner.query("rollback; set role anonymous");
  const checks = await ill();
  await guarded.owner.query("reset role");
  expect(checks).toContainEqual({
    name: "issuers",
    state: "unknown",
    found: "it could not be looked at (SQLSTATE 42501)",
    mend: "run it as rehome_owner or a superuser",
  });
});
