import { readFileSync } from "node:fs";
import { freshDatabase, type TestDatabase } from "@rehome/sandbox";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addIssuer, GUARD_VERSION, installGuard, installRoles, syncKeys } from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { ISS, makeIssuer } from "../testing/issuer.ts";
import { type DoctorOptions, doctor } from "./doctor.ts";
import { follow, mendAll } from "./testing/follow.ts";

// Guards that are not called, or not as old, as the one of the other tests.

const issuer = makeIssuer();
let database: TestDatabase;
let owner: pg.Client;
beforeEach(async () => {
  database = await freshDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
});
afterEach(async () => {
  await owner.end();
  await database.drop();
});

const mirrorSql = (
  mirror: string,
) => `create table ${mirror} (org_id text, workos_user_id text, role_slug text, permissions text[], status text,
  primary key (org_id, workos_user_id)); create index on ${mirror} (workos_user_id);
  alter table ${mirror} enable row level security; alter table ${mirror} force row level security; alter table ${mirror} owner to rehome_owner;`;

const ill = async (options: DoctorOptions = {}) =>
  (await doctor(owner, options)).filter(({ name, state }) => state !== "ok" && name !== "other databases");

/** `i`, `s` and `key` are names inside the functions, too. */
test.each(["guard", "i", "s", "key"])(
  "a guard in schema %s, with a mirror of another name: in order, and its mends name it",
  async (schema) => {
    const mirror = "app.Seats";
    const options = { guardSchema: schema, mirror };
    await owner.query(`create schema app; ${mirrorSql('app."Seats"')}
    create schema auth; create function auth.org_id() returns text language sql return 'org_01B'`);
    await installGuard(owner, { schema, mirror });
    await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://workos.test/jwks" }, { schema });
    expect(await ill(options)).toEqual([
      expect.objectContaining({
        name: "issuer workos",
        mend: expect.stringContaining(`syncKeys(client, "workos", fetch, { schema: "${schema}" })`),
      }),
    ]);
    await mendAll(() => ill(options), owner, issuer);

    // A function that calls the other schema's, or asks another table, is not this version's.
    const replaced = async (from: string, to: string) => {
      await owner.query(`do $$ begin execute replace(pg_get_functiondef('${schema}.jwt'::regproc), '${from}', '${to}'); end $$`);
      expect(await ill(options)).toEqual([
        {
          name: "guard's functions",
          state: "bad",
          found: `${schema}.jwt(): another body`,
          mend: `call installGuard(client, { schema: "${schema}", mirror: "app.Seats" })`,
        },
      ]);
      await mendAll(() => ill(options), owner, issuer);
    };
    await replaced(`return ${schema}.session()`, "return auth.session()");

    await owner.query(`drop table ${schema}.jwk; drop sequence ${schema}.revoked; drop function ${schema}.revise_issuers() cascade`);
    await mendAll(() => ill(options), owner, issuer);
  },
);

test("a guard of version 1: its version is all that is said of it, and installing again makes it whole", async () => {
  await owner.query(`begin; create schema auth authorization rehome_owner; set local role rehome_owner;
    create table auth.version (version int primary key, installed_at timestamptz not null default clock_timestamp());
    ${readFileSync(new URL("../install/testing/version-1.sql", import.meta.url), "utf8")};
    insert into auth.version (version) values (1); commit; ${mirrorSql("public.memberships")}`);
  const found = (await ill()).filter(({ state, name }) => state !== "unknown" && name.startsWith("guard"));
  const mend = 'call installGuard(client, { schema: "auth", mirror: "public.memberships" })';
  expect(found[0]).toEqual({
    name: "guard",
    state: "bad",
    found: `version 1 is installed, this package is of version ${GUARD_VERSION}`,
    mend,
  });
  await follow(mend, owner, issuer);
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://workos.test/jwks" });
  await syncKeys(owner, "workos", publishing([issuer.jwk]));
  expect(await ill()).toEqual([]);
});

test("a branch that Neon makes by copying storage is another copy: the setting that names it tells; where it is not, the text is as it was", async () => {
  await owner.query(mirrorSql("public.memberships"));
  await installGuard(owner);
  const copy = async () => (await owner.query<{ copy: string }>("select auth.this_copy() as copy")).rows[0]?.copy;
  const here = (
    await owner.query(
      "select s.system_identifier || '/' || c.timeline_id || '/' || d.oid as copy from pg_control_system() s, pg_control_checkpoint() c, pg_database d where d.datname = current_database()",
    )
  ).rows[0]?.copy;
  expect(await copy()).toBe(here);
  await owner.query("set neon.timeline_id = ''");
  expect(await copy()).toBe(here);
  expect((await ill()).map(({ name }) => name)).toEqual(["issuers"]);

  await owner.query("set neon.timeline_id = 'de200bd42b49cc1814412c7e592dd6e9'");
  expect(await copy()).toBe(`${here}/de200bd42b49cc1814412c7e592dd6e9`);
  expect(await ill()).toContainEqual(expect.objectContaining({ name: "copy", state: "bad", mend: "select auth.rotate_seal_key(true)" }));
  expect((await owner.query("select rotated, forgot from auth.keep()")).rows).toEqual([{ rotated: true, forgot: true }]);
  expect((await owner.query("select rotated, forgot from auth.keep()")).rows).toEqual([{ rotated: false, forgot: false }]);
  expect((await ill()).map(({ name }) => name)).toEqual(["issuers"]);
});

test("the application may set that setting for itself, and nothing comes of it", async () => {
  await owner.query(
    `${mirrorSql("public.memberships")} insert into public.memberships values ('org_01A', 'user_01A', 'member', '{}', 'active')`,
  );
  await installGuard(owner);
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://workos.test/jwks" });
  await syncKeys(owner, "workos", publishing([issuer.jwk]));
  await owner.query("begin; set local role authenticated; set local neon.timeline_id = 'x'");
  await owner.query("select auth.jwt_session_init($1)", [issuer.token()]);
  expect((await owner.query("select auth.org_id() as org")).rows).toEqual([{ org: "org_01A" }]);
  await expect(owner.query("select auth.this_copy()")).rejects.toMatchObject({ code: "42501" });
  await owner.query("rollback");
  expect((await owner.query("select rotated, forgot from auth.keep()")).rows).toEqual([{ rotated: false, forgot: false }]);
});
