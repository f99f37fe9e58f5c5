import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type GuardedDatabase, guardedDatabase } from "./testing/guarded-database.ts";

let database: GuardedDatabase;
beforeAll(async () => {
  database = await guardedDatabase();
});
afterAll(() => database.drop());

const modulus = (key: KeyObject) => Buffer.from(createPublicKey(key).export({ format: "jwk" }).n ?? "", "base64url");
const number = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);
async function verify(message: Buffer | null, signature: Buffer | null, n: bigint | null, bytes: number | null): Promise<boolean> {
  const { rows } = await database.owner.query<{ ok: boolean }>("select auth.rs256_verify($1, $2, $3::numeric, $4) as ok", [
    message,
    signature,
    n?.toString(),
    bytes,
  ]);
  return rows[0]?.ok as boolean;
}

describe.each([2048, 2560, 3072, 4096])("auth.rs256_verify, %i bits", (bits) => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const n = number(modulus(privateKey));

  test("takes what OpenSSL signed, and no other message or signature", async () => {
    for (const length of [0, 1, 55, 64, 1000]) {
      const message = randomBytes(length);
      const signature = sign("sha256", message, privateKey);
      expect(await verify(message, signature, n, bits / 8)).toBe(true);
      expect(await verify(Buffer.concat([message, Buffer.from([0])]), signature, n, bits / 8)).toBe(false);
      const spoilt = Buffer.from(signature);
      const at = Math.floor(Math.random() * spoilt.length);
      spoilt[at] = (spoilt[at] ?? 0) ^ 1;
      expect(await verify(message, spoilt, n, bits / 8)).toBe(false);
    }
  });

  test("refuses another digest, another padding, another length", async () => {
    const message = Buffer.from("m");
    const good = sign("sha256", message, privateKey);
    expect(await verify(message, sign("sha1", message, privateKey), n, bits / 8)).toBe(false);
    expect(await verify(message, sign("sha384", message, privateKey), n, bits / 8)).toBe(false);
    expect(await verify(message, sign("sha256", message, { key: privateKey, padding: 6 }), n, bits / 8)).toBe(false);
    expect(await verify(message, good.subarray(1), n, bits / 8)).toBe(false);
    expect(await verify(message, Buffer.concat([Buffer.alloc(1), good]), n, bits / 8)).toBe(false);
    expect(await verify(message, Buffer.concat([Buffer.alloc(1), good]), n, bits / 8 + 1)).toBe(false);
  });
});

test("s + n has the same residue and, here, the same length: refused", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const n = number(modulus(privateKey));
  // A signature small enough for s + n to have 256 bytes, too, comes after a few tries.
  for (let i = 0; ; i++) {
    const message = Buffer.from(String(i));
    const s = number(sign("sha256", message, privateKey)) + n;
    if (s >= 1n << 2048n) continue;
    const twin = Buffer.from(s.toString(16).padStart(512, "0"), "hex");
    expect(await verify(message, twin, n, 256)).toBe(false);
    break;
  }
});

test("refuses keys too small, and nulls", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const n = number(modulus(privateKey));
  const message = Buffer.from("m");
  const signature = sign("sha256", message, privateKey);
  expect(await verify(message, signature, n, 128)).toBe(false);
  expect(await verify(message, Buffer.concat([Buffer.alloc(128), signature]), n, 256)).toBe(false);
  const almost = generateKeyPairSync("rsa", { modulusLength: 2046 }).privateKey; // as many bytes as 2048 bits
  expect(await verify(message, sign("sha256", message, almost), number(modulus(almost)), 256)).toBe(false);
  expect(await verify(null, signature, n, 256)).toBe(false);
  expect(await verify(message, null, n, 256)).toBe(false);
  expect(await verify(message, signature, null, 256)).toBe(false);
  expect(await verify(message, signature, n, null)).toBe(false);
});
