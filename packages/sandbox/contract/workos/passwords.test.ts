import { argon2Sync } from "node:crypto";
import bcrypt from "bcryptjs";
import { expect, test } from "vitest";
import { refusal, withTarget } from "./suite.ts";
import { freshEmail } from "./target.ts";

const target = withTarget({ challengeEnrolled: false });

const PASSWORD = "Corridação das 7";
const SALT = Buffer.from("0123456789abcdef");

// Hashes of other hands where there are some: Python's hashlib for PBKDF2, scrypt and SSHA, Firebase's published example, Openwall's crypt_blowfish for bcrypt, the reference
// implementation of Argon2 (its test vector for 2 passes and 64 MiB).
const FORMS: readonly [form: string, type: string, hash: string, password: string][] = [
  ["bcrypt $2a$", "bcrypt", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"],
  ["bcrypt $2b$", "bcrypt", bcrypt.hashSync(PASSWORD, 5), PASSWORD],
  ["bcrypt $2y$", "bcrypt", bcrypt.hashSync(PASSWORD, 5).replace("$2b$", "$2y$"), PASSWORD],
  [
    "argon2id",
    "argon2",
    `$argon2id$v=19$m=65536,t=2,p=1$${b64(Buffer.from("somesalt"))}$${b64(Buffer.from("09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7", "hex"))}`,
    "password",
  ],
  ["argon2id at its lower edge", "argon2", argon2Phc("argon2id", 4_096, 1, 1), PASSWORD],
  ["argon2i", "argon2", argon2Phc("argon2i", 4_096, 3, 2), PASSWORD],
  ["pbkdf2 sha256", "pbkdf2", "$pbkdf2$i=600000,d=sha256$MDEyMzQ1Njc4OWFiY2RlZg$2lfPCbbe4OgA4cMIe++0NVcl99er0Aj5iSLRfLzsYVY", PASSWORD],
  [
    "pbkdf2 sha512",
    "pbkdf2",
    "$pbkdf2$i=210000,d=sha512$MDEyMzQ1Njc4OWFiY2RlZg$YXd2mBrKmbOyGqsBcb5mqEzWensky70pQ1hThVxcth/yMlKOiBTeX35wEmyyD4hgA2BDF1+P60sTqHVPVeV5GQ",
    PASSWORD,
  ],
  [
    "scrypt",
    "scrypt",
    "$scrypt$v=1$n=32768,r=8,p=1,kl=64$MDEyMzQ1Njc4OWFiY2RlZg$D4+CmKF9M2c81gpP9wH1KVuBRF2rdFfa24ZGx5L+9uOFbV6rL9KUw9wNYSiqgPTthDcSDKBgDJaCzijy1bhWvQ",
    PASSWORD,
  ],
  [
    "Firebase's scrypt",
    "firebase-scrypt",
    "$firebase-scrypt$m=14,r=8,ss=Bw,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA$42xEC+ixf3L2lw$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ",
    "user1password",
  ],
  ["salted SHA-1 of LDAP", "ssha", "{SSHA}cJs9ouNrQGvNADOgHCaF9dnFbXdzYWx0c2FsdA==", PASSWORD],
];

test.each(FORMS)("an imported %s hash lets the right password in and no other", async (_, type, hash, password) => {
  const email = await importUser(type, hash);

  expect(await signIn(email, password)).toMatchObject({ user: { email }, authenticationMethod: "Password" });
  for (const wrong of [`${password}x`, hash]) {
    expect(await refusal(signIn(email, wrong))).toMatchObject({ status: 400, code: "invalid_credentials" });
  }
});

const KEY = b64(Buffer.alloc(32, 7));
const REFUSED: readonly [why: string, type: string, hash: string][] = [
  ["bcrypt one character short", "bcrypt", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe"],
  ["bcrypt of the broken $2x$", "bcrypt", "$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["bcrypt at cost 03", "bcrypt", "$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["Django's bcrypt_sha256", "bcrypt", `bcrypt_sha256$${bcrypt.hashSync(PASSWORD, 4)}`],
  ["pbkdf2 sha256 below the floor", "pbkdf2", `$pbkdf2$i=599999,d=sha256$${b64(SALT)}$${KEY}`],
  ["pbkdf2 sha512 below the floor", "pbkdf2", `$pbkdf2$i=209999,d=sha512$${b64(SALT)}$${KEY}`],
  ["pbkdf2 above the ceiling", "pbkdf2", `$pbkdf2$i=1000001,d=sha512$${b64(SALT)}$${KEY}`],
  ["pbkdf2 of sha1", "pbkdf2", `$pbkdf2$i=600000,d=sha1$${b64(SALT)}$${KEY}`],
  ["pbkdf2 with padding", "pbkdf2", `$pbkdf2$i=600000,d=sha256$${b64(SALT)}==$${KEY}`],
  ["pbkdf2 as Clerk exports it", "pbkdf2", `pbkdf2_sha256$600000$${b64(SALT)}$${KEY}`],
  ["argon2 of an older version", "argon2", argon2Phc("argon2id", 4_096, 1, 1).replace("v=19", "v=16")],
  ["argon2 with too little memory", "argon2", `$argon2id$v=19$m=4095,t=1,p=1$${b64(SALT)}$${KEY}`],
  ["argon2 with too much memory", "argon2", `$argon2id$v=19$m=262145,t=1,p=1$${b64(SALT)}$${KEY}`],
  ["argon2id with 6 passes", "argon2", `$argon2id$v=19$m=4096,t=6,p=1$${b64(SALT)}$${KEY}`],
  ["argon2i with 2 passes", "argon2", `$argon2i$v=19$m=4096,t=2,p=1$${b64(SALT)}$${KEY}`],
  ["argon2 with 9 lanes", "argon2", `$argon2id$v=19$m=4096,t=1,p=9$${b64(SALT)}$${KEY}`],
  ["a hash of another type", "argon2", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"],
  ["no form at all", "bcrypt", "plain text, not a hash"],
  ["argon2 with a short salt", "argon2", `$argon2id$v=19$m=4096,t=1,p=1$c2Fs$${KEY}`],
  ["argon2 with a short key", "argon2", `$argon2id$v=19$m=4096,t=1,p=1$${b64(SALT)}$AAAA`],
  ["scrypt with n that is no power of two", "scrypt", `$scrypt$v=1$n=32767,r=8,p=1,kl=32$${b64(SALT)}$${KEY}`],
  ["scrypt whose key is not as long as it says", "scrypt", `$scrypt$v=1$n=32768,r=8,p=1,kl=64$${b64(SALT)}$${KEY}`],
  ["Werkzeug's own scrypt", "scrypt", "scrypt:32768:8:1$salt$00ff"],
  [
    "Firebase's hash of another length than the signer key",
    "firebase-scrypt",
    `$firebase-scrypt$m=14,r=8,ss=Bw,sk=AAAA$${b64(SALT)}$${KEY}`,
  ],
  ["SSHA without a salt", "ssha", `{SSHA}${Buffer.alloc(20).toString("base64")}`],
  ["md5", "md5", "5f4dcc3b5aa765d61d8327deb882cf99"],
];

test.each(REFUSED)("a hash is refused: %s", async (_, type, hash) => {
  const refused = await refusal(importUser(type, hash));
  expect(refused).toMatchObject({ status: 400, code: "invalid_password_hash" });
  expect(JSON.stringify(refused)).not.toContain(hash);
});

test("bcrypt counts the first 72 bytes of a password", async () => {
  const long = "x".repeat(72);
  const email = await importUser("bcrypt", bcrypt.hashSync(long, 4));

  expect(await signIn(email, `${long}and more`)).toMatchObject({ user: { email } });
  expect(await refusal(signIn(email, "x".repeat(71)))).toMatchObject({ code: "invalid_credentials" });
});

test("a hash can be set later, and a new password ends the old one", async () => {
  const { userManagement } = target.sdk;
  const email = freshEmail();
  const { id: userId } = await userManagement.createUser({ email, emailVerified: true });
  expect(await refusal(signIn(email, PASSWORD))).toMatchObject({ code: "invalid_credentials" });

  await userManagement.updateUser({ userId, passwordHash: bcrypt.hashSync(PASSWORD, 4), passwordHashType: "bcrypt" });
  expect(await signIn(email, PASSWORD)).toMatchObject({ user: { id: userId } });

  await userManagement.updateUser({ userId, password: "another long password" });
  expect(await refusal(signIn(email, PASSWORD))).toMatchObject({ code: "invalid_credentials" });
  expect(await signIn(email, "another long password")).toMatchObject({ user: { id: userId } });
});

test("a password and a hash together are refused, and so is a weak password", async () => {
  const { userManagement } = target.sdk;
  const hash = { passwordHash: bcrypt.hashSync(PASSWORD, 4), passwordHashType: "bcrypt" } as const;
  const post = (body: object) => refusal(target.sdk.post("/user_management/users", { email: freshEmail(), ...body }));

  // The SDK's type forbids both; the service refuses both.
  expect(await post({ password: PASSWORD, password_hash: hash.passwordHash, password_hash_type: "bcrypt" })).toMatchObject({
    status: 400,
    code: "password_and_password_hash_provided",
  });
  expect(await post({ password: PASSWORD, password_hash_type: "bcrypt" })).toMatchObject({
    code: "password_and_password_hash_type_provided",
  });
  expect(await post({ password_hash: hash.passwordHash })).toMatchObject({ status: 422 });
  expect(await refusal(userManagement.createUser({ email: freshEmail(), password: "short" }))).toMatchObject({
    status: 400,
    code: "password_strength_error",
  });
});

async function importUser(type: string, passwordHash: string): Promise<string> {
  const email = freshEmail();
  // The SDK's type lacks pbkdf2; the value passes through.
  await target.sdk.userManagement.createUser({ email, emailVerified: true, passwordHash, passwordHashType: type as "bcrypt" });
  return email;
}

function signIn(email: string, password: string) {
  return target.sdk.userManagement.authenticateWithPassword({ clientId: target.clientId, email, password });
}

function argon2Phc(algorithm: "argon2id" | "argon2i", memory: number, passes: number, parallelism: number): string {
  const key = argon2Sync(algorithm, { message: PASSWORD, nonce: SALT, memory, passes, parallelism, tagLength: 32 });
  return `$${algorithm}$v=19$m=${memory},t=${passes},p=${parallelism}$${b64(SALT)}$${b64(key)}`;
}

function b64(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
