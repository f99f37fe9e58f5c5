import { argon2Sync, pbkdf2Sync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { judgeDigest } from "./digests.ts";

const verdict = (hasher: string, digest: string) => {
  const judged = judgeDigest(hasher, digest);
  return judged.carried ? judged.type : judged.reason;
};

// The example that Firebase publishes with its scrypt; the password is user1password.
const SIGNER = "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==";
const HASH = "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==";

test.each([
  ["bcrypt", `$2a$10$${"a".repeat(53)}`, "bcrypt"],
  ["bcrypt", `$2y$31$${"a".repeat(53)}`, "bcrypt"],
  ["bcrypt", `$2x$10$${"a".repeat(53)}`, "malformed_digest"],
  ["bcrypt", `$2b$03$${"a".repeat(53)}`, "malformed_digest"],
  ["bcrypt", `$2b$10$${"a".repeat(52)}`, "malformed_digest"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "argon2"],
  ["argon2id", "$argon2i$v=19$m=19456,t=3,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "malformed_digest"],
  ["argon2i", "$argon2i$v=19$m=19456,t=3,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "argon2"],
  ["argon2i", "$argon2i$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "below_floor"],
  ["argon2id", "$argon2id$v=19$m=64,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "below_floor"],
  ["argon2id", "$argon2id$v=16$m=19456,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "below_floor"],
  ["argon2id", "$argon2id$m=19456,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg", "malformed_digest"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg==", "pbkdf2"],
  ["pbkdf2_sha256", "pbkdf2_sha256$1000001$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg==", "below_floor"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$not base64$MDEyMzQ1Njc4OWFiY2RlZg==", "malformed_digest"],
  ["pbkdf2_sha256_django", "pbkdf2_sha256$600000$text salt$MDEyMzQ1Njc4OWFiY2RlZg==", "pbkdf2"],
  ["pbkdf2_sha512", `pbkdf2_sha512$210000$salt$${"00ff".repeat(8)}`, "pbkdf2"],
  ["pbkdf2_sha512", "pbkdf2_sha512$209999$salt$00ff", "below_floor"],
  ["pbkdf2_sha512", "pbkdf2_sha512$210000$salt$0", "malformed_digest"],
  ["pbkdf2_sha512", "pbkdf2_sha512$210000$salt$00ff$more", "malformed_digest"],
  // Shapes that WorkOS refuses, and that would end a run in the middle.
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2Fs$MDEyMzQ1Njc4OWFiY2RlZg", "below_floor"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$a$MDEyMzQ1Njc4OWFiY2RlZg", "malformed_digest"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$A", "malformed_digest"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAA", "below_floor"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAA", "malformed_digest"],
  ["argon2id", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbFsdx$MDEyMzQ1Njc4OWFiY2RlZg", "malformed_digest"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$c2FsdA==$AAAA", "below_floor"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$a$MDEyMzQ1Njc4OWFiY2RlZg==", "malformed_digest"],
  ["pbkdf2_sha256", "pbkdf2_sha256$600000$c2FsdA==$a", "malformed_digest"],
  ["pbkdf2_sha256_django", "pbkdf2_sha256$600000$text salt$AAAA", "below_floor"],
  ["pbkdf2_sha512", "pbkdf2_sha512$210000$salt$00ff", "below_floor"],
  ["pbkdf2_sha512_hex", `pbkdf2_sha512$210000$00ff$${"00ff".repeat(8)}`, "pbkdf2"],
  ["pbkdf2_sha512_hex", `pbkdf2_sha512_hex$210000$00ff$${"00ff".repeat(8)}`, "pbkdf2"],
  ["pbkdf2_sha512_hex", `pbkdf2_sha512$210000$text$${"00ff".repeat(8)}`, "malformed_digest"],
  ["pbkdf2_sha512_hex", `pbkdf2_sha512$209999$00ff$${"00ff".repeat(8)}`, "below_floor"],
  ["scrypt_werkzeug", `scrypt:32768:8:1$salt$${"00ff".repeat(16)}`, "scrypt"],
  ["scrypt_werkzeug", `scrypt:32767:8:1$salt$${"00ff".repeat(16)}`, "below_floor"],
  ["scrypt_werkzeug", "scrypt:32768:8:1$salt$00ff", "below_floor"],
  ["scrypt_werkzeug", `scrypt:32768:8$salt$${"00ff".repeat(16)}`, "malformed_digest"],
  ["scrypt_firebase", `${HASH}$42xEC+ixf3L2lw==$${SIGNER}$Bw==$8$14`, "firebase-scrypt"],
  ["scrypt_firebase", `${HASH.replaceAll("/", "_").replaceAll("+", "-")}$42xEC-ixf3L2lw$${SIGNER}$Bw==$8$14`, "firebase-scrypt"],
  ["scrypt_firebase", `${HASH}$42xEC+ixf3L2lw==$${SIGNER}$Bw==$8`, "malformed_digest"],
  ["scrypt_firebase", `${HASH}$42xEC+ixf3L2lw==$AAAA$Bw==$8$14`, "malformed_digest"],
  ["ldap_ssha", "{SSHA}cJs9ouNrQGvNADOgHCaF9dnFbXdzYWx0c2FsdA==", "ssha"],
  ["ldap_ssha", "{SSHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "malformed_digest"],
  ["ldap_ssha", "{SHA}AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "malformed_digest"],
  // Case and white space of an editor.
  ["BCRYPT", `$2b$10$${"a".repeat(53)}`, "bcrypt"],
  [" bcrypt ", `$2b$10$${"a".repeat(53)}`, "bcrypt"],
  ["bcrypt\0", `$2b$10$${"a".repeat(53)}`, "bcrypt"],
  ["bcrypt", ` $2b$10$${"a".repeat(53)} `, "bcrypt"],
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

// Forms written by hand as WorkOS documents them, keys by Python's hashlib for the password "Corridação das 7".
test.each([
  [
    "pbkdf2_sha512_hex",
    "pbkdf2_sha512$210000$00112233445566778899aabbccddeeff$de4b65b78067472d32f6b83f071da0ac316c6162a1c1e3654a9ab0fa5bdb2c7c54d2ac8a46fb55670e2928f23c63e0c5727db7e2c8ec53c947351e1104c2f79b",
    "$pbkdf2$i=210000,d=sha512$ABEiM0RVZneImaq7zN3u/w$3ktlt4BnRy0y9rg/Bx2grDFsYWKhweNlSpqw+lvbLHxU0qyKRvtVZw4pKPI8Y+DFcn234sjsU8lHNR4RBML3mw",
  ],
  [
    "scrypt_werkzeug",
    "scrypt:32768:8:1$text salt$d7db4ad28b70dd1434a55dd8a700b36979e284366bd653a14be25b0a12a35cf12973c808ed822321f2126f191192b66543c65a1d5223e3b052fbd0bea336593c",
    "$scrypt$v=1$n=32768,r=8,p=1,kl=64$dGV4dCBzYWx0$19tK0otw3RQ0pV3YpwCzaXnihDZr1lOhS+JbChKjXPEpc8gI7YIjIfISbxkRkrZlQ8ZaHVIj47BS+9C+ozZZPA",
  ],
  [
    "scrypt_firebase",
    `${HASH}$42xEC+ixf3L2lw==$${SIGNER}$Bw==$8$14`,
    "$firebase-scrypt$m=14,r=8,ss=Bw,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ",
  ],
  ["ldap_ssha", "{SSHA}cJs9ouNrQGvNADOgHCaF9dnFbXdzYWx0c2FsdA==", "{SSHA}cJs9ouNrQGvNADOgHCaF9dnFbXdzYWx0c2FsdA=="],
])("%s is written as WorkOS documents it", (hasher, digest, form) => {
  const judged = judgeDigest(hasher, digest);
  expect(judged.carried && judged.convert()).toBe(form);
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

test("no text makes it throw, and no reason carries any of the text", { timeout: 120_000 }, () => {
  const hashers = [
    "bcrypt",
    "argon2id",
    "argon2i",
    "pbkdf2_sha256",
    "pbkdf2_sha256_django",
    "pbkdf2_sha512",
    "scrypt_werkzeug",
    "scrypt_firebase",
    "ldap_ssha",
  ];
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
