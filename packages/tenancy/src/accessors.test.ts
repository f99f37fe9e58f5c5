import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
let login: Attacker;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());

const asA = <T>(work: () => Promise<T>) =>
  login.tx(async () => {
    await login.init(database.issuer.token());
    return await work();
  });

describe("auth.has_permission", () => {
  const HELD: [held: string, wanted: string | null, may: boolean][] = [
    ["{meetings:read}", "meetings:read", true],
    ["{meetings:read}", "meetings:write", false],
    ["{meetings:read}", "meetings", false],
    ["{meetings:read}", "meetings:read:all", false],
    ["{meetings:*}", "meetings:read", true],
    ["{meetings:*}", "meetings:read:all", true],
    ["{meetings:*}", "meetings", false],
    ["{meetings:*}", "meetings_secret:read", false],
    ["{meetings:notes:*}", "meetings:read", false],
    ["{meetings:notes:*}", "meetings:notes:read", true],
    ["{meeting*}", "meetings:read", false], // only a whole part is a wildcard
    ["{*:read}", "meetings:read", false],
    ["{*}", "meetings:read", true],
    ["{a,b,*}", "meetings:read", true],
    ["{:*}", "meetings:read", false],
    ["{%}", "meetings:read", false],
    ["{meetings:read}", "%", false],
    ["{meetings:read}", "meetings:*", false],
    ["{meetings:*}", "meetings:*", true],
    ["{MEETINGS:read}", "meetings:read", false],
    ["{}", "meetings:read", false],
    ["{}", "", false],
    ["{*}", null, false],
  ];
  test.each(HELD)("of %s: %j is %s", async (held, wanted, may) => {
    await database.owner.query("update memberships set permissions = $1 where workos_user_id = 'user_01A'", [held]);
    expect(await asA(() => login.q("select auth.has_permission($1)", [wanted]))).toBe(may);
  });

  test("no permissions at all, and no identity: false, never null", async () => {
    await database.owner.query("alter table memberships alter permissions drop not null; update memberships set permissions = null");
    expect(await asA(() => login.q("select auth.has_permission('a')"))).toBe(false);
    await database.owner.query("update memberships set permissions = '{*}', status = 'inactive'");
    expect(await asA(() => login.q("select auth.has_permission('a')"))).toBe(false);
    expect(await login.tx(() => login.q("select auth.has_permission('a')"))).toBe(false);
    await database.owner.query("update memberships set status = 'active', permissions = '{notes:read}'");
  });
});

// What the functions really run, as auto_explain tells: whole index keys on a big mirror, by the plan that is kept for all calls.
describe("on a mirror of 200,000 memberships", () => {
  const said: string[] = [];
  let spy: Attacker;
  beforeAll(async () => {
    await database.owner.query(`insert into memberships (org_id, workos_user_id, role_slug, permissions, status)
      select 'org_x' || g % 20000, 'user_x' || g / 4, 'member', '{}', 'active' from generate_series(1, 200000) g;
      create index on memberships (workos_user_id); insert into auth.revoked_session select 'session_x' || g, now() from generate_series(1, 5000) g;
      alter table memberships alter org_id set (n_distinct = 20000), alter workos_user_id set (n_distinct = 50000); -- the sample would differ from run to run
      analyze memberships; analyze auth.revoked_session`);
    const set = (what: string) => `execute format('alter role rehome_login in database %I set ${what}', current_database());`;
    const settings = ["log_min_duration = 0", "log_nested_statements = on", "log_analyze = on", "log_level = notice", "log_timing = off"];
    await database.owner.query(
      `do $$ begin ${set("session_preload_libraries = auto_explain")} ${settings.map((one) => set(`auto_explain.${one}`)).join(" ")} end $$`,
    );
    spy = await database.connect();
    spy.client.on("notice", ({ message }) => said.push(message ?? ""));
  });

  /** The plans of one call, after enough calls that the kept plan is in use. */
  async function plansOf(call: string, token: string, before?: () => Promise<unknown>): Promise<string[]> {
    await spy.q("begin; set local role authenticated");
    await spy.init(token);
    await before?.();
    for (let i = 0; i < 8; i++) await spy.q(`select ${call}`);
    said.length = 0;
    await spy.q(`select ${call}`);
    await spy.q("rollback");
    return said.map((message) => message.replaceAll(/\s+/g, " ")).filter((message) => /memberships|revoked_session/.test(message));
  }

  test.each(["user_id()", "org_id()", "role()", "permissions()", "has_permission('a:b')"])(
    "auth.%s makes one look-up by the whole primary key",
    async (call) => {
      const plans = await plansOf(`auth.${call}`, database.issuer.token());
      expect(plans).toHaveLength(1);
      expect(plans[0]).toMatch(
        /Index Scan using memberships_pkey on memberships m .*Index Cond: \(\(org_id = \$\d+\) AND \(workos_user_id = \$\d+\)\)/,
      );
      expect(plans[0]).not.toMatch(/Seq Scan|user_01A/); // $n: no value, so one plan serves all
    },
  );

  test("auth.org_ids() finds its user's rows by index", async () => {
    const plans = (await plansOf("auth.org_ids()", database.issuer.token())).join();
    expect(plans).toMatch(/(Index|Bitmap).*memberships_workos_user_id_idx/);
    expect(plans).not.toMatch(/Seq Scan/);
  });

  test("after any session was revoked there is a second look-up, by its primary key", async () => {
    const plans = await plansOf("auth.org_id()", database.issuer.token(), () =>
      database.owner.query("select auth.revoke_session('session_other')"),
    );
    expect(plans).toHaveLength(2);
    expect(plans[0]).toMatch(/Index.* Scan using revoked_session_pkey .*Index Cond: \(sid = /);
    expect(plans[1]).toMatch(/Index Scan using memberships_pkey/);
  });

  test("touch as many buffers as the indexes are deep, and write nothing", async () => {
    await login.q("begin read only; set local role authenticated");
    await login.init(database.issuer.token());
    for (let i = 0; i < 8; i++) await login.q("select auth.org_id()");
    const { rows } = await login.client.query("explain (analyze, buffers, format json) select auth.org_id()");
    await login.q("rollback");
    const plan = rows[0]["QUERY PLAN"][0].Plan;
    expect(plan["Shared Hit Blocks"]).toBeLessThanOrEqual(12); // mirror: 3 levels and the row; 4 pages of sequences, the seal key's read twice
    expect(plan["Shared Dirtied Blocks"]).toBe(0);
  });
});
