import { argon2Sync, pbkdf2Sync } from "node:crypto";
import bcryptjs from "bcryptjs";
import { expect, test } from "vitest";
import { PBKDF2_ABOVE_CEILING, PBKDF2_AT_FLOOR } from "./dear-digests.ts";
import { argon2, argon2Cost, bcrypt, bcryptSha256Django, pbkdf2Sha256, pbkdf2Sha256Django, pbkdf2Sha512, phpass } from "./digests.ts";
import { Random } from "./random.ts";

const random = new Random("digests");
const PASSWORD = "segredo çã 😀";

test.each(["a", "b", "y"] as const)("bcrypt $2%s opens with its password and with no other", (mark) => {
  const { digest } = bcrypt(random, PASSWORD, "cheap", mark);
  expect(digest).toMatch(new RegExp(`^\\$2${mark}\\$04\\$.{53}$`));
  expect(bcryptjs.compareSync(PASSWORD, digest)).toBe(true);
  expect(bcryptjs.compareSync(`${PASSWORD}.`, digest)).toBe(false);
});

test.each(["argon2id", "argon2i"] as const)("%s is a PHC string over salt and password", (kind) => {
  const { digest } = argon2(random, PASSWORD, kind, { ...argon2Cost("cheap"), passes: 3 });
  const [, name, version, cost, salt, hash] = digest.split("$");
  expect([name, version, cost]).toEqual([kind, "v=19", "m=4096,t=3,p=1"]);
  const message = Buffer.from(PASSWORD);
  const again = argon2Sync(kind, {
    message,
    nonce: Buffer.from(salt as string, "base64"),
    memory: 4096,
    passes: 3,
    parallelism: 1,
    tagLength: 32,
  });
  expect(Buffer.from(hash as string, "base64")).toEqual(again);
});

test("the three PBKDF2 forms differ in salt and hash as their hashers prescribe", () => {
  const [, , salt, hash] = pbkdf2Sha256(random, PASSWORD, 1000).digest.split("$") as [string, string, string, string];
  expect(hash).toBe(pbkdf2Sync(PASSWORD, Buffer.from(salt, "base64"), 1000, 32, "sha256").toString("base64"));

  const [, , text, django] = pbkdf2Sha256Django(random, PASSWORD, 1000).digest.split("$") as [string, string, string, string];
  expect(django).toBe(pbkdf2Sync(PASSWORD, text, 1000, 32, "sha256").toString("base64"));
  expect(django).not.toBe(pbkdf2Sync(PASSWORD, Buffer.from(text, "base64"), 1000, 32, "sha256").toString("base64"));

  const [, , plain, hex] = pbkdf2Sha512(random, PASSWORD, 1000).digest.split("$") as [string, string, string, string];
  expect(hex).toBe(pbkdf2Sync(PASSWORD, plain, 1000, 64, "sha512").toString("hex"));
});

test.each([...PBKDF2_AT_FLOOR, PBKDF2_ABOVE_CEILING])(
  "the digest of $hasher that was computed once is right",
  ({ hasher, password, digest }) => {
    const [, iterations, salt, hash] = digest.split("$") as [string, string, string, string];
    const bytes = hasher === "pbkdf2_sha256" ? Buffer.from(salt, "base64") : salt;
    const sha512 = hasher === "pbkdf2_sha512";
    const again = pbkdf2Sync(password, bytes, Number(iterations), sha512 ? 64 : 32, sha512 ? "sha512" : "sha256");
    expect(again.toString(sha512 ? "hex" : "base64")).toBe(hash);
  },
);

test("phpass and Django's bcrypt over sha256 have their own forms", () => {
  expect(phpass(random, PASSWORD).digest).toMatch(/^\$P\$9[./0-9A-Za-z]{30}$/);
  const { digest } = bcryptSha256Django(random, PASSWORD, "cheap");
  expect(digest).toMatch(/^bcrypt_sha256\$\$2b\$04\$/);
  expect(bcryptjs.compareSync(PASSWORD, digest.slice("bcrypt_sha256$".length))).toBe(false);
});
