import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { addIssuer, syncKeys } from "./index.ts";
import { type Attacker, type GuardedDatabase, guardedDatabase, publishing } from "./testing/guarded-database.ts";
import { ISS, makeIssuer, part, signText, type TestIssuer } from "./testing/issuer.ts";

let database: GuardedDatabase;
let login: Attacker;
let issuer: TestIssuer;
let good: string;

beforeAll(async () => {
  database = await guardedDatabase();
  login = await database.connect();
  issuer = database.issuer;
  good = issuer.token();
});
afterAll(() => database.drop());

const now = () => Math.floor(Date.now() / 1000);
const header = () => ({ alg: "RS256", kid: issuer.kid });
const pieces = () => good.split(".") as [string, string, string];
const withSignature = (bytes: Buffer) => `${pieces()[0]}.${pieces()[1]}.${bytes.toString("base64url")}`;
const signature = () => Buffer.from(pieces()[2], "base64url");
const modulus = () => BigInt(`0x${Buffer.from(issuer.jwk.n, "base64url").toString("hex")}`);
const number = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);
const bytes = (value: bigint, length: number) => Buffer.from(value.toString(16).padStart(length * 2, "0"), "hex");
const payloadText = (change: (json: string) => string, over = {}) =>
  signText(`${part(header())}.${part(change(JSON.stringify(issuer.claims(over))))}`, issuer.privateKey);
const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 });
const signed = (digest: string, key: Parameters<typeof sign>[2]) => {
  const message = `${pieces()[0]}.${pieces()[1]}`;
  return `${message}.${sign(digest, Buffer.from(message), key).toString("base64url")}`;
};

const REFUSED: Record<string, [token: () => string | null, sqlstate: string]> = {
  "no token": [() => null, "RJ002"],
  "empty text": [() => "", "RJ002"],
  "one part": [() => "x", "RJ002"],
  "four parts": [() => `${good}.x`, "RJ002"],
  "9 KB": [() => issuer.token({ x: "y".repeat(9000) }), "RJ001"],
  "20 MB": [() => "a".repeat(2e7), "RJ001"],
  "alg none, no signature": [() => `${part({ alg: "none", kid: issuer.kid })}.${pieces()[1]}.`, "RJ003"],
  "RS256, no signature": [() => `${pieces()[0]}.${pieces()[1]}.`, "RJ002"],
  "alg none": [() => `${part({ alg: "none", kid: issuer.kid })}.${pieces()[1]}.${pieces()[2]}`, "RJ003"],
  "HS256 with the public key": [
    () => {
      const message = `${part({ alg: "HS256", kid: issuer.kid })}.${pieces()[1]}`;
      const secret = issuer.publicKey.export({ type: "spki", format: "pem" });
      return `${message}.${createHmac("sha256", secret).update(message).digest("base64url")}`;
    },
    "RJ003",
  ],
  "PS256 named": [() => `${part({ alg: "PS256", kid: issuer.kid })}.${pieces()[1]}.${pieces()[2]}`, "RJ003"],
  "RS512 named": [() => issuer.raw({ alg: "RS512", kid: issuer.kid }, issuer.claims()), "RJ003"],
  "alg in lower case": [() => issuer.raw({ alg: "rs256", kid: issuer.kid }, issuer.claims()), "RJ003"],
  "alg as array": [() => issuer.raw({ alg: ["RS256"], kid: issuer.kid }, issuer.claims()), "RJ003"],
  "no alg": [() => issuer.raw({ kid: issuer.kid }, issuer.claims()), "RJ003"],
  "crit header": [() => issuer.raw({ ...header(), crit: ["x"] }, issuer.claims()), "RJ003"],
  "unknown kid": [() => issuer.raw({ alg: "RS256", kid: "x" }, issuer.claims()), "RJ004"],
  "kid injection": [() => issuer.raw({ alg: "RS256", kid: "' or '1'='1" }, issuer.claims()), "RJ004"],
  "kid as array": [() => issuer.raw({ alg: "RS256", kid: [issuer.kid] }, issuer.claims()), "RJ004"],
  "no kid": [() => issuer.raw({ alg: "RS256" }, issuer.claims()), "RJ004"],
  "other key, embedded jwk": [
    () => issuer.raw({ ...header(), jwk: stranger.publicKey.export({ format: "jwk" }) }, issuer.claims(), stranger.privateKey),
    "RJ006",
  ],
  "other key, same kid": [() => issuer.raw(header(), issuer.claims(), stranger.privateKey), "RJ006"],
  "s + n": [() => withSignature(bytes(number(signature()) + modulus(), 257)), "RJ006"],
  "s = n": [() => withSignature(bytes(modulus(), 256)), "RJ006"],
  "s = n + 1": [() => withSignature(bytes(modulus() + 1n, 256)), "RJ006"],
  "s = 0": [() => withSignature(Buffer.alloc(256)), "RJ006"],
  "s = 1": [() => withSignature(bytes(1n, 256)), "RJ006"],
  "s = n - 1": [() => withSignature(bytes(modulus() - 1n, 256)), "RJ006"],
  "n - s": [() => withSignature(bytes(modulus() - number(signature()), 256)), "RJ006"],
  "leading zero byte": [() => withSignature(Buffer.concat([Buffer.alloc(1), signature()])), "RJ006"],
  "cut by a byte": [() => withSignature(signature().subarray(0, 255)), "RJ006"],
  "a byte more": [() => withSignature(Buffer.concat([signature(), Buffer.alloc(1)])), "RJ006"],
  "SHA-1": [() => signed("sha1", issuer.privateKey), "RJ006"],
  "SHA-512": [() => signed("sha512", issuer.privateKey), "RJ006"],
  "PSS padding": [() => signed("sha256", { key: issuer.privateKey, padding: 6, saltLength: 32 }), "RJ006"],
  "stray bits in the last character": [() => good.slice(0, -1) + String.fromCharCode(good.charCodeAt(good.length - 1) + 1), "RJ002"],
  "line feed at the end": [() => `${good}\n`, "RJ002"],
  "line feed inside": [() => good.replace(".", ".\n"), "RJ002"],
  "padding =": [() => `${good}==`, "RJ002"],
  "base64 of the other alphabet": [() => good.replace(/[-_]/g, (c) => (c === "-" ? "+" : "/")), "RJ002"],
  "duplicate sub": [() => payloadText((json) => json.replace("{", '{"sub":"user_01B",')), "RJ002"],
  "duplicate by escape": [() => payloadText((json) => json.replace("{", '{"\\u0073ub":"user_01B",')), "RJ002"],
  "duplicate inside act": [() => payloadText((json) => json.replace("{", '{"act":{"sub":"a","sub":"b"},')), "RJ002"],
  "duplicate alg in the header": [
    () => signText(`${part(`{"alg":"none","alg":"RS256","kid":"${issuer.kid}"}`)}.${pieces()[1]}`, issuer.privateKey),
    "RJ002",
  ],
  "NUL in sub": [() => issuer.token({ sub: "user_01A\u0000B" }), "RJ002"],
  "broken UTF-8": [() => signText(`${part(header())}.${part(Buffer.from([0x7b, 0xff, 0x7d]))}`, issuer.privateKey), "RJ002"],
  "lone surrogate": [() => payloadText((json) => json.replace("user_01A", "\\ud800")), "RJ002"],
  "payload is an array": [() => signText(`${part(header())}.${part("[1]")}`, issuer.privateKey), "RJ002"],
  "payload is no JSON": [() => signText(`${part(header())}.${part("{x}")}`, issuer.privateKey), "RJ002"],
  "nested 5,800 deep": [() => signText(`${part(header())}.${part("[".repeat(2900) + "]".repeat(2900))}`, issuer.privateKey), "RJ002"],
  "objects nested 900 deep, no issuer": [
    () => signText(`${part(header())}.${part(`${'{"a":'.repeat(900)}1${"}".repeat(900)}`)}`, issuer.privateKey),
    "RJ010",
  ],
  "other issuer": [() => issuer.token({ iss: "https://evil.test" }), "RJ010"],
  "issuer with a slash more": [() => issuer.token({ iss: `${ISS}/` }), "RJ010"],
  "iss as array": [() => issuer.token({ iss: [ISS] }), "RJ010"],
  "no iss": [() => issuer.token({ iss: undefined }), "RJ010"],
  "sub as array": [() => issuer.token({ sub: ["user_01A"] }), "RJ007"],
  "a separator of seals in sub": [() => issuer.token({ sub: "user_01A\u001forg_01B" }), "RJ007"],
  "a separator of seals in sid": [() => issuer.token({ sid: "s\u001e" }), "RJ007"],
  "a separator of seals in org_id": [() => issuer.token({ org_id: "org_01B\u001fsession" }), "RJ007"],
  "empty sub": [() => issuer.token({ sub: "" }), "RJ007"],
  "no sub": [() => issuer.token({ sub: undefined }), "RJ007"],
  "no sid": [() => issuer.token({ sid: undefined }), "RJ007"],
  "sid as number": [() => issuer.token({ sid: 1 }), "RJ007"],
  "org_id as object": [() => issuer.token({ org_id: { a: 1 } }), "RJ007"],
  "org_id null": [() => issuer.token({ org_id: null }), "RJ007"],
  "empty org_id": [() => issuer.token({ org_id: "" }), "RJ007"],
  "exp as text": [() => issuer.token({ exp: "9999999999" }), "RJ007"],
  "no exp": [() => issuer.token({ exp: undefined }), "RJ007"],
  "no iat": [() => issuer.token({ iat: undefined }), "RJ007"],
  "nbf as text": [() => issuer.token({ nbf: "1" }), "RJ007"],
  "exp 1e300": [() => payloadText((json) => json.replace('"exp":7', '"exp":1e300'), { exp: 7 }), "RJ007"],
  "exp 1e200000": [() => payloadText((json) => json.replace('"exp":7', '"exp":1e200000'), { exp: 7 }), "RJ002"],
  "exp before iat": [() => issuer.token({ iat: now(), exp: now() - 1 }), "RJ007"],
  expired: [() => issuer.token({ iat: now() - 360, exp: now() - 60 }), "RJ008"],
  "expired by more than the leeway": [() => issuer.token({ iat: now() - 300, exp: now() - 6 }), "RJ008"],
  "iat in an hour": [() => issuer.token({ iat: now() + 3600, exp: now() + 3900 }), "RJ011"],
  "nbf in an hour": [() => issuer.token({ nbf: now() + 3600 }), "RJ011"],
  "exp in ten years": [() => issuer.token({ exp: now() + 315_360_000 }), "RJ012"],
  "lives a second longer than the cap": [() => issuer.token({ iat: now(), exp: now() + 3601 }), "RJ012"],
};

test.each(Object.entries(REFUSED))("refused: %s", async (_name, [token, sqlstate]) => {
  expect(await login.tx(async () => await login.init(token()))).toBe(sqlstate);
});

const ACCEPTED: Record<string, () => string> = {
  "the shape of real WorkOS tokens: no aud, no client_id": () => good,
  "with aud, which this issuer does not look at": () => issuer.token({ aud: "anything", client_id: "client_X" }),
  "within the leeway": () => issuer.token({ iat: now() - 300, exp: now() - 2 }),
  "clock of the issuer ahead within the leeway": () => issuer.token({ iat: now() + 3, nbf: now() + 3 }),
  "lives as long as the cap": () => issuer.token({ iat: now(), exp: now() + 3600 }),
  "fractions of a second": () => issuer.token({ iat: now() - 0.5, exp: now() + 299.5 }),
  "unknown claims and unicode": () => issuer.token({ feature_flags: ["\u{1F600}"], entitlements: [], name: "Zoë" }),
};

test.each(Object.entries(ACCEPTED))("accepted: %s", async (_name, token) => {
  expect(await login.tx(async () => [await login.init(token()), await login.q("select auth.org_id()")])).toEqual([undefined, "org_01A"]);
});

test("accepted: signed by jose, an implementation not ours", async () => {
  const { iat, exp, ...claims } = issuer.claims();
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "RS256", kid: issuer.kid })
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(issuer.privateKey);
  expect(await login.tx(async () => [await login.init(token), await login.q("select auth.user_id()")])).toEqual([undefined, "user_01A"]);
});

describe("issuers", () => {
  const OTHER = "https://id.partner.test";
  let other: TestIssuer;
  beforeAll(async () => {
    other = makeIssuer({ kid: issuer.kid, iss: OTHER }); // the same kid, on purpose
    await addIssuer(database.owner, {
      name: "partner",
      iss: [OTHER, `${OTHER}/v2`],
      kind: "oidc",
      jwksUrl: "https://id.partner.test/jwks",
      audience: "eleva",
    });
    await syncKeys(database.owner, "partner", publishing([other.jwk]));
  });
  const outcome = (token: string) => login.tx(() => login.init(token));

  test("two issuers with the same kid: each key signs for its own issuer only", async () => {
    expect(await outcome(other.token({ aud: "eleva" }))).toBeUndefined();
    expect(await outcome(issuer.token())).toBeUndefined();
    expect(await outcome(other.token({ aud: "eleva", iss: ISS }))).toBe("RJ006");
    expect(await outcome(issuer.token({ aud: "eleva", iss: OTHER }))).toBe("RJ006");
  });

  test("a key known only to another issuer is unknown", async () => {
    const fresh = makeIssuer({ iss: OTHER });
    await syncKeys(database.owner, "partner", publishing([other.jwk, fresh.jwk]));
    expect(await outcome(fresh.token({ aud: "eleva" }))).toBeUndefined();
    expect(await outcome(fresh.token({ iss: ISS }))).toBe("RJ004");
  });

  test("every spelling of iss that the issuer lists", async () => {
    expect(await outcome(other.token({ iss: `${OTHER}/v2`, aud: "eleva" }))).toBeUndefined();
  });

  test("aud counts where the issuer sets one", async () => {
    expect(await outcome(other.token({ aud: ["x", "eleva"] }))).toBeUndefined();
    expect(await outcome(other.token())).toBe("RJ007");
    expect(await outcome(other.token({ aud: "x" }))).toBe("RJ007");
    expect(await outcome(other.token({ aud: { eleva: 1 } }))).toBe("RJ007");
  });

  test("act is for WorkOS only, and shows", async () => {
    expect(await outcome(other.token({ aud: "eleva", act: { sub: "admin" } }))).toBe("RJ007");
    const session = await login.tx(async () => {
      await login.init(issuer.token({ act: { sub: "support" } }));
      return login.q("select auth.session()");
    });
    expect(session).toMatchObject({ sub: "user_01A", act: { sub: "support" } });
  });

  test("iss and kid are text: a number is not the text of it", async () => {
    const seven = makeIssuer({ kid: "7", iss: "7" });
    await addIssuer(database.owner, { name: "seven", iss: ["7"], kind: "oidc", jwksUrl: "https://seven.test/jwks" });
    await syncKeys(database.owner, "seven", publishing([seven.jwk]));
    expect(await outcome(seven.token())).toBeUndefined();
    expect(await outcome(seven.token({ iss: 7 }))).toBe("RJ010");
    expect(await outcome(seven.raw({ alg: "RS256", kid: 7 }, seven.claims()))).toBe("RJ004");
  });

  test("a disabled issuer is unknown", async () => {
    await database.owner.query("update auth.issuer set enabled = false where name = 'partner'");
    expect(await outcome(other.token({ aud: "eleva" }))).toBe("RJ010");
    await database.owner.query("update auth.issuer set enabled = true where name = 'partner'");
  });
});
