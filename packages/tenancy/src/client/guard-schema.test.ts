import { freshDatabase, type TestDatabase, withUser } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { addIssuer, createTenancy, installGuard, installRoles, type Refusal, syncKeys, type Tenancy } from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { ISS, makeIssuer } from "../testing/issuer.ts";
import { type Relay, startRelay } from "./testing/relay.ts";
import { quietPool } from "./testing/world.ts";

// Functions of the guard's names in an `auth` of somebody else, who would gladly have tokens; they answer as if all were well.
const AUTH_OF_A_THIEF = `
  create schema auth; create table auth.stolen (what text); grant usage on schema auth to public;
  create function auth.jwt_session_init(t text) returns void language sql security definer as 'insert into auth.stolen values (t)';
  create function auth.jwt_session_ticket(t text) returns text language sql security definer as $$insert into auth.stolen values (t); select 'ticket'$$;
  create function auth.ticket_session_init(t text) returns void language sql security definer as 'insert into auth.stolen values (t)';
  create function auth.request_keys(t text) returns void language sql security definer as 'insert into auth.stolen values (t)';
  create function auth.org_id() returns text language sql return 'org_01B'`;

const PRODUCT = `
  create table memberships (org_id text, workos_user_id text, role_slug text, permissions text[], status text, primary key (org_id, workos_user_id));
  insert into memberships values ('org_01A', 'user_01A', 'member', '{}', 'active');
  create table note (org_id text); insert into note values ('org_01A'), ('org_01B'), ('org_01B');
  create table category (name text); insert into category values ('shown');
  alter table note enable row level security; alter table note force row level security;
  alter table category enable row level security; alter table category force row level security;
  create policy own on note for select to authenticated using (org_id = (select guard.org_id()));
  create policy digest on note for select to rehome_job_digest using (true);
  create policy shown on category for select to anonymous using (true);
  grant usage on schema public to authenticated, anonymous, rehome_job_digest;
  grant select on note to authenticated, rehome_job_digest; grant select on category to anonymous`;

const schema = "guard";
const issuer = makeIssuer();
let database: TestDatabase;
let owner: pg.Client;
let keeper: pg.Client;
let relay: Relay;
let pool: pg.Pool;
let workers: pg.Pool;
let tenancy: Tenancy;
let told: Refusal[];
let published: object[];

beforeAll(async () => {
  database = await freshDatabase();
  owner = new pg.Client({ connectionString: database.url });
  await owner.connect();
  await installRoles(owner, { moverPassword: "mover", loginPassword: "login", workerPassword: "worker", jobs: ["digest"] });
  await owner.query(AUTH_OF_A_THIEF);
  await installGuard(owner, { schema });
  await owner.query(PRODUCT);
  await installGuard(owner, { schema });
  await addIssuer(owner, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.com/sso/jwks/client_01TEST" }, { schema });
  await syncKeys(owner, "workos", publishing([issuer.jwk]), { schema });
  keeper = new pg.Client({ connectionString: database.url });
  keeper.on("error", () => {});
  await keeper.connect();
  await keeper.query("listen rehome_keys");
  keeper.on("notification", () => void syncKeys(keeper, "workos", publishing([issuer.jwk, ...published]), { schema }).catch(() => {}));
  relay = await startRelay(withUser(database.url, "rehome_login"));
  pool = quietPool({ connectionString: relay.url, max: 1 });
  workers = quietPool({ connectionString: withUser(database.url, "rehome_worker"), max: 1 });
});
beforeEach(() => {
  told = [];
  published = [];
  tenancy = createTenancy({ pool, workers, guardSchema: schema, onRefused: (refusal) => told.push(refusal) });
});
afterAll(async () => {
  await pool.end();
  await workers.end();
  await keeper.end();
  await relay.stop();
  await owner.end();
  await database.drop();
});

const rows = (relation: string) => async (_db: unknown, query: (text: string) => Promise<{ rows: object[] }>) =>
  (await query(`select * from ${relation}`)).rows;
const stolen = async () => (await owner.query("select what from auth.stolen")).rows;
const calls = () => {
  const found = relay
    .sent()
    .flatMap((bytes) => bytes.toString("latin1").match(/\w+\.(jwt_session_\w+|ticket_session_init|request_keys)/g) ?? []);
  relay.reset();
  return found;
};

test("a token, then its ticket, nobody, and a job: each by the guard in its own schema", async () => {
  const token = issuer.token();
  calls();
  expect(await tenancy.as(token, rows("note"))).toEqual([{ org_id: "org_01A" }]);
  expect(await tenancy.as(token, rows("note"))).toEqual([{ org_id: "org_01A" }]);
  expect(await createTenancy({ pool, guardSchema: schema, tickets: false }).as(token, rows("note"))).toEqual([{ org_id: "org_01A" }]);
  expect(calls()).toEqual(["guard.jwt_session_ticket", "guard.ticket_session_init", "guard.jwt_session_init"]);
  expect(await tenancy.anonymous(rows("category"))).toEqual([{ name: "shown" }]);
  expect(await tenancy.job("digest", rows("note"))).toHaveLength(3);
  expect(await stolen()).toEqual([]);
});

test("a dead ticket falls back to the token", async () => {
  const token = issuer.token();
  await tenancy.as(token, rows("note"));
  await owner.query("select guard.rotate_seal_key(true)");
  calls();
  expect(await tenancy.as(token, rows("note"))).toEqual([{ org_id: "org_01A" }]);
  expect(calls()).toEqual(["guard.ticket_session_init", "guard.jwt_session_ticket"]);
});

test("an unknown key is asked for there, and comes", async () => {
  const rotated = makeIssuer();
  published = [rotated.jwk];
  calls();
  expect(await tenancy.as(rotated.token(), rows("note"))).toEqual([{ org_id: "org_01A" }]);
  expect(calls()).toContain("guard.request_keys");
  expect(await stolen()).toEqual([]);
});

test("refusals keep their codes and are counted", async () => {
  const now = Math.floor(Date.now() / 1000);
  await owner.query("insert into guard.revoked_session values ('session_gone', now() + interval '1 hour')");
  const refused = [
    [issuer.token({ iat: now - 400, exp: now - 100 }), "expired", "expired"],
    [issuer.token({ sid: "session_gone" }), "revoked", "revoked"],
    [makeIssuer({ kid: issuer.kid }).token(), "bad_token", "signature"],
  ] as const;
  for (const [token, code] of refused) await expect(tenancy.as(token, rows("note"))).rejects.toMatchObject({ code });
  expect(told.map(({ kind }) => kind)).toEqual(refused.map(([, , kind]) => kind));
  expect(tenancy.refusals().counts).toMatchObject({ expired: 1, revoked: 1, signature: 1 });
});

test("a client that was not told where the guard is sends no token to whoever has its place", async () => {
  const untold = createTenancy({ pool });
  calls();
  const refusal = {
    code: "install_refused",
    message: expect.stringContaining("Schema auth"),
    next: expect.stringContaining("guardSchema"),
  };
  await expect(untold.as(issuer.token(), rows("note"))).rejects.toMatchObject(refusal);
  await expect(untold.anonymous(rows("category"))).rejects.toMatchObject(refusal);
  expect(calls()).toEqual([]);
  expect(await stolen()).toEqual([]);
});

test("nor to a schema of our owner whose function is another's, nor to our function's name in a schema of another", async () => {
  const untold = () => createTenancy({ pool }).as(issuer.token(), rows("note"));
  await owner.query("alter function auth.jwt_session_init(text) owner to rehome_guard");
  await expect(untold()).rejects.toMatchObject({ code: "install_refused" });
  await owner.query("alter function auth.jwt_session_init(text) owner to current_user; alter schema auth owner to rehome_owner");
  await expect(untold()).rejects.toMatchObject({ code: "install_refused" });
  expect(await stolen()).toEqual([]);
  // Where both are as ours are, the token goes there: this is what the two refusals above held back.
  await owner.query("alter function auth.jwt_session_init(text) owner to rehome_guard");
  await expect(untold()).rejects.toMatchObject({ code: "install_refused", message: expect.stringContaining("older") });
  expect(await stolen()).toEqual([]);
  await owner.query("create function auth.check_identity() returns void language sql as ''");
  await untold();
  expect(await stolen()).toHaveLength(1);
  await owner.query(
    "truncate auth.stolen; drop function auth.check_identity(); alter function auth.jwt_session_init(text) owner to current_user; alter schema auth owner to current_user",
  );
});

test("a name that would need quotes is refused before anything is sent", () => {
  for (const guardSchema of ["Guard", "a-b", "pg_guard", 'g"; drop schema public; --', ""])
    expect(() => createTenancy({ pool, guardSchema })).toThrow(expect.objectContaining({ code: "install_refused" }));
});
