/** What becomes of one password digest. The digest itself is never part of a reason. */
export type DigestVerdict =
  | { carried: true; type: "bcrypt" | "argon2" | "pbkdf2"; convert: () => string }
  | { carried: false; reason: "hasher_without_form" | "below_floor" | "malformed_digest" };

const CEILING = 1_000_000;
const FLOOR = { sha256: 600_000, sha512: 210_000 } as const;

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
  switch (hasher) {
    case "bcrypt":
      return bcrypt(digest);
    case "argon2id":
    case "argon2i":
      return argon2(hasher, digest);
    case "pbkdf2_sha256":
      return pbkdf2(digest, "pbkdf2_sha256", "sha256", base64, base64);
    case "pbkdf2_sha256_django":
      return pbkdf2(digest, "pbkdf2_sha256", "sha256", utf8, base64);
    case "pbkdf2_sha512":
      return pbkdf2(digest, "pbkdf2_sha512", "sha512", utf8, hex);
    default:
      return { carried: false, reason: "hasher_without_form" };
  }
}

const MALFORMED = { carried: false, reason: "malformed_digest" } as const;
const BELOW_FLOOR = { carried: false, reason: "below_floor" } as const;

function bcrypt(digest: string): DigestVerdict {
  const found = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/.exec(digest);
  if (!found || Number(found[1]) < 4 || Number(found[1]) > 31) return MALFORMED;
  return { carried: true, type: "bcrypt", convert: () => digest };
}

function argon2(hasher: "argon2id" | "argon2i", digest: string): DigestVerdict {
  const found = /^\$(argon2id|argon2i)\$v=(\d+)\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)=*\$([A-Za-z0-9+/]+)=*$/.exec(digest);
  if (!found || found[1] !== hasher) return MALFORMED;
  const [version, memoryKiB, time, lanes] = [Number(found[2]), Number(found[3]), Number(found[4]), Number(found[5])];
  const leastTime = hasher === "argon2i" ? 3 : 1;
  const inside = version === 19 && memoryKiB >= 4096 && memoryKiB <= 262_144 && time >= leastTime && time <= 5 && lanes >= 1 && lanes <= 8;
  if (!inside) return BELOW_FLOOR;
  return { carried: true, type: "argon2", convert: () => `$${found[1]}$v=19$m=${memoryKiB},t=${time},p=${lanes}$${found[6]}$${found[7]}` };
}

type Decode = (text: string) => Buffer | undefined;
const base64: Decode = (text) => (/^[A-Za-z0-9+/]+={0,2}$/.test(text) ? Buffer.from(text, "base64") : undefined);
const hex: Decode = (text) => (/^([0-9a-fA-F]{2})+$/.test(text) ? Buffer.from(text, "hex") : undefined);
const utf8: Decode = (text) => (text.length > 0 ? Buffer.from(text, "utf8") : undefined);

function pbkdf2(digest: string, prefix: string, hash: "sha256" | "sha512", salt: Decode, key: Decode): DigestVerdict {
  const parts = digest.split("$");
  const [name, iterationText, saltText, keyText] = parts;
  if (parts.length !== 4 || name !== prefix || !iterationText || !/^\d{1,9}$/.test(iterationText)) return MALFORMED;
  const saltBytes = salt(saltText ?? "");
  const keyBytes = key(keyText ?? "");
  if (!saltBytes || !keyBytes) return MALFORMED;
  const iterations = Number(iterationText);
  if (iterations < FLOOR[hash] || iterations > CEILING) return BELOW_FLOOR;
  const unpadded = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
  return { carried: true, type: "pbkdf2", convert: () => `$pbkdf2$i=${iterations},d=${hash}$${unpadded(saltBytes)}$${unpadded(keyBytes)}` };
}
