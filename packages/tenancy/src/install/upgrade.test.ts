import { readFileSync } from "node:fs";
import { join } from "node:path";
import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addIssuer, GUARD_VERSION, installGuard, installRoles, syncKeys } from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { ISS, makeIssuer } from "../testing/issuer.ts";

const VERSION_1 = readFileSync(join(import.meta.dirname, "testing/version-1.sql"), "utf8");
const issuer = makeIssuer();
let database: TestDatabase;
let owner: pg.Client;
let app: pg.Client;

beforeEach(async () => {
  database = await freshDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
  await owner.query(`begin; create schema auth authorization rehome_owner; set local role rehome_owner;
    create table auth.version (version int primary key, installed_at timestamptz not null default clock_timestamp()); ${VERSION_1};
    insert into auth.version (version) values (1); commit`);
  await owner.query(`create table public.memberships (org_id text, workos_user_id text, role_slug text, permissions text[], status text, primary key (org_id, workos_user_id));
    insert into public.memberships values ('org_01A', 'user_01A', 'member', '{a:b}', 'active');
    create table public.note (org_id text); insert into public.note values ('org_01A'), ('org_01B');
    alter table public.note enable row level security; alter table public.note force row level security;
    create policy org on public.note to authenticated using (org_id = (select auth.org_id())); grant select on public.note to authenticated;
    grant select on public.memberships to rehome_guard`);
  // As version 1 wrote them.
  await owner.query(
    `insert into auth.issuer (name, kind, jwks_url) values ('workos', 'workos', 'https://api.workos.test/jwks'), ('partner', 'oidc', 'https://partner.test/jwks')`,
  );
  await owner.query("insert into auth.issuer_iss (iss, issuer) values ($1, 'workos'), ('https://partner.test', 'partner')", [ISS]);
  await owner.query("select auth.put_jwks('workos', $1::jsonb)", [JSON.stringify([issuer.jwk])]);
  await owner.query("insert into auth.revoked_session values ('session_gone', now() + interval '1 hour')");
  app = new pg.Client({ connectionString: withUser(database.url, "rehome_login") });
  await app.connect();
});
afterEach(async () => {
  await app.end();
  await owner.end();
  await database.drop();
});

async function rows(token: string): Promise<unknown> {
  await app.query("begin; set local role authenticated");
  try {
    await app.query("select auth.jwt_session_init($1)", [token]);
    return (await app.query("select array_agg(org_id) as rows from note")).rows[0]?.rows;
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await app.query("rollback");
  }
}

test("from version 1 with data: issuers, keys, revoked sessions and policies stay and count, in sessions open meanwhile too", async () => {
  expect(await rows(issuer.token())).toEqual(["org_01A"]);
  expect(await installGuard(owner)).toEqual({
    version: GUARD_VERSION,
    upgradedFrom: 1,
    mirrorReady: true,
    utilityRefused: true,
    hardened: false,
  });
  expect(await rows(issuer.token())).toEqual(["org_01A"]);
  expect(await rows(issuer.token({ sid: "session_gone" }))).toBe("RJ009");
  expect(await rows(issuer.token({ iss: "https://partner.test" }))).toBe("RJ004");
  expect(await installGuard(owner)).toEqual({
    version: GUARD_VERSION,
    upgradedFrom: GUARD_VERSION,
    mirrorReady: true,
    utilityRefused: true,
    hardened: false,
  });

  // And what is new works: keys, tickets, Clerk.
  await syncKeys(owner, "workos", publishing([makeIssuer().jwk]));
  await addIssuer(owner, { iss: ["https://clerk.test"], kind: "clerk", jwksUrl: "https://clerk.test/jwks", azp: ["https://a.test"] });
  await app.query("begin; set local role authenticated");
  await app.query("select auth.ticket_session_init(auth.jwt_session_ticket($1))", [issuer.token()]);
  expect((await app.query("select auth.has_permission('a:b') as may")).rows).toEqual([{ may: true }]);
  await app.query("rollback");
});

test("what an upgrade leaves is what a new installation makes", async () => {
  const shape = async (client: pg.Client) =>
    (
      await client.query(`select 'column' as kind, table_name || '.' || column_name as name, data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') as what
          from information_schema.columns where table_schema = 'auth'
        union all select 'function', p.oid::regprocedure::text, proowner::regrole || ' ' || coalesce(proacl::text, '') || md5(prosrc) from pg_proc p where pronamespace = 'auth'::regnamespace
        union all select 'relation', relname, relkind::text || ' ' || relowner::regrole || ' ' || coalesce(relacl::text, '') from pg_class where relnamespace = 'auth'::regnamespace
        union all select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(t.oid) || ' ' || tgenabled::text from pg_trigger t join pg_class c on c.oid = tgrelid
          where c.relnamespace = 'auth'::regnamespace and not tgisinternal
        union all select 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) from pg_constraint where connamespace = 'auth'::regnamespace
        order by 1, 2, 3`)
    ).rows;
  await installGuard(owner);
  const upgraded = await shape(owner);
  const other = await freshDatabase();
  const client = new pg.Client({ connectionString: other.url });
  await client.connect();
  await installRoles(client, { moverPassword: "mover", loginPassword: "login" });
  await installGuard(client);
  const fresh = await shape(client);
  await client.end();
  await other.drop();
  expect(upgraded.length).toBeGreaterThan(60);
  expect(upgraded).toEqual(fresh);
});

test("an upgrade that fails changes nothing", async () => {
  await owner.query("alter table auth.issuer add column azp int"); // in its way
  await expect(installGuard(owner)).rejects.toMatchObject({ code: "install_refused", sqlstate: "42701" });
  expect((await owner.query("select version from auth.version")).rows).toEqual([{ version: 1 }]);
  expect(await rows(issuer.token())).toEqual(["org_01A"]);
});

test("an identity bound before it opens nothing after it", async () => {
  // In a transaction that is still open, and has given back the locks for which an upgrade may wait.
  await app.query("begin; set local role authenticated; savepoint bound");
  await app.query("select auth.jwt_session_init($1)", [issuer.token()]);
  const seal = (await app.query("select current_setting('auth.identity') as seal")).rows[0]?.seal;
  await app.query("rollback to bound");
  await installGuard(owner);
  await app.query("select set_config('auth.identity', $1, true)", [seal]);
  expect((await app.query("select auth.org_id() as o, auth.session() as s")).rows).toEqual([{ o: null, s: null }]);
  await app.query("rollback");
});
