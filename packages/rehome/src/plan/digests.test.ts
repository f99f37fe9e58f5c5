import { argon2Sync, pbkdf2Sync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeDigest } from "./digests.ts";

const verdict = (hasher: string, digest: string) => {
  const judged = judgeDigest(hasher, digest);
  return judged.carried ? judged.type : judged.reason;
};

test.each([
  ["bcrypt", `$2a$10$${"a".repeat(53)}`, "bcrypt"],
  ["bcrypt", `$2y$31$${"a".repeat(53)}`, "bcrypt"],
  ["bcrypt", `$2x$10$${"a".repeat(53)}`, "malformed_digest"],
  ["bcrypt", `$2b$03$${"a".repeat(53)}`, "malformed_digest"],
  ["bcrypt", `$2b$10$${"a".repeat(52)}`, "malformed_digest"],
  ["bcrypt", `$2b$10$${"a".repeat(53)}\n`, "malformed_digest"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "argon2"],
  ["argon2id", "$argon2i$v=19$m=19456,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "malformed_digest"],
  ["argon2i", "$argon2i$v=19$m=19456,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "argon2"],
  ["argon2i", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "below_floor"],
  ["argon2id", "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "below_floor"],
  ["argon2id", "$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "below_floor"],
  ["argon2id", "$argon2id$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "malformed_digest"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$c2FsdA==$aGFzaA==", "pbkdf2"],
  ["pbkdf2_sha256", "pbkdf2_sha256$1000001$c2FsdA==$aGFzaA==", "below_floor"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$not base64$aGFzaA==", "malformed_digest"],
  ["pbkdf2_sha256_django", "pbkdf2_sha256$600000$text salt$aGFzaA==", "pbkdf2"],
  ["pbkdf2_sha512", "pbkdf2_sha512$210000$salt$00ff", "pbkdf2"],
  ["pbkdf2_sha512", "pbkdf2_sha512$209999$salt$00ff", "below_floor"],
  ["pbkdf2_sha512", "pbkdf2_sha512$210000$salt$0", "malformed_digest"],
  ["pbkdf2_sha512", "pbkdf2_sha512$210000$salt$00ff$more", "malformed_digest"],
  ["bcrypt_sha256_django", "bcrypt_sha256$$2b$12$whatever", "hasher_without_form"],
  ["md5", "5f4dcc3b5aa765d61d8327deb882cf99", "hasher_without_form"],
  ["", "", "hasher_without_form"],
])("%s %s: %s", (hasher, digest, expected) => {
  expect(verdict(hasher, digest)).toBe(expected);
});

/** Reads WorkOS's documented form with node:crypto, by another route than the conversion. */
function acceptsPbkdf2(form: string, password: string): boolean {
  const found = /^\$pbkdf2\$i=(\d+),d=(sha256|sha512)\$([^$=]+)\$([^$=]+)$/.exec(form);
  if (!found) return false;
  const hash = Buffer.from(found[4] ?? "", "base64");
  return pbkdf2Sync(password, Buffer.from(found[3] ?? "", "base64"), Number(found[1]), hash.length, found[2] ?? "").equals(hash);
}

test("a converted PBKDF2 digest accepts the old password and refuses another", () => {
  const cases = [
    [
      "pbkdf2_sha256",
      (p: string, s: Buffer) =>
        `pbkdf2_sha256$600000$${s.toString("base64")}$${pbkdf2Sync(p, s, 600_000, 32, "sha256").toString("base64")}`,
    ],
    [
      "pbkdf2_sha256_django",
      (p: string, s: Buffer) =>
        `pbkdf2_sha256$600000$${s.toString("hex")}$${pbkdf2Sync(p, s.toString("hex"), 600_000, 32, "sha256").toString("base64")}`,
    ],
    [
      "pbkdf2_sha512",
      (p: string, s: Buffer) =>
        `pbkdf2_sha512$210000$${s.toString("hex")}$${pbkdf2Sync(p, s.toString("hex"), 210_000, 64, "sha512").toString("hex")}`,
    ],
  ] as const;
  for (const [hasher, make] of cases) {
    const judged = judgeDigest(hasher, make("corréct horse", randomBytes(16)));
    expect(judged.carried).toBe(true);
    if (!judged.carried) continue;
    expect(acceptsPbkdf2(judged.convert(), "corréct horse")).toBe(true);
    expect(acceptsPbkdf2(judged.convert(), "correct horse")).toBe(false);
  }
});

test("argon2 keeps its parameters and loses only its padding", () => {
  const hash = argon2Sync("argon2id", {
    message: "pw",
    nonce: Buffer.alloc(16, 7),
    memory: 4096,
    passes: 1,
    parallelism: 1,
    tagLength: 32,
  });
  const judged = judgeDigest(
    "argon2id",
    `$argon2id$v=19$m=4096,t=1,p=1$${Buffer.alloc(16, 7).toString("base64")}$${hash.toString("base64")}`,
  );
  expect(judged.carried && judged.convert()).toBe(
    `$argon2id$v=19$m=4096,t=1,p=1$${Buffer.alloc(16, 7).toString("base64").replace(/=+$/, "")}$${hash.toString("base64").replace(/=+$/, "")}`,
  );
});

test("no text makes it throw, and no reason carries any of the text", () => {
  const hashers = ["bcrypt", "argon2id", "argon2i", "pbkdf2_sha256", "pbkdf2_sha256_django", "pbkdf2_sha512", "scrypt_werkzeug"];
  fc.assert(
    fc.property(
      fc.constantFrom(...hashers),
      fc.oneof(fc.string({ unit: "binary" }), fc.stringMatching(/^\$?(2b|argon2id|pbkdf2_sha256)\$.*$/)),
      (hasher, digest) => {
        const judged = judgeDigest(hasher, digest);
        if (judged.carried) judged.convert();
        else expect(["hasher_without_form", "below_floor", "malformed_digest"]).toContain(judged.reason);
      },
    ),
    { numRuns: 500 },
  );
});
