import { startClerkTwin } from "@rehome/sandbox";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addIssuer, disableIssuer, type MappedIdentity, mapIdentities, syncKeys } from "./index.ts";
import { type Answer, type Attacker, type GuardedDatabase, guardedDatabase, publishing } from "./testing/guarded-database.ts";
import { makeIssuer, type TestIssuer } from "./testing/issuer.ts";

const CLERK = "https://clerk.eleva.test";
const AZP = "https://eleva.test";
let database: GuardedDatabase;
let login: Attacker;
let clerk: TestIssuer;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
  clerk = makeIssuer({ kid: "ins_2test", iss: CLERK });
  await addIssuer(database.owner, {
    iss: [CLERK],
    kind: "clerk",
    jwksUrl: "https://api.clerk.test/v1/jwks",
    azp: [AZP, "https://www.eleva.test"],
  });
  await syncKeys(database.owner, "clerk", publishing([clerk.jwk]));
  await mapIdentities(database.owner, "clerk", [{ sub: "user_2clerkA", userId: "user_01A", orgId: "org_01A" }]);
});
afterAll(() => database.drop());

/** A session token of version 2, as FACTS of the service describe it. */
const token = (over: Record<string, unknown> = {}) => {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: CLERK,
    sub: "user_2clerkA",
    sid: "sess_2a",
    azp: AZP,
    v: 2,
    fva: [0, -1],
    jti: "x",
    iat: now,
    nbf: now - 10,
    exp: now + 60,
  };
  return clerk.raw({ alg: "RS256", typ: "JWT", kid: clerk.kid, cat: "cl_B7d4PD111AAA" }, { ...claims, ...over });
};
const outcome = (jwt: string) => login.tx(async () => (await login.init(jwt)) ?? (await login.q("select auth.org_id()")));

test("a token of the old issuer opens what the map and the mirror say", async () => {
  await login.tx(async () => {
    expect(await login.init(token())).toBeUndefined();
    expect(await login.q("select auth.user_id()")).toBe("user_01A");
    expect(await login.q("select auth.org_id()")).toBe("org_01A");
    expect(await login.q("select auth.role()")).toBe("member");
    expect(await login.q("select auth.permissions()")).toEqual(["notes:read"]);
    expect(await login.q("select count(*)::int from note")).toBe(500);
    expect(await login.q("select auth.session()")).toMatchObject({
      iss: CLERK,
      sub: "user_01A",
      sid: "sess_2a",
      org_id: "org_01A",
      role: "member",
    });
  });
});

// None of Clerk's own words about organizations counts: neither version 2 nor the older claims, nor WorkOS's.
const WORDS: Record<string, Record<string, unknown>> = {
  "another organization, version 2": { o: { id: "org_01B", slg: "b", rol: "admin", per: "manage", fpm: "1" }, fea: "o:x" },
  "another organization, version 1": { v: 1, org_id: "org_01B", org_slug: "b", org_role: "org:admin", org_permissions: ["org:a:b"] },
  "an organization that is no text": { org_id: { a: 1 } },
  "a role and permissions": { role: "owner", roles: ["owner"], permissions: ["*"] },
};
test.each(Object.entries(WORDS))("what the token says does not count: %s", async (_name, over) => {
  await login.tx(async () => {
    expect(await login.init(token(over))).toBeUndefined();
    expect(await login.q("select auth.org_id()")).toBe("org_01A");
    expect(await login.q("select auth.permissions()")).toEqual(["notes:read"]);
    const session = (await login.q("select auth.session()")) as Record<string, unknown>;
    expect(session).toMatchObject({ org_id: "org_01A", role: "member", permissions: ["notes:read"] });
    for (const name of ["o", "roles", "org_slug", "org_role", "org_permissions"]) expect(session).not.toHaveProperty(name);
  });
});

const REFUSED: Record<string, [over: Record<string, unknown>, sqlstate: string]> = {
  "a person who has not moved": [{ sub: "user_2clerkB" }, "RJ016"],
  "a WorkOS user id as sub": [{ sub: "user_01A" }, "RJ016"],
  "an azp that is not on the list": [{ azp: "https://evil.test" }, "RJ017"],
  "an azp with a slash more": [{ azp: `${AZP}/` }, "RJ017"],
  "no azp": [{ azp: undefined }, "RJ017"],
  "azp as array": [{ azp: [AZP] }, "RJ017"],
  "azp null": [{ azp: null }, "RJ017"],
  "a pending session": [{ sts: "pending" }, "RJ018"],
  "a status nobody knows": [{ sts: 1 }, "RJ018"],
  impersonation: [{ act: { sub: "admin" } }, "RJ007"],
  "no sid": [{ sid: undefined }, "RJ007"],
  "a token that lives longer than five minutes": [{ exp: Math.floor(Date.now() / 1000) + 900 }, "RJ012"],
};
test.each(Object.entries(REFUSED))("refused: %s", async (_name, [over, sqlstate]) => {
  expect(await outcome(token(over))).toBe(sqlstate);
});

test("an origin that is not set is none, and never all of them", async () => {
  const clerkOf = (azp: readonly unknown[]) =>
    addIssuer(database.owner, { iss: [CLERK], kind: "clerk", jwksUrl: "https://api.clerk.test/v1/jwks", azp: azp as string[] });
  for (const nothing of [undefined, null, ""]) {
    await expect(clerkOf([AZP, nothing])).rejects.toMatchObject({
      code: "install_refused",
      message: expect.stringContaining("azp is empty"),
    });
  }
  await expect(database.owner.query("update auth.issuer set azp = azp || null::text where name = 'clerk'")).rejects.toMatchObject({
    code: "23514",
  });
  // A row that came in some other way: the check itself does not take it for everybody.
  await database.owner.query(
    "begin; alter table auth.issuer drop constraint issuer_azp_whole; update auth.issuer set azp = azp || null::text where name = 'clerk'",
  );
  const asked = async (azp: string) => {
    await database.owner.query("savepoint s");
    const answer = await database.owner.query("select auth.jwt_session_init($1)", [token({ azp })]).then(
      () => "opens",
      ({ code }) => code,
    );
    await database.owner.query("rollback to s");
    return answer;
  };
  expect([await asked("https://evil.test"), await asked(AZP)]).toEqual(["RJ017", "opens"]);
  await database.owner.query("rollback");
});

test("accepted: a session said to be active, and every azp of the list", async () => {
  expect(await outcome(token({ sts: "active", azp: "https://www.eleva.test" }))).toBe("org_01A");
});

test("WorkOS's tokens need no azp and are not translated", async () => {
  await mapIdentities(database.owner, "clerk", [{ sub: "user_01B", userId: "user_01A", orgId: "org_01A" }]);
  expect(await outcome(database.issuer.token({ sub: "user_01B", org_id: "org_01B" }))).toBe("org_01B");
});

test("a suspended person and a revoked session come in by no issuer", async () => {
  await database.owner.query("insert into auth.revoked_session values ('sess_2gone', now() + interval '1 hour')");
  expect(await outcome(token({ sid: "sess_2gone" }))).toBe("RJ009");
  await login.tx(async () => {
    await login.init(token());
    await database.owner.query("update memberships set status = 'inactive' where workos_user_id = 'user_01A'");
    expect(await login.q("select auth.org_id()")).toBeNull();
  });
  expect(await outcome(token())).toBeNull();
  await database.owner.query("update memberships set status = 'active'");
});

describe("the identity map", () => {
  test("is written set-based, again, and by 12,000 at once", async () => {
    const people = function* (userId: string): Generator<MappedIdentity> {
      for (let i = 0; i < 12_000; i++) yield { sub: `user_2many${i}`, userId, orgId: "org_01A" };
    };
    expect(await mapIdentities(database.owner, "clerk", people("user_01X"))).toBe(12_000);
    expect(await mapIdentities(database.owner, "clerk", people("user_01A"))).toBe(12_000);
    expect(await outcome(token({ sub: "user_2many11999" }))).toBe("org_01A");
    expect(await mapIdentities(database.owner, "clerk", [])).toBe(0);
  });

  test("by the mover, and by nobody else", async () => {
    await database.owner.query("set role rehome_mover");
    expect(await mapIdentities(database.owner, "clerk", [{ sub: "user_2m", userId: "user_01A", orgId: "org_01A" }])).toBe(1);
    await database.owner.query("set role rehome_keys");
    await expect(mapIdentities(database.owner, "clerk", [{ sub: "user_2m", userId: "user_01B", orgId: "org_01B" }])).rejects.toMatchObject({
      code: "forbidden",
    });
    await database.owner.query("reset role");
  });

  const POISON: Record<string, [issuer: string, rows: MappedIdentity[]]> = {
    "for an issuer that is not Clerk's": ["workos", [{ sub: "user_01A", userId: "user_01B", orgId: "org_01B" }]],
    "for nobody's issuer": ["nobody", [{ sub: "a", userId: "b", orgId: "c" }]],
    "a control character that would move the border of a seal's parts": [
      "clerk",
      [{ sub: "a", userId: "user_01A\x1forg_01B", orgId: "c" }],
    ],
    "an empty organization": ["clerk", [{ sub: "a", userId: "b", orgId: "" }]],
    "one person twice": [
      "clerk",
      [
        { sub: "a", userId: "b", orgId: "c" },
        { sub: "a", userId: "d", orgId: "e" },
      ],
    ],
  };
  test.each(Object.entries(POISON))("refuses %s", async (_name, [issuer, rows]) => {
    await expect(mapIdentities(database.owner, issuer, rows)).rejects.toMatchObject({ code: "install_refused" });
  });

  test("a ticket dies when its person's row goes or changes", async () => {
    const one = { sub: "user_2t", userId: "user_01A", orgId: "org_01A" };
    await mapIdentities(database.owner, "clerk", [one]);
    const ticket = await login.tx(() => login.q("select auth.jwt_session_ticket($1)", [token({ sub: one.sub })]));
    const opens = () => login.tx(() => login.ticket(ticket));
    expect(await opens()).toBeUndefined();
    await mapIdentities(database.owner, "clerk", [{ ...one, orgId: "org_01B" }]);
    expect(await opens()).toBe("RJ015");
    await mapIdentities(database.owner, "clerk", [one]);
    expect(await opens()).toBeUndefined();
    await database.owner.query("delete from auth.identity_map where sub = 'user_2t'");
    expect(await opens()).toBe("RJ015");
  });
});

test("addIssuer refuses Clerk without azp, and azp without Clerk", async () => {
  const issuer = { name: "x", iss: ["https://x.test"], jwksUrl: "https://x.test/jwks" };
  for (const wrong of [
    { ...issuer, kind: "clerk" as const },
    { ...issuer, kind: "clerk" as const, azp: [] },
    { ...issuer, kind: "workos" as const, azp: [AZP] },
  ])
    await expect(addIssuer(database.owner, wrong)).rejects.toMatchObject({ code: "install_refused" });
});

test("tokens of the Clerk twin", async () => {
  const twin = await startClerkTwin({ authorizedParty: AZP });
  try {
    const post = async (path: string, body: unknown, headers: Record<string, string>) => {
      const response = await fetch(twin.url + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      return (await response.json()) as Record<string, string>;
    };
    const made = await post(
      "/v1/users",
      { email_address: ["ana@eleva.test"], skip_password_requirement: true },
      { authorization: `Bearer ${twin.secretKey}` },
    );
    const signIn = async () =>
      (await post("/__twin/sessions", { user_id: made["id"] }, { "x-twin-admin": twin.adminToken }))["token"] ?? "";
    await addIssuer(database.owner, { name: "twin", iss: [twin.url], kind: "clerk", jwksUrl: `${twin.url}/v1/jwks`, azp: [AZP] });
    await syncKeys(database.owner, "twin", (url, options) =>
      fetch(url, { ...options, headers: { ...options?.headers, authorization: `Bearer ${twin.secretKey}` } }),
    );
    expect(await outcome(await signIn())).toBe("RJ016");
    await mapIdentities(database.owner, "twin", [{ sub: made["id"] ?? "", userId: "user_01B", orgId: "org_01B" }]);
    expect(await outcome(await signIn())).toBe("org_01B");
    expect(await outcome(`${(await signIn()).slice(0, -8)}AAAAAAAA`)).toMatch(/^RJ00[26]$/);
  } finally {
    await twin.stop();
  }
});

test("disableIssuer: tokens and tickets are refused from the next statement, in open transactions too; adding it again leaves it so", async () => {
  const jwt = token();
  const ticket: Answer = await login.tx(() => login.q("select auth.jwt_session_ticket($1)", [jwt]));
  await login.tx(async () => {
    expect(await login.init(jwt)).toBeUndefined();
    await login.q("savepoint s");
    expect(await disableIssuer(database.owner, "clerk")).toBe(true);
    expect(await login.init(jwt)).toBe("RJ010");
    await login.q("rollback to s");
    expect(await login.ticket(ticket)).toBe("RJ015");
    await login.q("rollback to s");
    expect(await login.init(database.issuer.token())).toBeUndefined(); // the other issuer goes on
  });
  await addIssuer(database.owner, { iss: [CLERK], kind: "clerk", jwksUrl: "https://api.clerk.test/v1/jwks", azp: [AZP] });
  expect(await outcome(jwt)).toBe("RJ010");
  expect(await disableIssuer(database.owner, "nobody")).toBe(false);
});
