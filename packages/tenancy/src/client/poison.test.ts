import { count } from "drizzle-orm";
import type { Pool } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTenancy, type Query, type Tenancy } from "../index.ts";
import { type ClientWorld, clientWorld, note, quietPool } from "./testing/world.ts";

// One connection: arbitrary SQL in a request of A, then a request of B on what A left.

let world: ClientWorld;
let pool: Pool;
let tenancy: Tenancy;

beforeAll(async () => {
  world = await clientWorld();
  pool = quietPool({ connectionString: world.loginUrl, max: 1 });
  tenancy = createTenancy({ pool });
});
afterAll(async () => {
  await pool.end();
  await world.drop();
});

const asA = (...statements: string[]) =>
  tenancy.as(world.a(), async (_db, query) => {
    for (const sql of statements) await query(sql);
  });
const asB = <T>(work: (query: Query) => Promise<T>) => tenancy.as(world.b(), (_db, query) => work(query));
const first = async (query: Query, text: string, params: unknown[] = []) => Object.values((await query(text, params)).rows[0] ?? {})[0];
const session = async () => (await pool.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid;
const organizations = (query: Query) => first(query, "select string_agg(distinct org_id, ',') from note");

describe("gone before the next identity, on the same connection", () => {
  let before: number | undefined;
  beforeAll(async () => {
    before = await session();
  });
  afterAll(async () => {
    expect(await session()).toBe(before);
  });

  test("every setting that a user may set", async () => {
    const settings = "select name, setting from pg_settings where name <> 'application_name' order by 1";
    const clean = await asB(async (query) => (await query<Setting>(settings)).rows);
    const changed = await tenancy.as(world.a(), async (_db, query) => {
      const { rows } = await query<Setting>(
        "select name, vartype, setting, enumvals, min_val, max_val from pg_settings where context = 'user' and name !~ '(timeout|^transaction_)'",
      );
      let count = 0;
      for (const one of rows) {
        await query("savepoint one");
        await query("select set_config($1, $2, false)", [one.name, otherValue(one)]).then(
          () => count++,
          () => query("rollback to savepoint one"),
        );
      }
      return count;
    });
    expect(changed).toBeGreaterThan(120);
    const poisoned = (await pool.query(settings)).rows;
    expect(poisoned.filter((row, i) => row.setting !== clean[i]?.setting).length).toBeGreaterThan(100);
    expect(await asB(async (query) => (await query<Setting>(settings)).rows)).toEqual(clean);
  });

  test("formats and encodings, in what is sent and in what comes back", async () => {
    await asA(
      "set client_encoding = 'LATIN1'",
      "set datestyle = 'Postgres, DMY'",
      "set intervalstyle = 'sql_standard'",
      "set timezone = 'Asia/Kathmandu'",
      "set extra_float_digits = -15",
      "set standard_conforming_strings = off",
      "set bytea_output = 'escape'",
      "set search_path = pg_catalog, evil",
    );
    const seen = await asB(async (query) => [
      await first(query, "select $1 || 'ß€' || '\\\\'", ["ä€漢"]),
      await first(query, "select $1::date::text || ' ' || ('2026-01-01 00:00:00+00'::timestamptz = '2026-01-01 01:00+01')::text", [
        "2026-02-03",
      ]),
      await first(query, "select 0.1::float8::text || ' ' || '1 day 2 h'::interval::text || ' ' || '\\x01ff'::bytea::text"),
    ]);
    expect(seen).toEqual(["ä€漢ß€\\\\", "2026-02-03 true", "0.1 1 day 02:00:00 \\x01ff"]);
  });

  test("a statement prepared under the name that a driver uses, by SQL and by the protocol", async () => {
    const theft = "select set_config('loot.b', (select string_agg(id::text, ',') from note), false) as count";
    await asA(`prepare list as ${theft}`);
    const byName = async () => tenancy.as(world.b(), (db) => db.select({ count: count() }).from(note).prepare("list").execute());
    expect(await byName()).toEqual([{ count: 500 }]);
    const client = await pool.connect();
    await client.query({ name: "list", text: "select 'evil' as count" }).finally(() => client.release());
    expect(await byName()).toEqual([{ count: 500 }]);
    expect(await asB((query) => first(query, "select count(*)::int from pg_prepared_statements"))).toBe(0);
    expect(await asB((query) => first(query, "select current_setting('loot.b', true)"))).toBeFalsy();
  });

  test("cursors with hold", async () => {
    await asA("declare c cursor with hold for select * from public.note", 'declare "<unnamed portal 1>" cursor with hold for select 1');
    expect(await asB((query) => first(query, "select string_agg(name, ',') from pg_cursors where is_holdable"))).toBeNull();
    await expect(asB((query) => query("fetch all from c"))).rejects.toMatchObject({ sqlstate: "34000" });
  });

  test("locks, listeners, last values of sequences, the seed of random()", async () => {
    const { rows } = await pool.query<{ r: number }>("select r from (select setseed(0.5)) s, random() r");
    await asA("insert into ticked default values", "select pg_advisory_lock(4711)", "listen loot", "select setseed(0.5)");
    await asB(async (query) => {
      expect(await first(query, "select random()")).not.toBe(rows[0]?.r);
      expect(await first(query, "select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")).toBe(0);
      await expect(query("select lastval()")).rejects.toMatchObject({ sqlstate: "55000" });
    }).catch((error: unknown) => expect(error).toMatchObject({ message: "A statement had failed, so nothing was committed." }));
    expect(await asB((query) => first(query, "select count(*)::int from pg_listening_channels()"))).toBe(0);
    await expect(asB((query) => query("select currval('ticked_id_seq')"))).rejects.toMatchObject({ sqlstate: "55000" });
  });

  test("a listener, whether the request after it commits, rolls back or is refused", async () => {
    const listening = "select count(*)::int from pg_listening_channels()";
    const own = new Error("own");
    const asBThrowing = (query: Query) => first(query, listening).then((n) => Promise.reject(Object.assign(own, { n })));
    const ways: (() => Promise<unknown>)[] = [
      () => asB(asBThrowing),
      () => tenancy.as("nonsense", (_db, query) => query("select 1")),
      () => asB((query) => query("select 1 / 0")),
      () => asB((query) => first(query, listening)),
    ];
    for (const way of ways) {
      await asA("listen loot");
      expect((await pool.query(listening)).rows).toEqual([{ count: 1 }]);
      await way().catch(() => {});
      expect((await pool.query(listening)).rows).toEqual([{ count: 0 }]);
    }
    await asA("listen loot");
    await asB(asBThrowing).catch(() => {});
    expect(own).toMatchObject({ n: 0 });
  });

  test("a role and an identity kept for later", async () => {
    await asA("set role anonymous", "select set_config('auth.identity', current_setting('auth.identity'), false)");
    expect((await pool.query("select current_user::text as u")).rows).toEqual([{ u: "anonymous" }]);
    expect(await asB((query) => first(query, "select current_user || ' ' || auth.org_id()"))).toBe("authenticated org_01B");
    expect((await pool.query("select current_user::text as u")).rows).toEqual([{ u: "rehome_login" }]);
    await asA("do $$ begin perform set_config('role', 'anonymous', false), set_config('search_path', 'evil', false); end $$");
    await tenancy.anonymous(async (_db, query) => {
      expect(await first(query, "select coalesce(auth.user_id(), auth.org_id(), auth.session()::text)")).toBeNull();
      expect(await first(query, "select current_setting('search_path')")).toBe('"$user", public');
    });
  });

  test("set session authorization default, in the callback, gives the login's rights, which are none", async () => {
    const work = tenancy.as(world.a(), async (_db, query) => {
      await query("set session authorization default");
      expect(await first(query, "select current_user::text")).toBe("rehome_login");
      await query("select from note");
    });
    await expect(work).rejects.toMatchObject({ code: "forbidden" });
    expect(await asB(organizations)).toBe("org_01B");
  });

  test("a transaction that other code left open, or failed", async () => {
    for (const sql of ["select set_config('left.open', 'yes', true)", "select 1 / 0"]) {
      const client = await pool.connect();
      await client.query("begin isolation level repeatable read");
      await client.query(sql).catch(() => {});
      client.release();
      expect(await asB((query) => first(query, "select current_setting('left.open', true)"))).toBeFalsy();
      expect(await asB((query) => first(query, "select current_setting('transaction_isolation')"))).toBe("read committed");
    }
  });

  test("defaults of transactions", async () => {
    await asA(
      "set session characteristics as transaction isolation level serializable, read only",
      "set default_transaction_deferrable = on",
    );
    const seen = await asB((query) => first(query, TRANSACTION));
    expect(seen).toBe("read committed off off");
  });

  test("COPY: what it sends is nobody's, and what it asks for does not come", async () => {
    await asA("copy note to stdout");
    // note itself has row security, which COPY FROM refuses beforehand
    await expect(asA("copy ticked (org_id) from stdin")).rejects.toMatchObject({ code: "query_failed" });
    expect(await asB(organizations)).toBe("org_01B");
  });
});

test.each([
  "create temp table note (id int)",
  "create temp view note as select 1",
  "create function pg_temp.count(int) returns int language sql as 'select 1'",
  "create table public.memberships2 (id int)",
  "create function public.lower(text) returns text language sql as 'select $1'",
  "create operator public.= (leftarg = text, rightarg = text, function = pg_catalog.texteq)",
  "create schema evil",
  "create domain public.text as int",
  "set session_replication_role = replica",
  "set session authorization postgres",
  "set role rehome_owner",
  "set role rehome_job_client_test",
  "load 'plugins/evil'",
])("nothing can shadow what B uses: %s is refused", async (sql) => {
  await expect(asA(sql)).rejects.toMatchObject({ sqlstate: expect.stringMatching(/^(42501|58P01)$/) });
  expect(await asB(organizations)).toBe("org_01B");
});

test.each(["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout", "transaction_timeout"])(
  "%s of 1 ms is left: the next request is served, if need be by another connection",
  async (name) => {
    // transaction_timeout came with Postgres 17.
    const known = await asB((query) => first(query, `select exists (select from pg_settings where name = '${name}')`));
    if (!known) return expect(await asB((query) => first(query, "select current_setting('server_version_num')::int < 170000"))).toBe(true);
    for (let i = 0; i < 3; i++) {
      await asA(`set ${name} = 1`).catch(() => {}); // may cost A its own connection
      expect(await asB((query) => first(query, `select current_setting('${name}')`))).toBe("0");
      expect(await asB((query) => first(query, "select 'slept' from pg_sleep(0.02)"))).toBe("slept");
    }
  },
);

test("what poison does where nobody cleans: the tests above can fail", async () => {
  await asA("prepare list as select 'evil' as count", "set search_path = evil");
  const client = await pool.connect();
  expect((await client.query("select name from pg_prepared_statements")).rows).toEqual([{ name: "list" }]);
  expect((await client.query("show search_path")).rows).toEqual([{ search_path: "evil" }]);
  client.release();
});

const TRANSACTION =
  "select concat_ws(' ', current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable'))";

interface Setting {
  name: string;
  vartype: string;
  setting: string;
  enumvals: string[] | null;
  min_val: string | null;
  max_val: string | null;
}

/** A value that the setting takes and that is not the present one; null where we know none. */
function otherValue({ name, vartype, setting, enumvals, min_val, max_val }: Setting): string | null {
  if (vartype === "bool") return setting === "on" ? "off" : "on";
  if (vartype === "enum") return enumvals?.find((value) => value !== setting) ?? null;
  if (vartype === "string") return STRINGS[name] ?? null;
  const higher = Number(setting) + 1;
  return String(higher <= Number(max_val) ? higher : Number(min_val));
}

const STRINGS: Readonly<Record<string, string>> = {
  search_path: "evil",
  DateStyle: "SQL, DMY",
  TimeZone: "Asia/Kathmandu",
  client_encoding: "LATIN1",
  timezone_abbreviations: "India",
  default_text_search_config: "pg_catalog.german",
  temp_tablespaces: "",
  default_table_access_method: "evil",
};

describe("what SQL of the application left as the login's own defaults", () => {
  const alter = (change: string) =>
    world.owner.query(`do $$ begin execute format('alter role rehome_login in database %I ${change}', current_database()); end $$`);
  beforeAll(async () => {
    await alter("set debug_print_plan = on");
    await alter("set debug_pretty_print = off");
    await alter("set client_min_messages = log");
  });
  afterAll(() => alter("reset all"));

  /** Texts that stand in the plans a connection was told of. */
  const constantsOf = (notices: readonly string[]) =>
    notices.flatMap((text) =>
      [...text.matchAll(/:constvalue \d+ \[([-\d\s]*)\]/g)].map((found) =>
        Buffer.from(
          (found[1] ?? "")
            .trim()
            .split(/\s+/)
            .map((byte) => Number(byte) & 255),
        )
          .subarray(4)
          .toString("latin1"),
      ),
    );

  test("does not make the server print the token", async () => {
    const own = quietPool({ connectionString: world.loginUrl, max: 1 });
    const notices: string[] = [];
    own.on("connect", (client) => client.on("notice", ({ message, detail }) => notices.push(`${message} ${detail}`)));
    const token = world.a();
    await createTenancy({ pool: own }).as(token, (_db, query) => query("select 1"));
    expect(notices.length).toBeGreaterThan(0);
    expect(constantsOf(notices)).not.toContain(token);
    // Without the client's opening it would.
    await own.query("select $1::text", [token]);
    expect(constantsOf(notices)).toContain(token);
    await own.end();
  });

  test.each(["rollback and chain", "commit and chain"])("a role among them hides no end of the transaction: %s", async (end) => {
    await alter("set role = authenticated");
    const own = quietPool({ connectionString: world.loginUrl, max: 1 });
    const lost = createTenancy({ pool: own }).as(world.a(), (_db, query) => query(end));
    await expect(lost).rejects.toMatchObject({ code: "query_failed", message: "A statement ended the transaction it was given." });
    const kept = createTenancy({ pool: own }).as(world.a(), async (_db, query) => {
      await query("savepoint one");
      await query("rollback to one");
      return organizations(query);
    });
    expect(await kept).toBe("org_01A");
    await own.end();
  });

  test("does not change what values and SQL mean", async () => {
    await alter("reset all");
    const fresh = () => quietPool({ connectionString: world.loginUrl, max: 1 });
    const all = `select string_agg(name || '=' || current_setting(name), E'\\n' order by name) from unnest('{${Object.keys(PLANTED).join(",")}}'::text[]) name`;
    const meaning = `select concat_ws(' | ', '2026-02-03'::date, '01/02/2026'::date, 'a\\nb', interval '1 day -2 h', '2026-07-01 12:00+00'::timestamptz,
      0.1::float8 + 0.2, '\\x01ff'::bytea, null = null, '{a,NULL}'::text[], '12:00 IST'::timetz, xmlserialize(content xmlelement(name x, '\\x01'::bytea) as text))`;
    const ask = async () => {
      const own = fresh();
      const tenancies = createTenancy({ pool: own });
      const answers = await tenancies.as(world.a(), async (_db, query) => [await first(query, all), await first(query, meaning)]);
      await own.end();
      return answers;
    };
    const clean = await ask();
    for (const [name, value] of Object.entries(PLANTED)) await alter(`set ${name} = ${value}`);
    const own = fresh();
    const planted = (await own.query(all)).rows[0]?.string_agg as string;
    await own.end();
    const cleanLines = String(clean[0]).split("\n");
    expect(planted.split("\n").filter((line, i) => line === cleanLines[i])).toEqual([]);
    expect(await ask()).toEqual(clean);
  });

  test("the product says which time zone and search path its SQL means", async () => {
    await alter("set timezone = ''Asia/Kathmandu''");
    await alter("set search_path = evil");
    const own = quietPool({ connectionString: world.loginUrl, max: 1 });
    const asked = createTenancy({ pool: own, timeZone: "Europe/Lisbon", searchPath: "public, pg_catalog" });
    const seen = await asked.as(world.a(), (_db, query) =>
      first(query, "select current_setting('timezone') || ' ' || current_setting('search_path')"),
    );
    expect(seen).toBe("Europe/Lisbon public, pg_catalog");
    await own.end();
  });
});

/** What a login may set as its own defaults and what changes the meaning of values or SQL; another value than Postgres's own default. */
const PLANTED: Readonly<Record<string, string>> = {
  datestyle: "''SQL, DMY''",
  intervalstyle: "sql_standard",
  timezone: "''Asia/Kathmandu''",
  timezone_abbreviations: "''India''",
  standard_conforming_strings: "off",
  backslash_quote: "on",
  search_path: "evil",
  bytea_output: "escape",
  extra_float_digits: "0",
  array_nulls: "off",
  transform_null_equals: "on",
  xmlbinary: "hex",
  xmloption: "document",
  gin_fuzzy_search_limit: "1",
  row_security: "off",
  quote_all_identifiers: "on",
};
