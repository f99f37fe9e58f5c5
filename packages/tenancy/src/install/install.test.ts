import { readFileSync } from "node:fs";
import { freshDatabase, type PostgresServer, startPostgres, type TestDatabase, withDatabase } from "@rehome/sandbox";
import pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  addIssuer,
  createTenancy,
  disableIssuer,
  GUARD_VERSION,
  installGuard,
  installRoles,
  jobRole,
  mapIdentities,
  mirrorAccess,
  syncKeys,
} from "../index.ts";
import { publishing } from "../testing/guarded-database.ts";
import { ISS, makeIssuer } from "../testing/issuer.ts";
import { scramVerifier } from "./scram.ts";

const PASSWORDS = { moverPassword: "mover-secret-1", loginPassword: "login-secret-2" };
const MIRROR = `(org_id text, workos_user_id text, role_slug text, permissions text[], status text, primary key (org_id, workos_user_id))`;

let database: TestDatabase;
let open: pg.Client[];
async function connect(url = database.url): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  open.push(client);
  return client;
}
beforeEach(async () => {
  open = [];
  database = await freshDatabase();
});
afterEach(async () => {
  for (const client of open) await client.end();
  await database.drop();
});

describe("installRoles", () => {
  test("twice, and from four connections of two databases at once", async () => {
    const other = await freshDatabase();
    const clients = [await connect(), await connect(), await connect(other.url), await connect(other.url)];
    await Promise.all(clients.map((client) => installRoles(client, { ...PASSWORDS, jobs: ["payouts"] })));
    await installRoles(clients[0] as pg.Client, PASSWORDS);
    const { rows } = await (clients[0] as pg.Client).query(
      `select rolname, rolcanlogin, rolbypassrls, rolsuper or rolcreaterole or rolcreatedb or rolinherit as more from pg_roles
        where rolname ~ '^rehome_(?!job_|fn_|worker$|keeper$)' or rolname = 'rehome_job_payouts' or rolname in ('authenticated', 'anonymous') order by 1`,
    );
    const role = (rolname: string, rolcanlogin = false, rolbypassrls = false) => ({ rolname, rolcanlogin, rolbypassrls, more: false });
    expect(rows).toEqual([
      role("anonymous"),
      role("authenticated"),
      role("rehome_guard"),
      role(jobRole("payouts")),
      role("rehome_keys"),
      role("rehome_login", true),
      role("rehome_mover", true, true),
      role("rehome_owner"),
    ]);
    await clients[2]?.end();
    await clients[3]?.end();
    open = open.slice(0, 2);
    await other.drop();
  });

  test("the login may become authenticated and anonymous, inherits nothing, and PUBLIC may create nothing here", async () => {
    const client = await connect();
    await installRoles(client, PASSWORDS);
    const { rows } = await client.query(
      `select roleid::regrole::text as role, set_option, inherit_option, admin_option from pg_auth_members where member = 'rehome_login'::regrole and roleid::regrole::text !~ '^rehome_job_' order by 1`,
    );
    const rights = { set_option: true, inherit_option: false, admin_option: false };
    expect(rows).toEqual([
      { role: "anonymous", ...rights },
      { role: "authenticated", ...rights },
    ]);
    const { rows: creating } = await client.query(
      `select has_database_privilege(r, current_database(), 'temp') or has_database_privilege(r, current_database(), 'create') or has_schema_privilege(r, 'public', 'create') as may
         from unnest('{rehome_login,authenticated,anonymous}'::text[]) r`,
    );
    expect(creating).toEqual([{ may: false }, { may: false }, { may: false }]);
  });

  test("a job's name is checked", () => {
    expect(jobRole("payouts")).toBe("rehome_job_payouts");
    for (const name of ["", "Payouts", "a-b", "1a", "x; drop"])
      expect(() => jobRole(name)).toThrow(expect.objectContaining({ code: "install_refused" }));
  });

  test("passwords are sent as the verifier of RFC 7677's example", () => {
    const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
    expect(scramVerifier("pencil", salt)).toBe(
      "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
    );
    expect(() => scramVerifier("Zoë")).toThrow(expect.objectContaining({ code: "install_refused" }));
  });
});

describe("installGuard", () => {
  test("twice, and from two connections at once", async () => {
    const clients = [await connect(), await connect(), await connect()];
    const client = clients[0] as pg.Client;
    await installRoles(client, PASSWORDS);
    const done = await Promise.all(clients.map((each) => installGuard(each)));
    expect(done.map(({ upgradedFrom }) => upgradedFrom).sort()).toEqual([0, GUARD_VERSION, GUARD_VERSION]);
    expect(done).toMatchObject(done.map(() => ({ version: GUARD_VERSION, mirrorReady: false })));
    const key = async () => (await client.query("select * from auth.seal_key")).rows;
    const before = await key();
    expect(before).toHaveLength(1);
    await installGuard(client);
    expect(await key()).toEqual(before); // renewing keeps the key, so that nobody loses an identity
    expect((await client.query("select version from auth.version order by 1")).rows).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3 },
      { version: 4 },
    ]);
    expect((await client.query("select has_schema_privilege('rehome_guard', 'auth', 'create') as may")).rows).toEqual([{ may: false }]);
  });

  test("before the product's tables: their policies can name auth.org_id(), and mirrorAccess opens the mirror", async () => {
    const client = await connect();
    await installRoles(client, PASSWORDS);
    await installGuard(client);
    await client.query(`create table public.memberships ${MIRROR}; alter table memberships enable row level security; alter table memberships force row level security;
      alter table memberships owner to rehome_owner; insert into memberships values ('org_01A', 'user_01A', 'member', '{}', 'active')`);
    await client.query(mirrorAccess());
    expect(await installGuard(client)).toMatchObject({ version: GUARD_VERSION, mirrorReady: true });
    expect(await organizationOf(client)).toBe("org_01A");
    await client.query("drop policy rehome_guard on memberships");
    expect(await organizationOf(client)).toBeNull(); // FORCE without the guard's own policy: nobody is a member
    await installGuard(client);
    expect(await organizationOf(client)).toBe("org_01A");
  });

  test("a mirror of another name", async () => {
    const client = await connect();
    await installRoles(client, PASSWORDS);
    await client.query(
      `create schema app; create table app."Seats" ${MIRROR}; insert into app."Seats" values ('org_01A', 'user_01A', 'member', '{}', 'active')`,
    );
    expect(await installGuard(client, { mirror: "app.Seats" })).toMatchObject({ mirrorReady: true });
    expect(await organizationOf(client)).toBe("org_01A");
  });

  test.each([
    ["a name that is no relation", "memberships; drop table x", ""],
    [
      "no column status",
      "public.memberships",
      "create table memberships (org_id text, workos_user_id text, role_slug text, permissions text[])",
    ],
    [
      "organizations as uuid",
      "public.memberships",
      "create table memberships (org_id uuid, workos_user_id text, role_slug text, permissions text[], status text)",
    ],
  ])("refuses a mirror with %s", async (_name, mirror, sql) => {
    const client = await connect();
    await installRoles(client, PASSWORDS);
    await client.query(sql);
    await expect(installGuard(client, { mirror })).rejects.toMatchObject({ code: "install_refused" });
    expect((await client.query("select to_regclass('auth.version') as t")).rows).toEqual([{ t: null }]);
  });

  test("refuses a newer version", async () => {
    const client = await connect();
    await installRoles(client, PASSWORDS);
    await installGuard(client);
    await client.query("insert into auth.version values (99)");
    await expect(installGuard(client)).rejects.toMatchObject({ code: "install_refused", message: expect.stringContaining("version 99") });
  });
});

/** What the guard answers to the one member's token. */
async function organizationOf(client: pg.Client): Promise<unknown> {
  const issuer = makeIssuer();
  await addIssuer(client, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.test/jwks" });
  await syncKeys(client, "workos", publishing([issuer.jwk]));
  await client.query("begin; set local role authenticated");
  try {
    await client.query("select auth.jwt_session_init($1)", [issuer.token()]);
    return (await client.query("select auth.org_id()")).rows[0]?.org_id;
  } finally {
    await client.query("rollback");
  }
}

describe("as an installer that is no superuser (Neon)", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres({ settings: ["log_statement=all", "log_min_duration_statement=0"] });
  });
  afterAll(() => server.stop());

  test("installs, adds an issuer, serves; and no password stands in the server's log", async () => {
    const root = await connect(server.url("postgres"));
    await root.query("create role installer login createrole createdb bypassrls");
    await root.query("create database product owner installer");
    const client = await connect(server.url("product", "installer"));
    await installRoles(client, PASSWORDS);
    await client.query(
      `create table public.memberships ${MIRROR}; insert into memberships values ('org_01A', 'user_01A', 'member', '{}', 'active')`,
    );
    await client.query("alter table memberships enable row level security; alter table memberships force row level security");
    expect(await installGuard(client)).toMatchObject({ version: GUARD_VERSION, mirrorReady: true });
    expect(await installGuard(client)).toMatchObject({ utilityRefused: false });
    const superuser = await connect(server.url("product"));
    expect(await installGuard(superuser)).toMatchObject({ utilityRefused: true });
    expect(await installGuard(client)).toMatchObject({ utilityRefused: true }); // what the superuser left is there
    await installRoles(client, PASSWORDS);
    const issuer = makeIssuer();
    await addIssuer(client, { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.test/jwks" });
    await syncKeys(client, "workos", publishing([issuer.jwk]));
    const pool = new pg.Pool({ connectionString: withDatabase(server.url("x", "rehome_login"), "product") });
    const rows = await createTenancy({ pool }).as(
      issuer.token(),
      async (_db, query) => (await query("select auth.org_id() as o, auth.role() as r")).rows,
    );
    expect(rows).toEqual([{ o: "org_01A", r: "member" }]);
    await pool.end();
    const log = readFileSync(server.logFile, "utf8");
    expect(log).toContain("alter role rehome_login password");
    for (const password of Object.values(PASSWORDS)) expect(log).not.toContain(password);
  });

  test("beside roles of another installer: refused as install_refused, by each function, and nothing of the server's text is kept", async () => {
    const root = await connect(server.url("postgres"));
    await root.query("create role newcomer login createrole createdb bypassrls");
    await root.query("create database theirs owner newcomer");
    const client = await connect(server.url("theirs", "newcomer"));
    const lacking = { name: "TenancyError", code: "install_refused", sqlstate: "42501", next: expect.stringContaining("ADMIN OPTION") };
    const issuer = { iss: [ISS], kind: "workos", jwksUrl: "https://api.workos.test/jwks" } as const;
    await expect(installRoles(client, PASSWORDS)).rejects.toMatchObject({ ...lacking, message: expect.stringMatching(/^installRoles: /) });
    await expect(installGuard(client)).rejects.toMatchObject({ ...lacking, message: expect.stringMatching(/^installGuard: /) });

    const owner = await connect(server.url("product", "newcomer"));
    await expect(addIssuer(owner, issuer)).rejects.toMatchObject({ ...lacking, message: expect.stringMatching(/^addIssuer: /) });
    await expect(syncKeys(owner, "workos", publishing([]))).rejects.toMatchObject(lacking);
    await expect(disableIssuer(owner, "workos")).rejects.toMatchObject(lacking);
    await expect(mapIdentities(owner, "workos", [{ sub: "s", userId: "u", orgId: "o" }])).rejects.toMatchObject({ name: "TenancyError" });

    const empty = await connect();
    await expect(addIssuer(empty, issuer)).rejects.toMatchObject({ code: "install_refused", sqlstate: "42P01" });
    await empty.end();
    open = open.filter((each) => each !== empty);
    await expect(installGuard(empty)).rejects.toMatchObject({ name: "TenancyError", code: "unreachable" });
  });

  test("the logins cannot take all connections; a superuser's mover may use the reserved ones", async () => {
    const root = await connect(server.url("postgres"));
    const limits = async () =>
      (
        await root.query(
          `select r.rolname as role, r.rolconnlimit as most, pg_has_role(r.oid, 'pg_use_reserved_connections', 'USAGE') as reserved from pg_roles r
            where r.rolname in ('rehome_login', 'rehome_worker', 'rehome_mover') order by 1`,
        )
      ).rows;
    await installRoles(root, { ...PASSWORDS, workerPassword: "worker-secret-3" });
    expect(await limits()).toEqual([
      { role: "rehome_login", most: 60, reserved: false },
      { role: "rehome_mover", most: -1, reserved: true },
      { role: "rehome_worker", most: 20, reserved: false },
    ]);
    await expect(installRoles(root, { ...PASSWORDS, loginConnections: 1.5 })).rejects.toMatchObject({ code: "install_refused" });

    await installRoles(root, { ...PASSWORDS, loginConnections: 2, workerPassword: "worker-secret-3", workerConnections: 1 });
    await connect(server.url("postgres", "rehome_login"));
    await connect(server.url("postgres", "rehome_login"));
    const third = new pg.Client({ connectionString: server.url("postgres", "rehome_login") });
    await expect(third.connect()).rejects.toMatchObject({ code: "53300" });
    expect((await limits()).map(({ most }) => most)).toEqual([2, -1, 1]);
  });
});
