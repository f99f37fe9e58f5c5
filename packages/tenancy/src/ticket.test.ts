import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { addIssuer, disableIssuer, syncKeys } from "./index.ts";
import { type Answer, type Attacker, type GuardedDatabase, guardedDatabase, publishing } from "./testing/guarded-database.ts";
import { ISS, makeIssuer } from "./testing/issuer.ts";
import { PART, readSealKey, SEALED, sealOf } from "./testing/seal.ts";

let database: GuardedDatabase;
let login: Attacker;
const WORKOS = { iss: [ISS], kind: "workos" as const, jwksUrl: "https://api.workos.com/sso/jwks/client_01TEST" };

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await database.owner.query("update auth.issuer set enabled = true; delete from auth.revoked_session; delete from auth.jwk");
  await addIssuer(database.owner, WORKOS);
  await syncKeys(database.owner, "workos", publishing([database.issuer.jwk]));
});

const now = () => Math.floor(Date.now() / 1000);
const give = (token = database.issuer.token()) => login.tx(() => login.q("select auth.jwt_session_ticket($1)", [token]));
/** What a ticket opens in a transaction of its own: the organization, or the SQLSTATE. */
const opens = (ticket: Answer) => login.tx(async () => (await login.ticket(ticket)) ?? (await login.q("select auth.org_id()")));
const bodyOf = (ticket: Answer) => String(ticket).split(SEALED)[1] ?? "";
/** t2 · until · end of the identity · generation · mark of revocations · issuer · its revision · kid · sub; then user · organization · session. */
const head = (ticket: Answer) => bodyOf(ticket).split(SECTION)[0]?.split(PART) ?? [];
const SECTION = "\x1d";

describe("a ticket", () => {
  test("binds the identity of its token, with claims, role and everything else", async () => {
    const seen = async () => [
      await login.q("select auth.user_id()"),
      await login.q("select auth.org_id()"),
      await login.q("select auth.role()"),
      await login.q("select auth.permissions()"),
      await login.q("select auth.session()"),
      await login.q("select count(*)::int from note"),
    ];
    const token = database.issuer.token({ act: { sub: "support" }, name: "Zo\u00eb \u{1F600}" });
    const byToken = await login.tx(async () => {
      await login.init(token);
      return seen();
    });
    expect(byToken).toContainEqual(expect.objectContaining({ act: { sub: "support" }, name: "Zo\u00eb \u{1F600}" }));
    const ticket = await login.tx(async () => {
      const given = await login.q("select auth.jwt_session_ticket($1)", [token]);
      expect(await seen()).toEqual(byToken);
      return given;
    });
    expect(
      await login.tx(async () => {
        expect(await login.ticket(ticket)).toBeUndefined();
        return seen();
      }),
    ).toEqual(byToken);
  });

  test("works in another session and in a READ ONLY transaction, as often as one likes", async () => {
    const ticket = await give();
    const other = await database.connect();
    await other.q("begin read only; set local role authenticated");
    expect(await other.ticket(ticket)).toBeUndefined();
    expect(await other.q("select auth.org_id()")).toBe("org_01A");
    await other.q("rollback");
    expect([await opens(ticket), await opens(ticket)]).toEqual(["org_01A", "org_01A"]);
  });

  test("lives 5 minutes, and never longer than its token", async () => {
    const until = async (exp: number) => Number(head(await give(database.issuer.token({ exp })))[1]);
    expect(Math.abs((await until(now() + 3000)) - now() - 300)).toBeLessThan(3);
    const exp = now() + 60;
    expect(await until(exp)).toBe(exp + 5);
    expect(head(await give(database.issuer.token({ exp })))[2]).toBe(String(exp + 5));
  });

  test("needs READ COMMITTED (RJ013)", async () => {
    const ticket = await give();
    await login.q("begin isolation level serializable; set local role authenticated");
    expect(await login.ticket(ticket)).toBe("RJ013");
    await login.q("rollback");
  });
});

describe("it dies (RJ015) with", () => {
  const DEATHS: Record<string, () => Promise<unknown>> = {
    "the rotation of the seal key": () => database.owner.query("select auth.rotate_seal_key()"),
    "two rotations of the seal key": () => database.owner.query("select auth.rotate_seal_key(), auth.rotate_seal_key()"),
    "its key, removed": () => database.owner.query("delete from auth.jwk"),
    "its key, removed by TRUNCATE": () => database.owner.query("truncate auth.jwk"),
    "its issuer, removed by TRUNCATE": () => database.owner.query("truncate auth.issuer cascade"),
    "its key, past its overlap": () => database.owner.query("update auth.jwk set not_after = now() - interval '1 second'"),
    "its issuer, disabled": () => disableIssuer(database.owner, "workos"),
    "a change of its issuer by hand": () => database.owner.query("update auth.issuer set max_lifetime_s = 3599"),
    "its issuer, disabled and enabled again": () =>
      database.owner.query("update auth.issuer set enabled = false; update auth.issuer set enabled = true"),
    "a spelling of its issuer that goes": () => database.owner.query("delete from auth.issuer_iss"),
    "another issuer in the place of its own": async () => {
      await database.owner.query("delete from auth.issuer");
      await addIssuer(database.owner, WORKOS);
      await syncKeys(database.owner, "workos", publishing([database.issuer.jwk]));
    },
    "a change of its issuer": () => addIssuer(database.owner, { ...WORKOS, maxLifetimeSeconds: 3600 }),
  };
  test.each(Object.entries(DEATHS))("%s", async (_name, end) => {
    const ticket = await give();
    expect(await opens(ticket)).toBe("org_01A");
    await end();
    expect(await opens(ticket)).toBe("RJ015");
  });

  test("not with a rotation of its issuer's keys that leaves its own in overlap", async () => {
    const ticket = await give();
    await syncKeys(database.owner, "workos", publishing([makeIssuer().jwk]));
    expect(await opens(ticket)).toBe("org_01A");
  });
});

// A ticket with the current mark of revocations is not looked up: what ends one must move the mark, or keep the ticket from having one.
describe("the mark of a ticket", () => {
  const current = async () => (await database.owner.query<{ n: string }>("select last_value::text as n from auth.revoked")).rows[0]?.n;
  const markOf = (ticket: Answer) => head(ticket)[4];

  test("is the current one, and reading the same keys again does not move it", async () => {
    const ticket = await give();
    expect(markOf(ticket)).toBe(await current());
    await syncKeys(database.owner, "workos", publishing([database.issuer.jwk]));
    await database.owner.query("select auth.keys_due('0 seconds')");
    await syncKeys(database.owner, "workos", publishing([database.issuer.jwk, makeIssuer().jwk])); // one more ends nothing
    expect(markOf(ticket)).toBe(await current());
  });

  test("is none for a key in its overlap: nobody tells when that is over", async () => {
    await database.owner.query("update auth.jwk set not_after = clock_timestamp() + interval '1 hour'");
    const ticket = await give();
    expect(markOf(ticket)).toBe("-1");
    expect(await opens(ticket)).toBe("org_01A");
  });

  test.each([
    ["its issuer, disabled", "update auth.issuer set enabled = false"],
    ["its key, removed", "delete from auth.jwk"],
    ["its session, revoked", "insert into auth.revoked_session values ('session_01A', now() + interval '1 hour')"],
  ])("hides nothing that commits after the ticket was given: %s", async (_name, end) => {
    for (const constraints of ["deferred", "immediate"]) {
      const before = await give();
      const writer = await database.superuser();
      try {
        await writer.query(`begin; set constraints all ${constraints}`);
        await writer.query(end);
        const meanwhile = await give();
        if (constraints === "immediate") expect(markOf(meanwhile)).toBe("-1"); // the sequence has moved, nothing has committed
        expect([await opens(before), await opens(meanwhile)]).toEqual(["org_01A", "org_01A"]);
        await writer.query("commit");
        const refused = end.includes("revoked_session") ? "RJ009" : "RJ015";
        expect([await opens(before), await opens(meanwhile)]).toEqual([refused, refused]);
      } finally {
        await writer.end();
      }
      await database.owner.query("update auth.issuer set enabled = true; delete from auth.revoked_session");
      await syncKeys(database.owner, "workos", publishing([database.issuer.jwk]));
    }
  });

  test("an identity bound by ticket sees a session revoked later, with the mark or without", async () => {
    const ticket = await give();
    for (const sid of ["session_other", "session_01A"]) {
      await login.tx(async () => {
        expect(await login.ticket(ticket)).toBeUndefined();
        expect(await login.q("select auth.org_id()")).toBe("org_01A");
        await database.owner.query("select auth.revoke_session($1)", [sid]);
        expect(await login.q("select auth.org_id()")).toBe(sid === "session_other" ? "org_01A" : null);
      });
    }
  });
});

test("a revoked session is refused by ticket, too (RJ009)", async () => {
  const ticket = await give();
  await database.owner.query("select auth.revoke_session('session_01A')");
  expect(await opens(ticket)).toBe("RJ009");
  expect(await opens(await give(database.issuer.token({ sid: "session_other" })))).toBe("org_01A");
});

test("a suspended member gets what anonymous gets, as by token", async () => {
  const ticket = await give();
  await database.owner.query("update memberships set status = 'inactive'");
  expect(await opens(ticket)).toBeNull();
  await database.owner.query("update memberships set status = 'active'");
});

describe("refused as RJ015", () => {
  const reseal = async (body: string) => sealOf(await readSealKey(database.owner), "t", body) + SEALED + body;
  const inHead = (ticket: Answer, place: number, value: string) => {
    const [, ...rest] = bodyOf(ticket).split(SECTION);
    return [head(ticket).with(place, value).join(PART), ...rest].join(SECTION);
  };
  const unsealed = (ticket: Answer, body: string) => String(ticket).split(SEALED)[0] + SEALED + body;
  const changed = (ticket: Answer, from: string, to: string) => {
    expect(bodyOf(ticket)).toContain(from);
    return unsealed(ticket, bodyOf(ticket).replace(from, to));
  };
  const FORGED: Record<string, (ticket: Answer) => Answer | Promise<Answer>> = {
    nothing: () => null,
    "empty text": () => "",
    "a word": () => "x",
    "a token": () => database.issuer.token(),
    "20 MB": () => "0".repeat(2e7),
    "a ticket cut short": (ticket) => String(ticket).slice(0, -5),
    "a ticket with something behind it": (ticket) => `${String(ticket)} `,
    "another user": (ticket) => changed(ticket, `${SECTION}user_01A`, `${SECTION}user_01B`),
    "another organization": (ticket) => changed(ticket, `${PART}org_01A`, `${PART}org_01B`),
    "another session": (ticket) => changed(ticket, `${PART}session_01A`, `${PART}session_01B`),
    "a longer life": (ticket) => unsealed(ticket, inHead(ticket, 1, "9999999999")),
    "another mark of revocations": (ticket) => unsealed(ticket, inHead(ticket, 4, "999")),
    "another issuer": (ticket) => unsealed(ticket, inHead(ticket, 5, "other")),
    "other claims": (ticket) => String(ticket).replace("user_01A", "user_01B"),
    "another slot": (ticket) => (String(ticket).startsWith("0") ? "1" : "0") + String(ticket).slice(1),
    "the seal of an identity": () =>
      login.tx(async () => {
        await login.init(database.issuer.token());
        return await login.q("select current_setting('auth.identity')");
      }),
    "the seal of claims": () =>
      login.tx(async () => {
        await login.init(database.issuer.token());
        return await login.q("select current_setting('auth.claims')");
      }),
    "one past its end": (ticket) => reseal(inHead(ticket, 1, String(now() - 1))),
    "one of another version": (ticket) => reseal(inHead(ticket, 0, "t1")),
    "one of another generation of the key": (ticket) => reseal(inHead(ticket, 3, "0")),
  };
  test.each(Object.entries(FORGED))("%s", async (_name, forge) => {
    const ticket = await give();
    expect(await opens(ticket)).toBe("org_01A");
    const forged = await forge(ticket);
    expect(await opens(forged)).toBe("RJ015");
  });

  test("the test could seal one: node's HMAC under the right key opens", async () => {
    const body = bodyOf(await give()).replace(`${SECTION}user_01A${PART}org_01A`, `${SECTION}user_01B${PART}org_01B`);
    const ticket = await reseal(body);
    expect(await opens(ticket)).toBe("org_01B");
  });
});

test("a ticket is no seal: set as an identity it opens nothing", async () => {
  const ticket = await give();
  expect(
    await login.tx(async () => {
      await login.q("select set_config('auth.identity', $1, true)", [ticket]);
      return await login.q("select count(*)::int from note");
    }),
  ).toBe(0);
});

test("a refused ticket leaves no earlier identity behind", async () => {
  await login.tx(async () => {
    await login.init(database.issuer.token());
    await login.q("savepoint s");
    expect(await login.ticket("x")).toBe("RJ015");
    await login.q("rollback to s"); // Postgres ends the statement's effects with it
    expect(await login.q("select auth.org_id()")).toBe("org_01A");
    await login.q("do $$ begin perform auth.ticket_session_init('x'); exception when sqlstate 'RJ015' then null; end $$");
    expect(await login.q("select auth.org_id()")).toBe("org_01A");
  });
});
