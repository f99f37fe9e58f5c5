import { argon2Sync, createHash, pbkdf2Sync, timingSafeEqual } from "node:crypto";
import { compare } from "bcryptjs";

/**
 * Whether a password fits a digest, by the forms of Clerk's `password_hasher` values (user-creation API of @clerk/backend 3.25.0).
 *
 * @returns undefined for a hasher that the twin cannot compute
 */
export async function passwordFits(password: string, hasher: string, digest: string): Promise<boolean | undefined> {
  const compute = HASHERS[hasher];
  if (!compute) return undefined;
  try {
    return await compute(password, digest);
  } catch {
    return false; // a digest that is not one fits no password
  }
}

const HASHERS: Record<string, (password: string, digest: string) => boolean | Promise<boolean>> = {
  bcrypt: (password, digest) => compare(password, digest),
  argon2i: argon2,
  argon2id: argon2,
  pbkdf2_sha256: (password, digest) => pbkdf2(password, digest, "sha256", "base64", "base64"),
  pbkdf2_sha256_django: (password, digest) => pbkdf2(password, digest, "sha256", "utf8", "base64"),
  pbkdf2_sha512: (password, digest) => pbkdf2(password, digest, "sha512", "utf8", "hex"),
  pbkdf2_sha512_hex: (password, digest) => pbkdf2(password, digest, "sha512", "hex", "hex"),
  md5: (password, digest) => same(createHash("md5").update(password).digest(), Buffer.from(digest, "hex")),
  sha256: (password, digest) => same(createHash("sha256").update(password).digest(), Buffer.from(digest, "hex")),
};

function argon2(password: string, digest: string): boolean {
  const found = /^\$(argon2id|argon2i)\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([^$=]+)=*\$([^$=]+)=*$/.exec(digest);
  if (!found) return false;
  const [, algorithm, memory, passes, parallelism, salt, hash] = found as unknown as [
    string,
    "argon2id" | "argon2i",
    string,
    string,
    string,
    string,
    string,
  ];
  const expected = Buffer.from(hash, "base64");
  const nonce = Buffer.from(salt, "base64");
  const options = {
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: expected.length,
  };
  return same(argon2Sync(algorithm, { message: password, nonce, ...options }), expected);
}

function pbkdf2(password: string, digest: string, hash: "sha256" | "sha512", saltForm: BufferEncoding, keyForm: BufferEncoding): boolean {
  const [, iterations, salt, key] = digest.split("$");
  const expected = Buffer.from(key ?? "", keyForm);
  return same(pbkdf2Sync(password, Buffer.from(salt ?? "", saltForm), Number(iterations), expected.length, hash), expected);
}

function same(a: Buffer, b: Buffer): boolean {
  return a.length > 0 && a.length === b.length && timingSafeEqual(a, b);
}
