import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
let login: Attacker;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());

const REFUSED: Record<string, string> = {
  "read the seal key": "select * from auth.seal_key",
  "write the seal key": "update auth.seal_key set current = current",
  "read the issuers": "select * from auth.issuer",
  "read the spellings": "select * from auth.issuer_iss",
  "read the keys": "select * from auth.jwk",
  "write a key": "insert into auth.jwk values ('workos', 'mine', 1, 256, 1)",
  "read the revoked sessions": "select * from auth.revoked_session",
  "forget a revoked session": "delete from auth.revoked_session",
  "read the version": "select * from auth.version",
  "lock the seal key": "lock table auth.seal_key in access exclusive mode",
  "read a sequence of the seal key": "select last_value from auth.seal_0a",
  "move a sequence of the seal key": "select setval('auth.seal_0a', 1)",
  "draw from a sequence of the seal key": "select nextval('auth.seal_1b')",
  "move the generation of the seal key": "select setval('auth.seal_generation', 1)",
  "move the mark of revocations": "select setval('auth.revoked', 1)",
  "read the mark of revocations": "select * from auth.revocation",
  "forge a revocation": "insert into auth.revoked_session values ('session_01B', now())",
  "revoke another's session": "select auth.revoke_session('session_01B')",
  "read the identity map": "select * from auth.identity_map",
  "poison the identity map": "insert into auth.identity_map values ('workos', 'user_01A', 'user_01B', 'org_01B')",
  "map an identity": "select auth.map_identities('workos', '{a}', '{b}', '{c}')",
  "disable an issuer": "select auth.disable_issuer('workos')",
  "read the requests for keys": "select * from auth.key_request",
  "write requests for keys by hand": "insert into auth.key_request (issuer) values ('workos')",
  "forget the requests for keys": "delete from auth.key_request",
  "lock the requests for keys": "lock table auth.key_request in share mode",
  "take an issuer's turn": "select auth.keys_due('1 hour')",
  "do the keeper's work": "select auth.keep()",
  "verify a token apart": "select auth.jwt_verify('x')",
  "call auth.admit_token": "select auth.admit_token('x')",
  "put keys": "select auth.put_jwks('workos', '[]')",
  "rotate the seal key": "select auth.rotate_seal_key()",
  "burn the CPU by rs256_verify": "select auth.rs256_verify('x', 'x', 1, 256)",
  "write the mirror": "update memberships set role_slug = 'owner'",
  "become the owner": "set role rehome_owner",
  "become the mover": "set role rehome_mover",
  "become the guard": "set role rehome_guard",
  "become the keys job": "set role rehome_keys",
  "become postgres": "set role postgres",
  "SET SESSION AUTHORIZATION": "set session authorization postgres",
  "switch row security off": "set local row_security = off; select * from note",
  "disable row security": "alter table note no force row level security",
  "drop the policy": "drop policy org on note",
  "a policy of one's own": "create policy mine on note using (true)",
  "a temporary table that shadows note": "create temp table note (id int)",
  "a temporary view": "create temp view note as select 1",
  "a function in public": "create function public.org_id() returns text language sql return 'org_01B'",
  "a function in auth": "create or replace function auth.org_id() returns text language sql return 'org_01B'",
  "a function in pg_temp": "create function pg_temp.f() returns int language sql return 1",
  "a schema that shadows": "create schema evil",
  "an operator that shadows": "create operator public.= (leftarg = text, rightarg = text, function = texteq)",
  "a file of the server": "select pg_read_file('PG_VERSION')",
  "a program of the server": "copy note to program 'cat'",
  "the passwords": "select rolpassword from pg_authid",
  "change the guard's settings": "alter function auth.org_id() reset search_path",
  "grant itself the guard": "grant rehome_guard to rehome_login",
  "defaults of all roles": "alter role all set search_path = evil",
  "defaults of another role": "alter role rehome_guard set search_path = evil",
  "server-side debugging": "set local log_min_messages = debug5",
  "load a library": "load 'auto_explain'",
};

test.each(Object.entries(REFUSED))("refused with 42501: %s", async (_name, sql) => {
  const answer = await login.tx(async () => {
    await login.init(database.issuer.token());
    return login.q(sql);
  });
  expect(answer).toBe("42501");
});

test("after RESET ROLE the login itself has no rights", async () => {
  await login.tx(async () => {
    await login.init(database.issuer.token());
    await login.q("reset role");
    expect(await login.q("select current_user::text")).toBe("rehome_login");
    expect(await login.q("select * from note")).toBe("42501");
  });
  await login.tx(async () => {
    await login.q("reset role");
    expect(await login.q("select auth.org_id()")).toBe("42501");
  });
});

test("the application may call these functions of schema auth, and nobody else may call any", async () => {
  const { rows } = await database.owner.query<{ name: string; who: string[] }>(
    `select p.proname as name, array(select r from unnest('{authenticated,anonymous,rehome_login,rehome_keys,rehome_mover}'::text[]) r
                                     where has_function_privilege(r, p.oid, 'execute')) as who
       from pg_proc p where pronamespace = 'auth'::regnamespace order by 1`,
  );
  const open = rows.filter(({ who }) => who.includes("authenticated")).map(({ name }) => name);
  expect(open).toEqual([
    "check_identity",
    "has_permission",
    "jwt",
    "jwt_session_init",
    "jwt_session_ticket",
    "org_id",
    "org_ids",
    "permissions",
    "request_keys",
    "role",
    "session",
    "ticket_session_init",
    "uid",
    "user_id",
  ]);
  const jobs: Record<string, string[]> = {
    put_jwks: ["rehome_keys"],
    keys_due: ["rehome_keys"],
    keep: ["rehome_keys"],
    rotate_seal_key: ["rehome_keys"],
    revoke_session: ["rehome_keys"],
    map_identities: ["rehome_mover"],
    disable_issuer: ["rehome_mover"],
  };
  for (const { name, who } of rows) {
    if (open.includes(name)) expect(who).toEqual(["authenticated", "anonymous"]);
    else expect([name, who]).toEqual([name, jobs[name] ?? []]);
  }
});

// refuse_utility runs in every superuser's command that defines something: it is a superuser's own, so that nobody else can change it.
test("every function of the guard fixes its search_path and belongs to a role without login", async () => {
  const { rows } = await database.owner.query(
    `select p.proname, r.rolname from pg_proc p join pg_roles r on r.oid = p.proowner
      where pronamespace = 'auth'::regnamespace
        and (case when proname = 'refuse_utility' then not r.rolsuper
                  else r.rolname not in ('rehome_owner', 'rehome_guard') or r.rolcanlogin or r.rolbypassrls or r.rolsuper end
             or not coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), false))`,
  );
  expect(rows).toEqual([]);
});

test("no body of the guard holds a backslash, whose meaning the caller may change", async () => {
  const { rows } = await database.owner.query(
    "select proname from pg_proc where pronamespace = 'auth'::regnamespace and strpos(prosrc, chr(92)) > 0",
  );
  expect(rows).toEqual([]);
});

test("the keys job may write keys and rotate, and read nothing of the seals", async () => {
  await database.owner.query("begin; set local role rehome_keys");
  const ask = async (sql: string) => {
    await database.owner.query("savepoint s");
    const answer = await database.owner.query(sql).then(
      () => "done",
      (error: { code: string }) => error.code,
    );
    await database.owner.query("rollback to s");
    return answer;
  };
  expect(await ask("select name, jwks_url from auth.issuer")).toBe("done");
  expect(await ask("select auth.rotate_seal_key()")).toBe("done");
  expect(await ask("update auth.issuer set jwks_url = 'https://evil.test'")).toBe("42501");
  expect(await ask("insert into auth.jwk values ('workos', 'x', 1, 256, 1)")).toBe("42501");
  expect(await ask("select name from auth.keys_due('1 hour')")).toBe("done");
  expect(await ask("select auth.keep()")).toBe("done");
  expect(await ask("select made_at from auth.seal_key")).toBe("done");
  expect(await ask("select last_value from auth.seal_0a")).toBe("42501");
  expect(await ask("select pg_sequence_last_value('auth.seal_0a') + 1/0")).not.toBe("done");
  expect(await ask("select auth.map_identities('workos', '{a}', '{b}', '{c}')")).toBe("42501");
  expect(await ask("select * from public.note")).toBe("42501");
  await database.owner.query("rollback");
});

// Limit: Postgres lets every role change its own password and defaults. Rolled back: roles belong to the whole server.
test("limit: the login can change its own defaults, which RESET ALL then resets to", async () => {
  await login.tx(async () => {
    await login.q("reset role");
    expect(await login.q("alter role rehome_login set log_parameter_max_length_on_error = -1")).toBeUndefined();
  });
});

describe("what hidden rows give away", () => {
  test("nothing of the sequences that hold the seal key", async () => {
    const version = Number(await login.q("select current_setting('server_version_num')"));
    const hidden = async (sql: string) => {
      const answer = await login.tx(() => login.q(sql));
      expect([null, "42501", "55000"]).toContain(answer);
    };
    for (const name of ["auth.seal_0a", "auth.seal_1b", "auth.seal_generation"]) {
      await hidden(`select pg_sequence_last_value('${name}')`);
      await hidden(`select currval('${name}')`);
      await hidden(`select last_value from pg_sequences where schemaname || '.' || sequencename = '${name}'`);
      if (version >= 180_000) await hidden(`select last_value from pg_get_sequence_data('${name}')`);
    }
    await login.tx(async () => {
      await login.init(database.issuer.token()); // the guard has read them in this session
      await login.q("savepoint s");
      expect(["42501", "55000"]).toContain(await login.q("select lastval()"));
    });
  });

  test("nothing in pg_stats", async () => {
    expect(await login.tx(() => login.q("select count(*)::int from pg_stats where tablename in ('note', 'seal_key', 'jwk')"))).toBe(0);
  });

  test("nothing by a leaky function: it never sees them", async () => {
    const said: string[] = [];
    login.client.on("notice", (notice) => said.push(JSON.stringify(notice)));
    const answer = await login.tx(async () => {
      await login.init(database.issuer.token());
      return login.q("select count(*)::int from note where (body || id)::int > 0");
    });
    expect(answer).toBe("22P02");
    const text = await login.tx(async () => {
      await login.init(database.issuer.token());
      return login.client.query("select body::int from note").catch((error: Error) => error.message);
    });
    expect(text).toMatch(/secret \d*[02468]"/); // rows of org_01A are the even ones
    expect(said.join()).not.toMatch(/secret \d*[13579]/);
  });

  test("a write cannot reach another organization", async () => {
    const own = async (sql: string) =>
      login.tx(async () => {
        await login.init(database.issuer.token());
        return login.q(sql);
      });
    expect(await own("insert into note values (5000, 'org_01B', 'x')")).toBe("42501");
    expect(await own("update note set org_id = 'org_01B' where id = 2")).toBe("42501");
    expect(await own("update note set body = 'x' where org_id = 'org_01B'")).toBe(0);
    expect(await own("delete from note where org_id = 'org_01B'")).toBe(0);
    expect(await own("insert into note values (5000, 'org_01A', 'x')")).toBe(1);
  });
});

describe("where the token can be read", () => {
  const seen = async (other: Attacker, token: string) =>
    other.q("select count(*)::int from pg_stat_activity where pid <> pg_backend_pid() and query like '%' || $1 || '%'", [token.slice(-40)]);

  test("not in pg_stat_activity when it was a bind parameter", async () => {
    const token = database.issuer.token();
    const other = await database.connect();
    await login.tx(async () => {
      await login.init(token);
      expect(await seen(other, token)).toBe(0);
    });
  });

  test("limit: there, by every session of the login, when it was written into the text", async () => {
    const token = database.issuer.token();
    const other = await database.connect();
    await login.tx(async () => {
      await login.q(`select auth.jwt_session_init('${token}')`);
      expect(await seen(other, token)).toBe(1);
    });
  });
});
