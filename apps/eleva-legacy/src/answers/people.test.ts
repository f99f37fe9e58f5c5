import { expect, test } from "vitest";
import type { LegacyClerkUser } from "../world.ts";
import { answerPeople } from "./people.ts";

const BCRYPT = `$2b$10$${"a".repeat(53)}`;

function user(id: string, changes: Partial<LegacyClerkUser> = {}): LegacyClerkUser {
  return {
    id,
    username: null,
    first_name: null,
    last_name: null,
    emails: [{ address: `${id}@example.test`, verified: true, primary: true }],
    phones: [],
    external_accounts: [],
    banned: false,
    locked: false,
    created_at: 0,
    updated_at: 0,
    last_sign_in_at: null,
    public_metadata: {},
    unsafe_metadata: {},
    private_metadata: {},
    image_url: "",
    locale: null,
    ...changes,
  };
}

const withPassword = { password_hasher: "bcrypt", password_digest: BCRYPT };
const account = { provider: "oauth_google" as const, email: "ONE@example.test", verified: true };
const google = { external_accounts: [account] };
const mail = (address: string, verified = true, primary = true) => ({ address, verified, primary });

function reasonOf(changes: Partial<LegacyClerkUser>, ...others: LegacyClerkUser[]): string {
  const answer = answerPeople([user("one", changes), ...others])["one"];
  return `${answer?.disposition} ${answer?.reason}`;
}

test.each<[string, Partial<LegacyClerkUser>]>([
  ["exclude deleted_in_clerk", { ...withPassword, deletedInApi: true, banned: true }],
  ["exclude banned", { ...withPassword, banned: true }],
  ["hold no_address", { ...withPassword, emails: [] }],
  ["hold no_address", { ...withPassword, emails: [mail("second@example.test", true, false)] }],
  ["hold bad_address", { ...withPassword, emails: [mail("a@localhost")] }],
  ["hold bad_address", { ...withPassword, emails: [mail("a b@example.test")] }],
  ["hold bad_address", { ...withPassword, emails: [mail("a@b@example.test")] }],
  ["hold bad_address", { ...withPassword, emails: [mail("@example.test")] }],
  ["hold bad_address", { ...withPassword, emails: [mail(`${"a".repeat(250)}@example.test`)] }],
  ["hold unknown_role", { ...withPassword, public_metadata: { role: "expert" } }],
  ["hold unknown_role", { ...withPassword, public_metadata: { role: ["user", "root"] } }],
  ["move password", { ...withPassword, public_metadata: { role: ["USER", "Top_Expert"] } }],
  ["hold not_in_export", { ...withPassword, missingInExport: true }],
  ["hold not_in_export", { ...google, totp_secret: "A", missingInExport: true }],
  ["move external_only", { ...google, missingInExport: true }],
  ["move_reset_password no_credential", { missingInExport: true }],
  ["move password", { ...withPassword, locked: true }],
  ["move password_and_totp", { ...withPassword, totp_secret: "A" }],
  ["move external_only", { ...google, totp_secret: "A" }],
  ["move_reset_password no_credential", { totp_secret: "A" }],
  ["move_reset_password external_not_linked", { external_accounts: [{ ...account, email: "x@example.test" }] }],
  ["move_reset_password external_not_linked", { external_accounts: [{ ...account, verified: false }] }],
])("%s", (expected, changes) => {
  expect(reasonOf(changes)).toBe(expected);
});

const HEX = "00ff".repeat(8);

test.each<[string, string, string]>([
  ["move password", "bcrypt", BCRYPT.replace("$2b$10", "$2y$04")],
  ["move_reset_password malformed_digest", "bcrypt", BCRYPT.replace("$10$", "$03$")],
  ["move_reset_password malformed_digest", "bcrypt", BCRYPT.slice(1)],
  ["move_reset_password hasher_without_form", "md5", "00"],
  ["move_reset_password hasher_without_form", "phpass", "$P$9abc"],
  ["move_reset_password malformed_digest", "scrypt_werkzeug", "scrypt:32768:8:1$a$b"],
  ["move password", "scrypt_werkzeug", `scrypt:32768:8:1$a$${HEX}`],
  ["move_reset_password below_floor", "scrypt_werkzeug", "scrypt:32768:8:1$a$00ff"],
  ["move password", "pbkdf2_sha512_hex", `pbkdf2_sha512$210000$00ff$${HEX}`],
  ["move password", "scrypt_firebase", "MDEyMzQ1Njc4OWFiY2RlZg==$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg==$Bw==$8$14"],
  ["move password", "ldap_ssha", `{SSHA}${Buffer.alloc(28).toString("base64")}`],
  ["move_reset_password malformed_digest", "ldap_ssha", "{SSHA}AAAA"],
  ["move password", " BCRYPT", BCRYPT],
  ["move_reset_password below_floor", "argon2id", "$argon2id$v=19$m=4096,t=1,p=1$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password below_floor", "pbkdf2_sha256", "pbkdf2_sha256$600000$c2FsdA==$AAAA"],
  ["move password", "argon2id", "$argon2id$v=19$m=4096,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password below_floor", "argon2id", "$argon2id$v=19$m=4095,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password below_floor", "argon2id", "$argon2id$v=16$m=4096,t=1,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password below_floor", "argon2id", "$argon2id$v=19$m=4096,t=6,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password below_floor", "argon2id", "$argon2id$v=19$m=4096,t=1,p=9$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password below_floor", "argon2i", "$argon2i$v=19$m=4096,t=2,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move password", "argon2i", "$argon2i$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move_reset_password malformed_digest", "argon2i", "$argon2id$v=19$m=4096,t=3,p=1$c2FsdHNhbHQ$MDEyMzQ1Njc4OWFiY2RlZg"],
  ["move password", "pbkdf2_sha256", "pbkdf2_sha256$600000$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg=="],
  ["move_reset_password below_floor", "pbkdf2_sha256", "pbkdf2_sha256$599999$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg=="],
  ["move_reset_password below_floor", "pbkdf2_sha256", "pbkdf2_sha256$1000001$c2FsdA==$MDEyMzQ1Njc4OWFiY2RlZg=="],
  ["move_reset_password malformed_digest", "pbkdf2_sha256", "pbkdf2_sha256$600000$not base64$MDEyMzQ1Njc4OWFiY2RlZg=="],
  ["move password", "pbkdf2_sha256_django", "pbkdf2_sha256$720000$a salt!$MDEyMzQ1Njc4OWFiY2RlZg=="],
  ["move password", "pbkdf2_sha512", `pbkdf2_sha512$210000$salt$${HEX}`],
  ["move_reset_password below_floor", "pbkdf2_sha512", `pbkdf2_sha512$209999$salt$${HEX}`],
  ["move_reset_password malformed_digest", "pbkdf2_sha512", "pbkdf2_sha512$210000$salt$not hex"],
])("%s: %s", (expected, hasher, digest) => {
  expect(reasonOf({ password_hasher: hasher, password_digest: digest })).toBe(expected);
});

test("of two who claim an address the one who proved it has it; if both or neither did, nobody", () => {
  const held = "hold address_claimed_twice";
  const typed = { ...withPassword, emails: [mail("one@example.test", false)] };
  expect(reasonOf(withPassword, user("two", { emails: [mail(" ONE@Example.test ")] }))).toBe(held);
  expect(reasonOf(withPassword, user("two", { emails: [mail("two@example.test"), mail("One@example.test", true, false)] }))).toBe(held);
  expect(reasonOf(withPassword, user("two", { emails: [mail("\u00a0ONE@Example.test", false)] }))).toBe("move password");
  expect(reasonOf(typed, user("two", { emails: [mail("one@example.test")] }))).toBe(held);
  expect(reasonOf(typed, user("two", { emails: [mail("one@example.test", false)] }))).toBe(held);
});

test("an address that somebody only typed, or that an excluded person has, is not claimed", () => {
  expect(reasonOf(withPassword, user("two", { emails: [mail("two@example.test"), mail("one@example.test", false, false)] }))).toBe(
    "move password",
  );
  expect(reasonOf(withPassword, user("two", { emails: [mail("one@example.test")], banned: true }))).toBe("move password");
  expect(reasonOf(withPassword, user("two", { emails: [mail("one@example.test")], deletedInApi: true }))).toBe("move password");
});

test("one person who lists an address twice does not claim it twice", () => {
  expect(reasonOf({ ...withPassword, emails: [mail("one@example.test"), mail("ONE@example.test", true, false)] })).toBe("move password");
});
