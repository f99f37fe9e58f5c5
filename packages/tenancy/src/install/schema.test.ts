import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addIssuer, disableIssuer, GUARD_VERSION, installGuard, installRoles, keepGuard, mapIdentities } from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { ISS, makeIssuer } from "../testing/issuer.ts";

let database: TestDatabase;
let owner: pg.Client;
beforeAll(async () => {
  database = await freshDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login" });
});
afterAll(async () => {
  await owner.end();
  await database.drop();
});

const AUTH_OF_OTHERS: Record<string, [sql: string, owner: string]> = {
  "functions of an extension, as Neon's pg_session_jwt": [
    "create schema auth; create extension pgcrypto schema auth",
    "belongs to the extension pgcrypto",
  ],
  "tables and functions of another service, as Supabase": [
    "create schema auth; create table auth.users (id uuid primary key); create function auth.uid() returns uuid language sql return null::uuid; create function auth.jwt() returns jsonb language sql return null::jsonb",
    "belongs to postgres",
  ],
  "a table named version, which is not ours": [
    "create schema auth authorization rehome_owner; create table auth.version (id int)",
    "belongs to rehome_owner",
  ],
};

test.each(Object.entries(AUTH_OF_OTHERS))("schema auth holds %s: refused, and another schema is offered", async (_name, [sql, whose]) => {
  await owner.query(`drop schema if exists auth, guard cascade; ${sql}`);
  const before = await contents("auth");
  await expect(installGuard(owner)).rejects.toMatchObject({
    code: "install_refused",
    message: expect.stringContaining(whose),
    next: expect.stringMatching(/schema: "guard".*createTenancy\({ guardSchema: "guard" }\)/),
  });
  expect(await installGuard(owner, { schema: "guard" })).toMatchObject({ upgradedFrom: 0 });
  expect(await contents("auth")).toEqual(before);
});

const contents = async (schema: string) =>
  (
    await owner.query(
      "select proname as name from pg_proc where pronamespace = $1::regnamespace union all select relname from pg_class where relnamespace = $1::regnamespace order by 1",
      [schema],
    )
  ).rows;

describe("a guard in another schema, beside an auth of somebody else", () => {
  const issuer = makeIssuer();
  const clerk = makeIssuer({ iss: "https://clerk.test" });
  let app: pg.Client;
  const value = async (sql: string, params: unknown[] = []) => {
    const { rows } = await app.query(sql, params);
    return rows[0] ? Object.values(rows[0])[0] : undefined;
  };
  beforeAll(async () => {
    await owner.query(
      "drop schema if exists auth, guard cascade; create schema auth; create function auth.org_id() returns text language sql return 'org_01B'",
    );
    await owner.query(`create table public.memberships (org_id text, workos_user_id text, role_slug text, permissions text[], status text, primary key (org_id, workos_user_id));
      insert into public.memberships values ('org_01A', 'user_01A', 'member', '{a:*}', 'active')`);
    const schema = "guard";
    expect(await installGuard(owner, { schema })).toMatchObject({ mirrorReady: true });
    expect(await installGuard(owner, { schema })).toMatchObject({ upgradedFrom: GUARD_VERSION });
    await owner.query(`create table public.note (org_id text); insert into public.note values ('org_01A'), ('org_01B');
      alter table public.note enable row level security; create policy org on public.note to authenticated using (org_id = (select guard.org_id())); grant select on public.note to authenticated`);
    await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://workos.test/jwks" }, { schema });
    await addIssuer(
      owner,
      { iss: ["https://clerk.test"], kind: "clerk", jwksUrl: "https://clerk.test/jwks", azp: ["https://a.test"] },
      { schema },
    );
    await mapIdentities(owner, "clerk", [{ sub: "user_2a", userId: "user_01A", orgId: "org_01A" }], { schema });
    const ended = new AbortController();
    await keepGuard({
      client: owner,
      schema,
      signal: ended.signal,
      onEvent: () => ended.abort(),
      fetch: (url, options) => publishing([(String(url).includes("clerk") ? clerk : issuer).jwk])(url, options),
    });
  });
  beforeEach(async () => {
    app = new pg.Client({ connectionString: withUser(database.url, "rehome_login") });
    await app.connect();
    await app.query("begin; set local role authenticated");
  });
  afterEach(() => app.end());

  test("verifies tokens, gives tickets, answers and guards", async () => {
    const ticket = await value("select guard.jwt_session_ticket($1)", [issuer.token()]);
    expect(await value("select array_agg(org_id) from note")).toEqual(["org_01A"]);
    await app.query("commit; begin; set local role authenticated");
    expect(await value("select array_agg(org_id) from note")).toBeNull();
    await app.query("select guard.ticket_session_init($1)", [ticket]);
    expect(
      await value(
        "select array[guard.user_id(), guard.org_id(), guard.role(), guard.has_permission('a:b')::text, guard.session() ->> 'sid']",
      ),
    ).toEqual(["user_01A", "org_01A", "member", "true", "session_01A"]);
    await owner.query("insert into guard.revoked_session values ('session_01A', now() + interval '1 hour')");
    expect(await value("select guard.org_id()")).toBeNull();
    expect(await value("select current_setting('auth.identity', true)")).toBeNull();
    await app.query("select guard.request_keys($1)", [ISS]);
  });

  test("takes the old issuer's tokens until it is disabled", async () => {
    const now = Math.floor(Date.now() / 1000);
    const token = clerk.token({ sub: "user_2a", sid: "sess_2a", azp: "https://a.test", exp: now + 60, iat: now });
    await app.query("select guard.jwt_session_init($1)", [token]);
    expect(await value("select guard.org_id()")).toBe("org_01A");
    await disableIssuer(owner, "clerk", { schema: "guard" });
    await expect(app.query("select guard.jwt_session_init($1)", [token])).rejects.toMatchObject({ code: "RJ010" });
  });

  test("names schema auth nowhere", async () => {
    const { rows } = await owner.query(
      "select proname from pg_proc where pronamespace = 'guard'::regnamespace and prosrc ~ '[^a-z_]auth[.]'",
    );
    expect(rows).toEqual([]);
  });
});

test("refuses a schema name that would need quotes, before it asks the database for anything but its words", async () => {
  for (const schema of ["Guard", "a-b", "pg_guard", 'g"; drop schema public; --', "", "user", "select"])
    await expect(installGuard(owner, { schema })).rejects.toMatchObject({ code: "install_refused" });
});
