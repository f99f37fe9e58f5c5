import { type Argon2Algorithm, argon2, createCipheriv, createHash, pbkdf2, randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { bcryptMatches } from "./bcrypt-pool.ts";

/** A password as the twin keeps it. The hash stays inside the closure: no listing of the state can show it. */
export interface StoredPassword {
  /** `password` for one set in plain text, else the `password_hash_type` it was imported with. */
  type: string;
  matches(password: string): Promise<boolean>;
}

const argon2Async = promisify(argon2);
const pbkdf2Async = promisify(pbkdf2);
const scryptAsync = promisify<string, Buffer, number, { N: number; r?: number; p?: number; maxmem?: number }, Buffer>(scrypt);

// The window WorkOS documents (docs migrate/other-services); bounds for bcrypt's cost are not documented.
const BCRYPT = /^\$2[aby]\$(?:0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;
const PBKDF2 = /^\$pbkdf2\$i=(\d{1,9}),d=(sha256|sha512)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const PBKDF2_FLOOR = { sha256: 600_000, sha512: 210_000 };
const PBKDF2_CEILING = 1_000_000;
const ARGON2 = /^\$(argon2id|argon2i)\$v=19\$m=(\d{1,9}),t=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const ARGON2_MEMORY_KIB = [4_096, 262_144] as const;
const ARGON2_PASSES = { argon2id: [1, 5], argon2i: [3, 5] } as const;
const ARGON2_LANES = [1, 8] as const;
// Of scrypt and ssha WorkOS documents the form and no bounds.
const SCRYPT = /^\$scrypt\$v=1\$n=(\d{1,8}),r=(\d{1,3}),p=(\d{1,3}),kl=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const FIREBASE = /^\$firebase-scrypt\$m=(\d{1,2}),r=(\d{1,2}),ss=([A-Za-z0-9+/]*),sk=([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/;
const SSHA = /^\{SSHA\}([A-Za-z0-9+/]+={0,2})$/;
const SCRYPT_N = [2 ** 10, 2 ** 20] as const;
const SCRYPT_R = [1, 32] as const;
const SCRYPT_P = [1, 16] as const;
const SHA1_BYTES = 20;
const SHORTEST_KEY_BYTES = 16;
const ARGON2_SHORTEST_SALT_BYTES = 8;

/**
 * Reads an imported hash in the form WorkOS documents for its type.
 *
 * @returns undefined when the type or the form is not known here, or a parameter lies outside the documented window
 */
export function readPasswordHash(type: string, hash: string): StoredPassword | undefined {
  if (type === "bcrypt") return readBcrypt(hash);
  if (type === "pbkdf2") return readPbkdf2(hash);
  if (type === "argon2") return readArgon2(hash);
  if (type === "scrypt") return readScrypt(hash);
  if (type === "firebase-scrypt") return readFirebaseScrypt(hash);
  if (type === "ssha") return readSsha(hash);
  return undefined;
}

/** Keeps a password that came in plain text as a cheap scrypt key: the twin is not a vault, it only must not keep the text. */
export async function keepPassword(password: string): Promise<StoredPassword> {
  const salt = randomBytes(16);
  const key = await scryptAsync(password, salt, 32, { N: 1_024 });
  return { type: "password", matches: async (candidate) => timingSafeEqual(key, await scryptAsync(candidate, salt, 32, { N: 1_024 })) };
}

function readBcrypt(hash: string): StoredPassword | undefined {
  if (!BCRYPT.test(hash)) return undefined;
  return { type: "bcrypt", matches: (password) => bcryptMatches(password, hash) };
}

function readPbkdf2(hash: string): StoredPassword | undefined {
  const [, iterationsText, digest, saltText, keyText] = PBKDF2.exec(hash) ?? [];
  if (digest !== "sha256" && digest !== "sha512") return undefined;
  const iterations = Number(iterationsText);
  const salt = fromBase64(saltText);
  const key = fromBase64(keyText);
  if (iterations < PBKDF2_FLOOR[digest] || iterations > PBKDF2_CEILING) return undefined;
  if (!salt || !key || key.length < SHORTEST_KEY_BYTES) return undefined;
  return {
    type: "pbkdf2",
    matches: async (password) => timingSafeEqual(key, await pbkdf2Async(password, salt, iterations, key.length, digest)),
  };
}

function readArgon2(hash: string): StoredPassword | undefined {
  const [, algorithm, memoryText, passesText, lanesText, saltText, keyText] = ARGON2.exec(hash) ?? [];
  if (algorithm !== "argon2id" && algorithm !== "argon2i") return undefined;
  const [memory, passes, parallelism] = [Number(memoryText), Number(passesText), Number(lanesText)];
  if (!within(memory, ARGON2_MEMORY_KIB) || !within(passes, ARGON2_PASSES[algorithm]) || !within(parallelism, ARGON2_LANES))
    return undefined;
  const nonce = fromBase64(saltText);
  const key = fromBase64(keyText);
  if (!nonce || nonce.length < ARGON2_SHORTEST_SALT_BYTES || !key || key.length < SHORTEST_KEY_BYTES) return undefined;
  const parameters = { nonce, memory, passes, parallelism, tagLength: key.length };
  return {
    type: "argon2",
    matches: async (password) =>
      timingSafeEqual(key, await argon2Async(algorithm satisfies Argon2Algorithm, { message: password, ...parameters })),
  };
}

function readScrypt(hash: string): StoredPassword | undefined {
  const [, nText, rText, pText, lengthText, saltText, keyText] = SCRYPT.exec(hash) ?? [];
  const [n, r, p] = [Number(nText), Number(rText), Number(pText)];
  const [salt, key] = [fromBase64(saltText), fromBase64(keyText)];
  if (!isScryptWindow(n, r, p) || !salt?.length || !key || key.length < SHORTEST_KEY_BYTES || key.length !== Number(lengthText))
    return undefined;
  const options = { N: n, r, p, maxmem: 256 * n * r + 2 ** 20 };
  return { type: "scrypt", matches: async (password) => timingSafeEqual(key, await scryptAsync(password, salt, key.length, options)) };
}

/** Firebase's own scrypt: the derived key encrypts the project's signer key (github.com/firebase/scrypt). */
function readFirebaseScrypt(hash: string): StoredPassword | undefined {
  const [, mText, rText, separatorText, signerText, saltText, keyText] = FIREBASE.exec(hash) ?? [];
  const [n, r] = [2 ** Number(mText), Number(rText)];
  const [separator, signer, salt, key] = [separatorText, signerText, saltText, keyText].map(fromBase64);
  if (!isScryptWindow(n, r, 1) || !separator || !signer || !salt?.length || !key) return undefined;
  if (key.length < SHORTEST_KEY_BYTES || key.length !== signer.length) return undefined;
  const options = { N: n, r, p: 1, maxmem: 256 * n * r + 2 ** 20 };
  return {
    type: "firebase-scrypt",
    matches: async (password) => {
      const derived = await scryptAsync(password, Buffer.concat([salt, separator]), 32, options);
      return timingSafeEqual(key, createCipheriv("aes-256-ctr", derived, Buffer.alloc(16)).update(signer));
    },
  };
}

function readSsha(hash: string): StoredPassword | undefined {
  const bytes = fromBase64(SSHA.exec(hash)?.[1]?.replace(/=+$/, ""));
  if (!bytes || bytes.length <= SHA1_BYTES) return undefined;
  const [key, salt] = [bytes.subarray(0, SHA1_BYTES), bytes.subarray(SHA1_BYTES)];
  return { type: "ssha", matches: async (password) => timingSafeEqual(key, createHash("sha1").update(password).update(salt).digest()) };
}

function isScryptWindow(n: number, r: number, p: number): boolean {
  return Number.isInteger(Math.log2(n)) && within(n, SCRYPT_N) && within(r, SCRYPT_R) && within(p, SCRYPT_P);
}

function within(value: number, [low, high]: readonly [number, number]): boolean {
  return value >= low && value <= high;
}

/** Base64 without `=`, refused when it is not what an encoder would write. */
function fromBase64(text: string | undefined): Buffer | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64").replace(/=+$/, "") === text ? bytes : undefined;
}
