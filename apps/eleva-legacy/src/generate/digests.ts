import { argon2Sync, createHash, pbkdf2Sync } from "node:crypto";
import { encodeBase64, hashSync } from "bcryptjs";
import type { Random } from "./random.ts";

/** `real` costs what a product pays; `cheap` is the least that WorkOS still takes, for tests. */
export type HashCost = "cheap" | "real";

export interface Digest {
  hasher: string;
  digest: string;
}

const ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const unpadded = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64").replace(/=+$/, "");

/** @param mark the prefix letter after `$2`: implementations write a, b or y for the same function */
export function bcrypt(random: Random, password: string, cost: HashCost, mark: "a" | "b" | "y" = "b"): Digest {
  const rounds = cost === "real" ? "10" : "04";
  const digest = hashSync(password, `$2b$${rounds}$${encodeBase64(random.bytes(16), 16)}`);
  return { hasher: "bcrypt", digest: `$2${mark}$${digest.slice(4)}` };
}

interface Argon2Cost {
  memory: number;
  passes: number;
  parallelism: number;
}

export function argon2Cost(cost: HashCost): Argon2Cost {
  return cost === "real" ? { memory: 19_456, passes: 2, parallelism: 1 } : { memory: 4096, passes: 1, parallelism: 1 };
}

export function argon2(
  random: Random,
  password: string,
  kind: "argon2id" | "argon2i",
  { memory, passes, parallelism }: Argon2Cost,
): Digest {
  const nonce = random.bytes(16);
  const hash = argon2Sync(kind, { message: Buffer.from(password), nonce, memory, passes, parallelism, tagLength: 32 });
  return { hasher: kind, digest: `$${kind}$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(nonce)}$${unpadded(hash)}` };
}

/** The salt is base64 in the digest, and its bytes are what was hashed. */
export function pbkdf2Sha256(random: Random, password: string, iterations = 600_000): Digest {
  const salt = random.bytes(16);
  const hash = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  return { hasher: "pbkdf2_sha256", digest: `pbkdf2_sha256$${iterations}$${salt.toString("base64")}$${hash.toString("base64")}` };
}

/** The same prefix as above, and the salt is text that was hashed as it stands. */
export function pbkdf2Sha256Django(random: Random, password: string, iterations = 600_000): Digest {
  const salt = random.text(22, ALPHANUMERIC);
  const hash = pbkdf2Sync(password, salt, iterations, 32, "sha256");
  return { hasher: "pbkdf2_sha256_django", digest: `pbkdf2_sha256$${iterations}$${salt}$${hash.toString("base64")}` };
}

/** Text salt, hex hash. */
export function pbkdf2Sha512(random: Random, password: string, iterations = 210_000): Digest {
  const salt = random.text(16, ALPHANUMERIC);
  const hash = pbkdf2Sync(password, salt, iterations, 64, "sha512");
  return { hasher: "pbkdf2_sha512", digest: `pbkdf2_sha512$${iterations}$${salt}$${hash.toString("hex")}` };
}

export function md5(password: string): Digest {
  return { hasher: "md5", digest: createHash("md5").update(password).digest("hex") };
}

/** Portable PHP hash; 2^11 rounds of md5 over salt and password. */
export function phpass(random: Random, password: string): Digest {
  const itoa64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const salt = random.text(8, itoa64);
  let hash = createHash("md5")
    .update(salt + password)
    .digest();
  for (let round = 0; round < 2048; round++) hash = createHash("md5").update(hash).update(password).digest();
  let text = "";
  for (let i = 0; i < 16; i += 3) {
    let word = (hash[i] as number) | ((hash[i + 1] ?? 0) << 8) | ((hash[i + 2] ?? 0) << 16);
    for (let n = 0; n < (i === 15 ? 2 : 4); n++) {
      text += itoa64[word & 63];
      word >>>= 6;
    }
  }
  return { hasher: "phpass", digest: `$P$9${salt}${text}` };
}

/** Django's bcrypt over the hex of sha256: plain bcrypt refuses the right password. */
export function bcryptSha256Django(random: Random, password: string, cost: HashCost): Digest {
  const inner = createHash("sha256").update(password).digest("hex");
  return { hasher: "bcrypt_sha256_django", digest: `bcrypt_sha256$${bcrypt(random, inner, cost).digest}` };
}
