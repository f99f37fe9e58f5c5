import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Attacker, type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
let login: Attacker;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());
afterEach(async () => {
  await database.owner.query("delete from auth.revoked_session");
  await database.owner.query("delete from memberships");
  await database.owner.query(`insert into memberships (org_id, workos_user_id, role_slug, permissions, status)
    select 'org_01' || x, 'user_01' || x, 'member', '{notes:read}', 'active' from unnest('{A,B}'::text[]) x`);
});

const COUNT = "select count(*)::int from note";
const change = (sql: string) => database.owner.query(sql);
const everything = async () => ({
  rows: await login.q(COUNT),
  user: await login.q("select auth.user_id()"),
  organization: await login.q("select auth.org_id()"),
  organizations: await login.q("select auth.org_ids()"),
  role: await login.q("select auth.role()"),
  permissions: await login.q("select auth.permissions()"),
});
const LIKE_ANONYMOUS = { rows: 0, user: null, organization: null, organizations: [], role: null, permissions: [] };

// Each change is committed by another connection while the transaction is open; its next statement must know.
const ENDS: Record<string, string> = {
  "membership suspended": "update memberships set status = 'inactive' where workos_user_id = 'user_01A'",
  "membership pending": "update memberships set status = 'pending' where workos_user_id = 'user_01A'",
  "membership removed": "delete from memberships where workos_user_id = 'user_01A'",
  "session revoked": "insert into auth.revoked_session values ('session_01A', now() + interval '1 hour')",
};

describe.each(Object.entries(ENDS))("%s", (name, sql) => {
  test("counts in the next statement of an open transaction", async () => {
    await login.tx(async () => {
      await login.init(database.issuer.token());
      expect(await login.q(COUNT)).toBe(500);
      await change(sql);
      expect(await everything()).toEqual(LIKE_ANONYMOUS);
    });
  });

  test("counts in the next transaction", async () => {
    await change(sql);
    await login.tx(async () => {
      const answer: Answer = await login.init(database.issuer.token());
      if (name === "session revoked") expect(answer).toBe("RJ009");
      else expect([answer, await everything()]).toEqual([undefined, LIKE_ANONYMOUS]);
    });
  });

  test("counts for a transaction that began between the change and its commit", async () => {
    await change("begin");
    await change(sql);
    await login.tx(async () => {
      await login.init(database.issuer.token());
      expect(await login.q(COUNT)).toBe(500);
      await change("commit");
      expect(await everything()).toEqual(LIKE_ANONYMOUS);
    });
  });
});

test.each([
  ["auth.identity", "\x1e"],
  ["auth.identity", "\x1ex"],
  ["auth.identity", "\x1fx"],
  ["auth.claims", "\x1e"],
  ["auth.claims", "\x1fx"],
])("what is appended to %s hides no revocation: %j", async (name, end) => {
  await login.tx(async () => {
    await login.init(database.issuer.token());
    await login.q("select set_config($1, current_setting($1) || $2, true)", [name, end]);
    await change("select auth.revoke_session('session_01A')");
    expect(await everything()).toEqual(LIKE_ANONYMOUS);
    expect(await login.q("select auth.session()")).toBeNull();
  });
});

test("a revocation is kept for the longest life any token may have, whatever the caps are when it comes", async () => {
  await change("select auth.revoke_session('session_01A')");
  const { rows } = await database.owner.query(
    "select until > now() + interval '1 day 1 minute 55 seconds' as long from auth.revoked_session",
  );
  expect(rows).toEqual([{ long: true }]);
});

describe("the mark of revocations", () => {
  const mark = async () =>
    (await database.owner.query("select seen = s.last_value as settled from auth.revocation, auth.revoked s")).rows[0]?.settled;
  const REVOKE = "insert into auth.revoked_session values ('session_01A', now() + interval '1 hour')";

  test("an identity bound while a revocation is under way looks each time, and so does one bound after a revocation that was rolled back", async () => {
    for (const end of ["commit", "rollback"]) {
      const writer = await database.superuser();
      await writer.query("begin; set constraints all immediate");
      await writer.query(REVOKE); // the sequence has moved, the row has not committed
      await login.tx(async () => {
        expect(await login.init(database.issuer.token())).toBeUndefined();
        expect(await login.q(COUNT)).toBe(500);
        await writer.query(end);
        expect(await login.q(COUNT)).toBe(end === "commit" ? 0 : 500);
      });
      expect(await mark()).toBe(end === "commit");
      await change("delete from auth.revoked_session");
    }
    await login.tx(async () => {
      expect(await login.init(database.issuer.token())).toBeUndefined();
      expect(await login.q(COUNT)).toBe(500);
      await change(REVOKE);
      expect(await login.q(COUNT)).toBe(0);
    });
    await database.owner.query("begin; set constraints all immediate; insert into auth.revoked_session values ('x', now()); rollback");
    await database.owner.query("select auth.keep()");
    expect(await mark()).toBe(true);
  });

  test("holds through savepoints, several revocations in one transaction, and COPY", async () => {
    await login.tx(async () => {
      await login.init(database.issuer.token());
      await change(
        `begin; set constraints all immediate; savepoint s; insert into auth.revoked_session values ('x', now()); rollback to s;
         insert into auth.revoked_session select 'many' || g, now() from generate_series(1, 300) g; ${REVOKE}; commit`,
      );
      expect(await login.q(COUNT)).toBe(0);
    });
    expect(await mark()).toBe(true);
  });

  test("two revokers at once do not wait for each other before they commit, and both count", async () => {
    const [one, two] = [await database.superuser(), await database.superuser()];
    await one.query("begin");
    await two.query("begin; set local lock_timeout = '2s'");
    await one.query("insert into auth.revoked_session values ('session_one', now() + interval '1 hour')");
    await two.query(REVOKE);
    await login.tx(async () => {
      await login.init(database.issuer.token());
      await two.query("commit");
      expect(await login.q(COUNT)).toBe(0);
      await login.q("savepoint s");
      expect(await login.init(database.issuer.token({ sid: "session_one" }))).toBeUndefined();
      expect(await login.q(COUNT)).toBe(500);
      await one.query("commit");
      expect(await login.q(COUNT)).toBe(0);
    });
    expect(await mark()).toBe(true);
  });

  test("a session that is no longer revoked is let in again", async () => {
    await change(REVOKE);
    await change("delete from auth.revoked_session");
    await login.tx(async () => {
      expect(await login.init(database.issuer.token())).toBeUndefined();
      expect(await login.q(COUNT)).toBe(500);
    });
  });
});

test("a changed role and changed permissions count in the next statement", async () => {
  await login.tx(async () => {
    await login.init(database.issuer.token());
    expect(await login.q("select auth.role()")).toBe("member");
    await change(`update memberships set role_slug = 'owner', permissions = '{a,b}' where workos_user_id = 'user_01A'`);
    expect([await login.q("select auth.role()"), await login.q("select auth.permissions()")]).toEqual(["owner", ["a", "b"]]);
  });
});

test("a member who is let back in is let in at once", async () => {
  await change("update memberships set status = 'inactive' where workos_user_id = 'user_01A'");
  await login.tx(async () => {
    await login.init(database.issuer.token());
    expect(await login.q(COUNT)).toBe(0);
    await change("update memberships set status = 'active' where workos_user_id = 'user_01A'");
    expect(await login.q(COUNT)).toBe(500);
  });
});

describe("who sees what anonymous sees", () => {
  const PEOPLE: Record<string, Record<string, unknown>> = {
    "a stranger: valid token, organization not mirrored": { org_id: "org_01X", sub: "user_01X" },
    "a member with a token for an organization not mirrored": { org_id: "org_01X" },
    "a member of one organization with a token of another": { org_id: "org_01B" },
    "a token without an organization": { org_id: undefined },
  };
  test.each(Object.entries(PEOPLE))("%s", async (_name, claims) => {
    await login.tx(async () => {
      expect(await login.init(database.issuer.token(claims))).toBeUndefined();
      expect(await everything()).toEqual(LIKE_ANONYMOUS);
      expect(await login.q("select count(*)::int from memberships")).toBe(0);
    });
  });

  test("auth.session() still says who it is, without organization, role and permissions; not after a revocation", async () => {
    await login.tx(async () => {
      await login.init(database.issuer.token({ org_id: "org_01X" }));
      const session = await login.q("select auth.session()");
      expect(session).toMatchObject({ sub: "user_01A", sid: "session_01A" });
      for (const name of ["org_id", "role", "roles", "permissions"]) expect(session).not.toHaveProperty(name);
      await change("insert into auth.revoked_session values ('session_01A', now())");
      expect(await login.q("select auth.session()")).toBeNull();
    });
  });
});

test("one's own memberships, suspended ones too, while that of the token is active", async () => {
  await change(`insert into memberships (org_id, workos_user_id, role_slug, permissions, status) values
    ('org_01C', 'user_01A', 'member', '{}', 'active'), ('org_01D', 'user_01A', 'member', '{}', 'inactive')`);
  await login.tx(async () => {
    await login.init(database.issuer.token());
    expect(await login.q("select auth.org_ids()")).toEqual(["org_01A", "org_01C"]);
    expect(await login.q("select count(*)::int from memberships")).toBe(3);
  });
});

test("the application role holds no lock that delays a membership change", async () => {
  await login.tx(async () => {
    await login.init(database.issuer.token());
    await login.q("select pg_advisory_xact_lock(k) from generate_series(1, 100) k");
    await login.q("savepoint s");
    expect(await login.q("select * from memberships for update")).toBe("42501");
    await login.q("rollback to s");
    expect(await login.q("lock table memberships in share mode")).toBe("42501");
    await login.q("rollback to s");
    await change("set lock_timeout = '1s'");
    await change(ENDS["membership suspended"] ?? "");
    await change("select auth.rotate_seal_key()");
    expect(await login.q(COUNT)).toBe(0);
  });
});
