import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { addIssuer, syncKeys, TenancyError } from "../index.ts";
import { passOnce } from "../keeper/pass.ts";
import { type GuardedDatabase, guardedDatabase, publishing } from "../testing/guarded-database.ts";
import { ISS, makeIssuer } from "../testing/issuer.ts";

const databases: GuardedDatabase[] = [];
let database: GuardedDatabase;
beforeEach(async () => {
  database = databases[0] ?? (await guardedDatabase());
  databases[0] = database;
  await database.owner.query("delete from auth.jwk");
  await syncKeys(database.owner, "workos", publishing([database.issuer.jwk]));
});
afterAll(() => Promise.all(databases.map((each) => each.drop())));

const keys = async () =>
  (
    await database.owner.query<{ kid: string; bytes: number; ends: number | null }>(
      "select kid, bytes, round(extract(epoch from not_after - clock_timestamp()))::int as ends from auth.jwk order by not_after nulls first, kid",
    )
  ).rows;
const outcome = async (token: string) => {
  const login = await database.connect();
  return login.tx(() => login.init(token));
};

describe("syncKeys", () => {
  test("asks the pinned address, and only that", async () => {
    const asked: unknown[] = [];
    await syncKeys(database.owner, "workos", async (url, options) => {
      asked.push([url, options?.redirect]);
      return Response.json({ keys: [database.issuer.jwk] });
    });
    expect(asked).toEqual([["https://api.workos.com/sso/jwks/client_01TEST", "error"]]);
  });

  test.each([2048, 3072, 4096])("a key of %i bits verifies", async (bits) => {
    const issuer = makeIssuer({ bits });
    expect(await syncKeys(database.owner, "workos", publishing([issuer.jwk]))).toEqual({ current: 1, ignored: 0 });
    expect(await outcome(issuer.token())).toBeUndefined();
  });

  test("rotation: the old key stays for the longest life of a token, then is unknown", async () => {
    const next = makeIssuer();
    await syncKeys(database.owner, "workos", publishing([next.jwk]));
    expect(await keys()).toMatchObject([
      { kid: next.kid, ends: null },
      { kid: database.issuer.kid, ends: 3610 },
    ]);
    expect(await outcome(database.issuer.token())).toBeUndefined();
    expect(await outcome(next.token())).toBeUndefined();
    await syncKeys(database.owner, "workos", publishing([next.jwk])); // does not begin the overlap anew
    await database.owner.query("update auth.jwk set not_after = now() - interval '1 second' where kid = $1", [database.issuer.kid]);
    expect(await outcome(database.issuer.token())).toBe("RJ004");
    await syncKeys(database.owner, "workos", publishing([next.jwk, database.issuer.jwk]));
    expect(await outcome(database.issuer.token())).toBeUndefined(); // it came back
  });

  const OUTAGES: Record<string, [answer: typeof fetch, code: string]> = {
    "no answer": [() => Promise.reject(new TypeError("fetch failed")), "unreachable"],
    "status 500": [async () => new Response("{}", { status: 500 }), "unreachable"],
    "no JSON": [async () => new Response("<html>"), "bad_keys"],
    "no key set": [async () => Response.json({ error: "x" }), "bad_keys"],
    "an empty set": [publishing([]), "bad_keys"],
    "keys of another kind": [
      publishing([{ kty: "EC", kid: "a" }, { ...makeIssuer().jwk, use: "enc" }, { ...makeIssuer().jwk, alg: "PS256" }, null]),
      "bad_keys",
    ],
    "exponent 3": [publishing([{ ...makeIssuer().jwk, e: "Aw" }]), "bad_keys"],
    "1024 bits": [publishing([makeIssuer({ bits: 1024 }).jwk]), "bad_keys"],
    "an even modulus": [publishing([{ ...makeIssuer().jwk, n: Buffer.alloc(256, 0xfe).toString("base64url") }]), "bad_keys"],
    "a modulus with leading zeros": [
      publishing([{ ...makeIssuer().jwk, n: Buffer.concat([Buffer.alloc(1), Buffer.alloc(256, 0xff)]).toString("base64url") }]),
      "bad_keys",
    ],
    "a modulus that is no base64url": [publishing([{ ...makeIssuer().jwk, n: "!" }]), "bad_keys"],
    "one kid twice": [publishing([makeIssuer({ kid: "k" }).jwk, makeIssuer({ kid: "k" }).jwk]), "bad_keys"],
  };
  test.each(Object.entries(OUTAGES))("%s: nothing changes, known keys stay good", async (_name, [answer, code]) => {
    const before = await keys();
    const failed = syncKeys(database.owner, "workos", answer);
    await expect(failed).rejects.toBeInstanceOf(TenancyError);
    await expect(failed).rejects.toMatchObject({ code });
    expect(await keys()).toEqual(before);
    expect(await outcome(database.issuer.token())).toBeUndefined();
  });

  test("a key that its set rules out is left out and named: not for verifying, or with a private part in the open", async () => {
    const open = makeIssuer({ kid: "open" });
    const ruledOut = (kid: string, over: object) => ({ ...makeIssuer({ kid }).jwk, ...over });
    const good = makeIssuer({ kid: "good" });
    const synced = await syncKeys(
      database.owner,
      "workos",
      publishing([
        { ...good.jwk, key_ops: ["verify"] },
        ruledOut("signs", { key_ops: ["sign"] }),
        ruledOut("wraps", { key_ops: ["wrapKey", "encrypt"] }),
        ruledOut("nothing", { key_ops: [] }),
        ruledOut("no list", { key_ops: "verify" }),
        ruledOut("enc", { use: "enc" }),
        { ...open.jwk, d: "AQAB" },
        ruledOut("half", { qi: "AQAB" }),
        { kty: "EC", kid: "ec", crv: "P-256", x: "AA", y: "AA", d: "AA" },
        { kty: "oct", kid: "shared", k: "AA" },
      ]),
    );
    const not = (...kids: string[]) => kids.map((kid) => ({ kid, reason: "not_for_verifying" }));
    const shown = (...kids: string[]) => kids.map((kid) => ({ kid, reason: "private_part" }));
    expect(synced).toEqual({
      current: 1,
      ignored: 9,
      refused: [...not("signs", "wraps", "nothing", "no list", "enc"), ...shown("open", "half", "ec", "shared")],
    });
    expect((await keys()).filter(({ ends }) => ends === null).map(({ kid }) => kid)).toEqual(["good"]);
    expect(await outcome(open.token())).toBe("RJ004");
    await expect(syncKeys(database.owner, "workos", publishing([{ ...open.jwk, d: "AQAB" }]))).rejects.toMatchObject({
      code: "bad_keys",
      message: expect.stringContaining("private part"),
    });
    const passed = await passOnce(database.owner, {
      schema: "auth",
      syncEverySeconds: 0,
      fetch: publishing([good.jwk, { ...open.jwk, d: "AQAB" }]),
    });
    expect(passed).toMatchObject({ synced: ["workos"], refused: [{ issuer: "workos", kid: "open", reason: "private_part" }] });
  });

  test("as the keys job, which may do nothing else", async () => {
    await database.owner.query("set role rehome_keys");
    try {
      expect(await syncKeys(database.owner, "workos", publishing([database.issuer.jwk]))).toEqual({ current: 1, ignored: 0 });
    } finally {
      await database.owner.query("reset role");
    }
  });

  test("a kid never changes its key", async () => {
    const thief = makeIssuer({ kid: database.issuer.kid });
    await expect(syncKeys(database.owner, "workos", publishing([thief.jwk]))).rejects.toMatchObject({
      code: "bad_keys",
      sqlstate: "RJ005",
    });
    expect(await outcome(thief.token())).toBe("RJ006");
  });

  test("an issuer that does not exist", async () => {
    await expect(syncKeys(database.owner, "nobody", publishing([]))).rejects.toMatchObject({ code: "install_refused" });
  });
});

describe("addIssuer", () => {
  const WORKOS = { iss: [ISS], kind: "workos" as const, jwksUrl: "https://api.workos.com/sso/jwks/client_01TEST" };

  test("again changes it; spellings no longer listed go; keys stay", async () => {
    const older = "https://api.workos.com";
    expect(await addIssuer(database.owner, { ...WORKOS, iss: [ISS, older], maxLifetimeSeconds: 600 })).toBe("workos");
    expect(await outcome(database.issuer.token({ iss: older }))).toBeUndefined();
    const now = Math.floor(Date.now() / 1000);
    expect(await outcome(database.issuer.token({ iat: now, exp: now + 601 }))).toBe("RJ012");
    await addIssuer(database.owner, WORKOS);
    expect(await outcome(database.issuer.token({ iss: older }))).toBe("RJ010");
    expect(await outcome(database.issuer.token())).toBeUndefined();
  });

  test.each([
    ["another issuer's spelling", { ...WORKOS, name: "thief" }],
    ["no spelling", { ...WORKOS, iss: [] }],
    ["a leeway of an hour", { ...WORKOS, leewaySeconds: 3600 }],
    ["tokens of ten years", { ...WORKOS, maxLifetimeSeconds: 315_360_000 }],
    ["an address that is none", { ...WORKOS, jwksUrl: "sso/jwks" }],
  ])("refuses %s and changes nothing", async (_name, issuer) => {
    const all = async () =>
      (await database.owner.query("select i.*, s.iss from auth.issuer i join auth.issuer_iss s on s.issuer = i.name")).rows;
    const before = await all();
    await expect(addIssuer(database.owner, issuer)).rejects.toMatchObject({ code: "install_refused" });
    expect(await all()).toEqual(before);
  });
});
