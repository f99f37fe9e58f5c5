/** What becomes of one password digest. The digest itself is never part of a reason. */
export type DigestVerdict =
  | { carried: true; type: "bcrypt" | "argon2" | "pbkdf2" | "scrypt" | "firebase-scrypt" | "ssha"; convert: () => string }
  | { carried: false; reason: "hasher_without_form" | "below_floor" | "malformed_digest" };

const CEILING = 1_000_000;
const FLOOR = { sha256: 600_000, sha512: 210_000 } as const;
/** Not documented by WorkOS: what argon2's own libraries and the twin ask for. A shorter one ends a run, so it is found here. */
const LEAST_KEY_BYTES = 16;
const LEAST_ARGON2_SALT_BYTES = 8;
const SHA1_BYTES = 20;

/**
 * Judges whether WorkOS takes a Clerk digest, and how it must be written for it.
 *
 * Rules: docs/dispositions.md. WorkOS's forms and limits: its guide "Migrate from other services"; Clerk's forms: the hasher names of its
 * user-creation API. A hasher decides how the salt is read, never the prefix: Django and Clerk write the same prefix and mean another salt.
 *
 * @param hasher Clerk's `password_hasher`
 * @param digest Clerk's `password_digest`
 */
export function judgeDigest(hasher: string, digest: string): DigestVerdict {
  const text = digest.trim();
  switch (nameOfHasher(hasher)) {
    case "bcrypt":
      return bcrypt(text);
    case "argon2id":
      return argon2("argon2id", text);
    case "argon2i":
      return argon2("argon2i", text);
    case "pbkdf2_sha256":
      return pbkdf2(text, ["pbkdf2_sha256"], "sha256", base64, base64);
    case "pbkdf2_sha256_django":
      return pbkdf2(text, ["pbkdf2_sha256"], "sha256", utf8, base64);
    case "pbkdf2_sha512":
      return pbkdf2(text, ["pbkdf2_sha512"], "sha512", utf8, hex);
    case "pbkdf2_sha512_hex":
      return pbkdf2(text, ["pbkdf2_sha512", "pbkdf2_sha512_hex"], "sha512", hex, hex);
    case "scrypt_werkzeug":
      return scryptOfWerkzeug(text);
    case "scrypt_firebase":
      return scryptOfFirebase(text);
    case "ldap_ssha":
      return ssha(text);
    default:
      return { carried: false, reason: "hasher_without_form" };
  }
}

/** Clerk's word, whatever case and white space somebody's editor gave it. */
export function nameOfHasher(hasher: string): string {
  return hasher.replace(/^[\s\p{C}]+|[\s\p{C}]+$/gu, "").toLowerCase();
}

const MALFORMED = { carried: false, reason: "malformed_digest" } as const;
const BELOW_FLOOR = { carried: false, reason: "below_floor" } as const;

function bcrypt(digest: string): DigestVerdict {
  const found = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/.exec(digest);
  if (!found || Number(found[1]) < 4 || Number(found[1]) > 31) return MALFORMED;
  return { carried: true, type: "bcrypt", convert: () => digest };
}

function argon2(name: "argon2id" | "argon2i", digest: string): DigestVerdict {
  const found = /^\$(argon2id|argon2i)\$v=(\d+)\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+=*)\$([A-Za-z0-9+/]+=*)$/.exec(digest);
  const [salt, key] = [base64(found?.[6] ?? ""), base64(found?.[7] ?? "")];
  if (!found || found[1] !== name || !salt || !key) return MALFORMED;
  const [version, memoryKiB, time, lanes] = [Number(found[2]), Number(found[3]), Number(found[4]), Number(found[5])];
  const leastTime = name === "argon2i" ? 3 : 1;
  const inside = version === 19 && memoryKiB >= 4096 && memoryKiB <= 262_144 && time >= leastTime && time <= 5 && lanes >= 1 && lanes <= 8;
  if (!inside || salt.length < LEAST_ARGON2_SALT_BYTES || key.length < LEAST_KEY_BYTES) return BELOW_FLOOR;
  return {
    carried: true,
    type: "argon2",
    convert: () => `$${name}$v=19$m=${memoryKiB},t=${time},p=${lanes}$${unpadded(salt)}$${unpadded(key)}`,
  };
}

type Decode = (text: string) => Buffer | undefined;
/** Only what an encoder would write, with or without `=`: what has other bits in its last letter is refused by WorkOS. */
const base64: Decode = (text) => {
  const bytes = Buffer.from(text, "base64");
  return bytes.length > 0 && unpadded(bytes) === text.replace(/={1,2}$/, "") ? bytes : undefined;
};
const anyBase64: Decode = (text) => base64(text.replaceAll("-", "+").replaceAll("_", "/"));
const hex: Decode = (text) => (/^([0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, "hex") : undefined);
const utf8: Decode = (text) => (text.length > 0 ? Buffer.from(text, "utf8") : undefined);
const unpadded = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");

function pbkdf2(digest: string, prefixes: readonly string[], hash: "sha256" | "sha512", saltOf: Decode, keyOf: Decode): DigestVerdict {
  const [name, iterationText, saltText, keyText, ...more] = digest.split("$");
  if (more.length > 0 || !name || !prefixes.includes(name) || !iterationText || !/^\d{1,9}$/.test(iterationText)) return MALFORMED;
  const [salt, key] = [saltOf(saltText ?? ""), keyOf(keyText ?? "")];
  if (!salt || !key) return MALFORMED;
  const iterations = Number(iterationText);
  if (iterations < FLOOR[hash] || iterations > CEILING || key.length < LEAST_KEY_BYTES) return BELOW_FLOOR;
  return { carried: true, type: "pbkdf2", convert: () => `$pbkdf2$i=${iterations},d=${hash}$${unpadded(salt)}$${unpadded(key)}` };
}

/** `scrypt:N:r:p$text salt$hex key`; WorkOS wants N itself, not its logarithm. */
function scryptOfWerkzeug(digest: string): DigestVerdict {
  const found = /^scrypt:(\d{1,8}):(\d{1,3}):(\d{1,3})\$([^$]+)\$([0-9a-fA-F]+)$/.exec(digest);
  const key = hex(found?.[5] ?? "");
  if (!found || !key) return MALFORMED;
  const [n, r, p] = [Number(found[1]), Number(found[2]), Number(found[3])];
  if (!isScryptWindow(n, r, p) || key.length < LEAST_KEY_BYTES) return BELOW_FLOOR;
  const salt = unpadded(Buffer.from(found[4] as string, "utf8"));
  return { carried: true, type: "scrypt", convert: () => `$scrypt$v=1$n=${n},r=${r},p=${p},kl=${key.length}$${salt}$${unpadded(key)}` };
}

/** `hash$salt$signer key$salt separator$rounds$memory cost`, base64 of either alphabet. */
function scryptOfFirebase(digest: string): DigestVerdict {
  const [hashText, saltText, signerText, separatorText, rounds, cost, ...more] = digest.split("$");
  const [hash, salt, signer] = [anyBase64(hashText ?? ""), anyBase64(saltText ?? ""), anyBase64(signerText ?? "")];
  const separator = separatorText === "" ? Buffer.alloc(0) : anyBase64(separatorText ?? "");
  if (more.length > 0 || !hash || !salt || !signer || !separator || !/^\d{1,2}$/.test(rounds ?? "") || !/^\d{1,2}$/.test(cost ?? ""))
    return MALFORMED;
  const [r, m] = [Number(rounds), Number(cost)];
  // AES in counter mode makes the hash as long as the signer key.
  if (hash.length !== signer.length) return MALFORMED;
  if (!isScryptWindow(2 ** m, r, 1) || hash.length < LEAST_KEY_BYTES) return BELOW_FLOOR;
  const form = `$firebase-scrypt$m=${m},r=${r},ss=${unpadded(separator)},sk=${unpadded(signer)}$${unpadded(salt)}$${unpadded(hash)}`;
  return { carried: true, type: "firebase-scrypt", convert: () => form };
}

/** WorkOS names no bounds; these are what a server can compute in a second, and the twin has the same. */
function isScryptWindow(n: number, r: number, p: number): boolean {
  return Number.isInteger(Math.log2(n)) && n >= 1024 && n <= 2 ** 20 && r >= 1 && r <= 32 && p >= 1 && p <= 16;
}

function ssha(digest: string): DigestVerdict {
  const found = /^\{SSHA\}([A-Za-z0-9+/]+={0,2})$/.exec(digest);
  const bytes = base64(found?.[1] ?? "");
  if (!bytes || bytes.length <= SHA1_BYTES) return MALFORMED;
  return { carried: true, type: "ssha", convert: () => digest };
}
