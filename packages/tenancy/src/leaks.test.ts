import { createHmac } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
let needles: RegExp;
let key: Buffer;

beforeAll(async () => {
  database = await guardedDatabase();
  const { rows } = await database.owner.query<{ ipad: Buffer; opad: Buffer }>("select ipad, opad from auth.seal_key");
  const pads = rows.flatMap(({ ipad, opad }) => [ipad.subarray(0, 32), opad.subarray(0, 32)]);
  key = Buffer.from(rows[0]?.ipad.subarray(0, 32).map((x) => x ^ 0x36) ?? []);
  needles = new RegExp([...pads, key].flatMap(spellings).join("|"), "i");
});
afterAll(() => database.drop());

/** Ways in which the server prints bytes; a piece of ten is enough. Plans print them as signed decimals. */
function spellings(bytes: Buffer): string[] {
  const piece = bytes.subarray(4, 14);
  return [
    piece.toString("hex"),
    [...piece].join(" "),
    [...piece].map((x) => (x > 127 ? x - 256 : x)).join(" "),
    bytes.toString("base64").slice(0, 20).replaceAll("+", "\\+"),
  ];
}

/** Everything a session says while it uses the guard in every way, with some settings. Forged HMACs must not be answered with the right one. */
async function listen(settings: string): Promise<{ said: string; rightHmacs: string[] }> {
  const login = await database.connect();
  const heard: string[] = [];
  login.client.on("notice", (notice) => heard.push(JSON.stringify({ ...notice, message: notice.message })));
  const rightHmacs: string[] = [];
  const tell = async (text: string, params?: unknown[]) => {
    const answer = await login.client.query(text, params).catch((error: Error) => ({ ...error, message: error.message }));
    heard.push(JSON.stringify("rows" in answer ? answer.rows : answer));
  };
  await login.client.query("begin; set local role authenticated; set local client_min_messages = debug5");
  await login.q(settings);
  await login.q("savepoint s");
  await tell("select auth.jwt_session_init($1)", [database.issuer.token()]);
  for (const call of ["user_id", "org_id", "role", "permissions", "org_ids", "uid", "session", "jwt"]) await tell(`select auth.${call}()`);
  await tell("select count(*) from note");
  await tell("explain (verbose, analyze, settings) select * from note where id = 2");
  const forged = await forgedBody(login);
  rightHmacs.push(forged.right);
  await login.q(`select set_config('auth.identity', $1, true)`, ["0".repeat(64) + forged.body]);
  for (let i = 0; i < 7; i++) await tell("select auth.session()"); // five custom plans, then perhaps a generic one
  await login.q("rollback to s");
  await tell("select auth.jwt_session_init($1)", [`${database.issuer.token()}x`]);
  await login.q("rollback");
  await login.client.end();
  return { said: heard.join("\n"), rightHmacs };
}

/** What a forger would seal in this very transaction, and the HMAC that would make it good. */
async function forgedBody(login: Attacker): Promise<{ body: string; right: string }> {
  const { rows } = await database.owner.query<{ id: string }>("select id from auth.seal_key where current");
  const start = Buffer.from(String(await login.q("select encode(timestamptz_send(transaction_timestamp()), 'hex')")), "hex");
  const body = `${rows[0]?.id}i9999999999{"sub":"user_01B","sid":"s","org_id":"org_01B"}`;
  return { body, right: createHmac("sha256", key).update(start).update(body).digest("hex") };
}

const asDecimals = (text: string) => [...Buffer.from(text)].join(" ");

test("the test itself knows the right HMAC: with it, the forged seal opens", async () => {
  const login = await database.connect();
  await login.tx(async () => {
    const { body, right } = await forgedBody(login);
    await login.q("select set_config('auth.identity', $1, true)", [right + body]);
    expect(await login.q("select auth.org_id()")).toBeNull(); // no such member with that sub… of this organization?
    expect(await login.q("select auth.session()")).not.toBeNull();
  });
});

test("the test can fail: a key in a variable of a query is printed by debug_print_plan", async () => {
  await database.owner.query(`create function public.leaky() returns bool language plpgsql security definer as $$
    declare k bytea := (select ipad from auth.seal_key where current);
    begin return exists (select from public.note where sha256(k || body::bytea) = body::bytea); end $$`);
  const login = await database.connect();
  const heard: string[] = [];
  login.client.on("notice", (notice) => heard.push(JSON.stringify({ ...notice, message: notice.message })));
  await login.tx(async () => {
    await login.q("set local client_min_messages = log; set local debug_print_plan = on");
    await login.q("select public.leaky()");
  });
  await database.owner.query("drop function public.leaky()");
  expect(heard.join("\n")).toMatch(needles);
});

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
    if (type === "bool") return [`set local ${name} = ${now === "on" ? "off" : "on"}`];
    if (type === "enum") return (enums ?? []).filter((value) => value !== now).map((value) => `set local ${name} = '${value}'`);
    if (type === "string") return [];
    return [least, most].filter((value) => value !== now).map((value) => `set local ${name} = ${value}`);
  });
  expect(settings.length).toBeGreaterThan(150);
  settings.push(
    "set local debug_print_parse = on; set local debug_print_rewritten = on; set local debug_print_plan = on; set local debug_pretty_print = off",
    "set local debug_print_plan = on; set local plan_cache_mode = force_custom_plan; set local bytea_output = escape",
    "set local debug_print_plan = on; set local plan_cache_mode = force_generic_plan",
    "set local plpgsql.print_strict_params = on; set local plpgsql.extra_warnings = 'all'",
    "set local plpgsql.extra_errors = 'all'",
    "set local log_parameter_max_length_on_error = -1; set local debug_print_plan = on; set local debug_parallel_query = on",
  );
  let plans = 0;
  for (const setting of settings) {
    const { said, rightHmacs } = await listen(setting);
    expect(said.match(needles)?.[0], setting).toBeUndefined();
    for (const right of rightHmacs) {
      expect(said.includes(right), setting).toBe(false);
      expect(said.includes(asDecimals(right)), setting).toBe(false);
      expect(said.includes(asDecimals(right.slice(0, 32))), setting).toBe(false);
    }
    if (said.includes("PLANNEDSTMT")) plans++;
  }
  expect(plans).toBeGreaterThan(3); // the prints were really there
});

test("rotating the key prints none of it, even where every plan is printed", async () => {
  const heard: string[] = [];
  const listener = (notice: { message?: string | undefined }) => heard.push(JSON.stringify({ ...notice, message: notice.message }));
  database.owner.on("notice", listener);
  await database.owner.query(
    "begin; set local client_min_messages = log; set local debug_print_plan = on; set local debug_print_parse = on",
  );
  await database.owner.query("select auth.rotate_seal_key()");
  const { rows } = await database.owner.query<{ ipad: Buffer; opad: Buffer }>("select ipad, opad from auth.seal_key where current");
  await database.owner.query("rollback");
  database.owner.off("notice", listener);
  const pads = rows.flatMap(({ ipad, opad }) => [...spellings(ipad.subarray(0, 32)), ...spellings(opad.subarray(0, 32))]);
  expect(heard.join("\n")).not.toMatch(new RegExp(pads.join("|"), "i"));
});
