import { hash } from "node:crypto";
import { openSync, readFileSync, statSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";
import { PART, readSealKey, SEALED, type SealKey, sealOf } from "./testing/seal.ts";

let database: GuardedDatabase;
let needles: RegExp;
let sealKey: SealKey;

beforeAll(async () => {
  database = await guardedDatabase();
  sealKey = await readSealKey(database.owner);
  needles = new RegExp(secretsOf(sealKey).join("|"), "i");
});
afterAll(() => database.drop());

/** What the server writes to its log from here on; other tests' lines are among them. */
function serverLog(): () => string {
  const file = process.env["REHOME_TEST_POSTGRES_LOG"] ?? "";
  const from = statSync(file).size;
  return () => unfold([readFileSync(openSync(file, "r")).subarray(from).toString("latin1")]);
}

/** Every spelling of the key, of what its slot holds, and of what the outer pad makes of it. */
function secretsOf({ key }: SealKey): string[] {
  const forms = [0, 0x36, 0x5c].map((pad) => Buffer.from(key.map((byte) => byte ^ pad)));
  const numbers = forms.flatMap((form) => [form.readBigInt64BE(0), form.readBigInt64BE(8)]).map((n) => String(n < 0n ? -n : n));
  return [...forms.flatMap(spellings), ...numbers];
}

/** Ways in which the server prints bytes; a piece of eight is enough. Plans print them as signed decimals. */
function spellings(bytes: Buffer): string[] {
  const piece = bytes.subarray(0, 8);
  return [
    piece.toString("hex"),
    [...piece].join(""),
    [...piece].map((x) => (x > 127 ? x - 256 : x)).join(""),
    bytes.toString("base64").slice(0, 20).replaceAll("+", "\\+").replaceAll("/", "\\/"),
  ];
}

/**
 * Everything a session says while it uses the guard in every way, under some settings: first with a good token, then with a forged seal
 * (which must not be answered with the right HMAC), then with a bad token.
 */
async function listen(
  settings: readonly string[],
  level = "log",
): Promise<{ said: string; right: string[]; organization: unknown; refused: number }> {
  const login = await database.connect();
  const heard: string[] = [];
  login.client.on("notice", (notice) => heard.push(JSON.stringify({ ...notice, message: notice.message })));
  const tell = async (text: string, params?: unknown[]) => {
    const answer = await login.client.query(text, params).catch((error: Error) => ({ ...error, message: error.message }));
    heard.push(JSON.stringify("rows" in answer ? answer.rows : answer));
  };
  await login.q(`begin; set local role authenticated; set local client_min_messages = ${level}`);
  let refused = 0;
  for (const setting of settings) {
    await login.q("savepoint one");
    if (typeof (await login.q(`set local ${setting}`)) === "string") {
      refused++;
      await login.q("rollback to one");
    }
  }
  await login.q("savepoint s");
  await tell("select auth.jwt_session_init($1)", [database.issuer.token()]);
  for (const call of [
    "user_id()",
    "org_id()",
    "role()",
    "permissions()",
    "has_permission('a:b')",
    "org_ids()",
    "uid()",
    "session()",
    "jwt()",
  ]) {
    await tell(`select auth.${call}`);
  }
  const ticket = await login.q("select auth.jwt_session_ticket($1)", [database.issuer.token()]);
  await tell("select auth.ticket_session_init($1)", [ticket]);
  await tell("select auth.request_keys($1)", ["https://nobody.test"]);
  await tell("select count(*) from note");
  await tell("explain (verbose, analyze, settings) select * from note where id = 2");
  const organization = await login.q("select auth.org_id()");
  const { body, claims, right } = await forgedBody(login);
  const wrong = sealKey.slot + "0".repeat(64) + SEALED;
  await login.q("select set_config('auth.identity', $1, true), set_config('auth.claims', $2, true)", [wrong + body, claims]);
  for (let i = 0; i < 7; i++) await tell("select auth.org_id()"); // five custom plans, then perhaps a generic one
  for (let i = 0; i < 3; i++) await tell("select auth.session()");
  await login.q("savepoint t");
  await tell("select auth.ticket_session_init($1)", [wrong + body]);
  await login.q("rollback to s");
  await tell("select auth.jwt_session_init($1)", [`${database.issuer.token()}x`]);
  await login.q("rollback");
  await login.client.end();
  return { said: unfold(heard), right, organization, refused };
}

/** Printed plans break long constants over lines, in the middle of a number too: compare without any white space. */
const unfold = (heard: string[]) => heard.join("\n").replaceAll(/\\n|\s/g, "");

/** What a forger would seal in this very transaction, and the HMACs that would make it good: as identity (its claims with it), as a ticket. */
async function forgedBody(login: Attacker): Promise<{ body: string; claims: string; right: [string, string] }> {
  const start = Buffer.from(String(await login.q("select encode(timestamptz_send(transaction_timestamp()), 'hex')")), "hex");
  const { rows } = await database.owner.query<{ n: string }>("select last_value::text as n from auth.revoked");
  const claims = '{"sub":"user_01B","sid":"s"}';
  const body = ["v3", 9999999999, rows[0]?.n, "user_01B", "org_01B", "s", hash("sha256", claims), ""].join(PART);
  return { body, claims, right: [sealOf(sealKey, "i", start, body), sealOf(sealKey, "t", body)] };
}

const bytesOf = (hex: string) => [...new Int8Array(Buffer.from(hex, "hex"))].join("");
const asDecimals = (text: string) => [...Buffer.from(text)].join("");

test("the test itself knows the right HMAC: with it, the forged seal opens", async () => {
  const login = await database.connect();
  await login.tx(async () => {
    const { body, right } = await forgedBody(login);
    await login.q("select set_config('auth.identity', $1, true)", [right[0] + SEALED + body]);
    expect(await login.q("select auth.org_id()")).toBe("org_01B");
  });
});

test("the test can fail: a key in a variable of a query is printed by debug_print_plan", async () => {
  await database.owner.query(`create function public.leaky() returns bool language plpgsql security definer as $$
    declare k bigint := (select last_value from auth.seal_${sealKey.slot}a);
    begin return exists (select from public.note where sha256(int8send(k) || body::bytea) = body::bytea); end $$`);
  const login = await database.connect();
  const heard: string[] = [];
  const logged = serverLog();
  login.client.on("notice", (notice) => heard.push(JSON.stringify({ ...notice, message: notice.message })));
  await login.tx(async () => {
    await login.q("set local client_min_messages = log; set local debug_print_plan = on");
    await login.q("select public.leaky()");
  });
  await database.owner.query("drop function public.leaky()");
  expect(unfold(heard)).toMatch(needles);
  await expect.poll(logged).toMatch(needles);
});

/** Values of text settings that change what a function body, a comparison or a print may mean. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  DateStyle: ["SQL, DMY", "German"],
  TimeZone: ["Asia/Kathmandu"],
  client_encoding: ["LATIN1", "SQL_ASCII"],
  search_path: ["public"],
  timezone_abbreviations: ["India"],
  default_text_search_config: ["pg_catalog.german"],
  default_table_access_method: ["heap"],
  application_name: ["an application"],
  backtrace_functions: ["auth.org_id"],
  "auth.identity": ["", "0"],
  "auth.claims": ["{}"],
};

test("no setting a user may set makes the server say the key, or the right HMAC of a forged seal", async () => {
  const { rows } = await database.owner.query<{
    name: string;
    type: string;
    enums: string[] | null;
    now: string;
    least: string;
    most: string;
  }>(
    `select name, vartype as type, enumvals as enums, setting as now, min_val as least, max_val as most from pg_settings
      where context = 'user' and name not in ('client_min_messages', 'statement_timeout', 'transaction_timeout', 'lock_timeout', 'role', 'session_authorization')`,
  );
  const settings = rows.flatMap(({ name, type, enums, now, least, most }) => {
    if (type === "bool") return [`${name} = ${now === "on" ? "off" : "on"}`];
    if (type === "enum") return (enums ?? []).filter((value) => value !== now).map((value) => `${name} = '${value}'`);
    if (type === "string") return (TEXTS[name] ?? [""]).map((value) => `${name} = '${value}'`);
    return [least, most].filter((value) => value !== now).map((value) => `${name} = ${value}`);
  });
  expect(settings.length).toBeGreaterThan(150);
  const plans = ["debug_print_plan = on", "debug_print_parse = on", "debug_print_rewritten = on"];
  const groups = [
    ...Array.from({ length: Math.ceil(settings.length / 20) }, (_, i) => settings.slice(i * 20, i * 20 + 20)),
    plans,
    [...plans, "plan_cache_mode = force_custom_plan", "bytea_output = escape", "debug_pretty_print = off"],
    [...plans, "plan_cache_mode = force_generic_plan"],
    [...plans, "debug_parallel_query = on", "log_parameter_max_length_on_error = -1"],
    [...plans, "plpgsql.print_strict_params = on", "plpgsql.extra_warnings = 'all'"],
    ["plpgsql.extra_errors = 'all'"],
  ];
  const logged = serverLog();
  let [printed, worked, refused] = [0, 0, 0];
  for (const group of groups) {
    const heard = await listen(group, group.includes(plans[0] ?? "") ? "debug5" : "log");
    expect(heard.said.match(needles)?.[0], group.join("; ")).toBeUndefined();
    for (const hmac of heard.right.map((right) => right.slice(1))) {
      for (const form of [hmac, asDecimals(hmac), asDecimals(hmac.slice(0, 32)), bytesOf(hmac)]) {
        expect(heard.said.includes(form), group.join("; ")).toBe(false);
      }
    }
    if (heard.said.includes("PLANNEDSTMT")) printed++;
    if (heard.organization === "org_01A") worked++;
    refused += heard.refused;
  }
  // The walk was no walk past closed doors: plans were printed, identities were bound, settings were taken.
  expect(printed).toBeGreaterThanOrEqual(6);
  expect(worked).toBeGreaterThan(groups.length * 0.9);
  expect(refused).toBeLessThan(settings.length * 0.1);
  // The operator's log has heard the same, and more.
  await expect.poll(() => logged().includes("PLANNEDSTMT")).toBe(true);
  expect(logged()).not.toMatch(needles);
}, 120_000);

test("rotating the key prints none of it, even where every plan is printed", async () => {
  const heard: string[] = [];
  const listener = (notice: { message?: string | undefined }) => heard.push(JSON.stringify({ ...notice, message: notice.message }));
  database.owner.on("notice", listener);
  await database.owner.query(
    "begin; set local client_min_messages = log; set local debug_print_plan = on; set local debug_print_parse = on",
  );
  await database.owner.query("select auth.rotate_seal_key(true), auth.keep()");
  const fresh = await readSealKey(database.owner);
  await database.owner.query("rollback");
  database.owner.off("notice", listener);
  expect(unfold(heard)).toContain("seal_generation");
  expect(unfold(heard)).not.toMatch(new RegExp(secretsOf(fresh).join("|"), "i"));
});

test("auto_explain, loaded into the application's sessions and telling everything, says neither", async () => {
  await database.owner.query(
    `do $$ begin execute format('alter role rehome_login in database %I set session_preload_libraries = auto_explain', current_database()); end $$`,
  );
  const settings = [
    "log_min_duration = 0",
    "log_analyze = on",
    "log_verbose = on",
    "log_settings = on",
    "log_nested_statements = on",
    "log_level = notice",
    "log_parameter_max_length = -1",
  ];
  for (const setting of settings) {
    await database.owner.query(
      `do $$ begin execute format('alter role rehome_login in database %I set auto_explain.${setting}', current_database()); end $$`,
    );
  }
  sealKey = await readSealKey(database.owner);
  const heard = await listen(["debug_print_plan = on"]);
  expect(heard.organization).toBe("org_01A");
  expect(heard.said).toContain("QueryText:"); // it is loaded, and tells of statements inside functions:
  expect(heard.said).toMatch(/plan:.*revoked_session|memberships/);
  expect(heard.said).not.toMatch(new RegExp(secretsOf(sealKey).join("|"), "i"));
  for (const hmac of heard.right.map((right) => right.slice(1))) expect(heard.said).not.toContain(hmac);
});
