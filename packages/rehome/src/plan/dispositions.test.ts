import { expect, test } from "vitest";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { Secret } from "../secret.ts";
import { decide } from "./dispositions.ts";

const ROLES = ["user", "community_expert", "top_expert", "lecturer", "admin", "superadmin"];
const TAKEN = new Date("2026-01-02T00:00:00Z");
const LATER = new Date("2026-01-02T00:00:01Z");
const BCRYPT = `$2b$10$${"a".repeat(53)}`;

/** Somebody who moves with a password; each test says what differs. */
function person(over: Partial<LegacyUser> = {}): LegacyUser {
  return {
    id: "user_1",
    inExport: true,
    inApi: true,
    username: null,
    firstName: "Ana",
    lastName: "Reis",
    imageUrl: null,
    primaryAddress: { address: "ana@example.test", verified: true },
    otherAddresses: [],
    phones: 0,
    hasPassword: true,
    digest: new Secret(BCRYPT),
    hasher: "bcrypt",
    totp: null,
    totpEnabled: false,
    totpUnreadable: false,
    externalAccounts: [],
    passkeys: 0,
    backupCodes: false,
    smsSecondFactor: false,
    banned: false,
    locked: false,
    roles: [],
    country: null,
    securityPreferences: null,
    createdAt: null,
    updatedAt: null,
    passwordChangedAt: null,
    totpChangedAt: null,
    unplaced: [],
    organizations: [],
    repairs: [],
    exported: { file: "clerk.csv", line: 12, takenAt: TAKEN },
    ...over,
  };
}

const google = (over: Partial<LegacyUser["externalAccounts"][number]> = {}) => ({
  provider: "oauth_google",
  address: "ana@example.test",
  verified: true,
  ...over,
});
const noPassword = { hasPassword: false, digest: null, hasher: null };

test.each([
  ["a password", {}, "move", "password"],
  ["a password and TOTP", { totp: new Secret("JBSWY3DPEHPK3PXP"), totpEnabled: true }, "move", "password_and_totp"],
  ["Google only", { ...noPassword, externalAccounts: [google()] }, "move", "external_only"],
  ["Google by another spelling", { ...noPassword, externalAccounts: [google({ address: " ANA@example.test" })] }, "move", "external_only"],
  [
    "Google with another address",
    { ...noPassword, externalAccounts: [google({ address: "b@example.test" })] },
    "move_reset_password",
    "external_not_linked",
  ],
  ["Google unverified", { ...noPassword, externalAccounts: [google({ verified: false })] }, "move_reset_password", "external_not_linked"],
  [
    "a provider that WorkOS has not",
    { ...noPassword, externalAccounts: [google({ provider: "oauth_custom_acme" })] },
    "move_reset_password",
    "external_not_linked",
  ],
  ["a password set after the export", { digest: null, hasher: null }, "hold", "password_not_in_export"],
  ["TOTP switched on after the export", { totpEnabled: true }, "hold", "totp_not_in_export"],
  ["a password changed after the export", { passwordChangedAt: LATER }, "hold", "password_newer_than_export"],
  ["a password as old as the export", { passwordChangedAt: TAKEN }, "move", "password"],
  [
    "a factor replaced after the export",
    { totp: new Secret("JBSWY3DPEHPK3PXP"), totpEnabled: true, totpChangedAt: LATER },
    "hold",
    "totp_newer_than_export",
  ],
  ["a password removed after the export", { ...noPassword, passwordChangedAt: null }, "move_reset_password", "no_credential"],
  ["a password and no export at all", { inExport: null, exported: null, digest: null, hasher: null }, "move_reset_password", "no_export"],
  ["no API at all", { inApi: null }, "move", "password"],
  ["an id that WorkOS does not take", { id: `user_${"x".repeat(60)}` }, "hold", "bad_id"],
  ["nothing to sign in with", noPassword, "move_reset_password", "no_credential"],
  [
    "an unknown hasher",
    { hasher: "md5", digest: new Secret("5f4dcc3b5aa765d61d8327deb882cf99") },
    "move_reset_password",
    "hasher_without_form",
  ],
  ["a broken digest", { digest: new Secret("$2b$10$short") }, "move_reset_password", "malformed_digest"],
  [
    "PBKDF2 below the floor",
    { hasher: "pbkdf2_sha256", digest: new Secret("pbkdf2_sha256$599999$c2FsdA==$aGFzaA==") },
    "move_reset_password",
    "below_floor",
  ],
  ["banned", { banned: true }, "exclude", "banned"],
  ["locked", { locked: true }, "move", "password"],
  ["deleted in Clerk", { inApi: false }, "exclude", "deleted_in_clerk"],
  ["no address", { primaryAddress: null }, "hold", "no_address"],
  ["an address without a dot", { primaryAddress: { address: "ana@host", verified: true } }, "hold", "bad_address"],
  ["an address with a space inside", { primaryAddress: { address: "an a@example.test", verified: true } }, "hold", "bad_address"],
  ["an unknown role", { roles: ["expert"] }, "hold", "unknown_role"],
  ["roles in other case", { roles: ["Admin", "TOP_EXPERT"] }, "move", "password"],
  ["a password, not in the export", { inExport: false, digest: null, hasher: null }, "hold", "not_in_export"],
  ["Google only, not in the export", { ...noPassword, inExport: false, externalAccounts: [google()] }, "move", "external_only"],
  ["an unverified address", { primaryAddress: { address: "ana@example.test", verified: false } }, "move", "password"],
] as const)("%s", (_, over, disposition, reason) => {
  const changed = person(over as Partial<LegacyUser>);
  expect(decide([changed], ROLES)).toMatchObject([{ legacyUserId: changed.id, disposition, reason }]);
});

const reasons = (...people: LegacyUser[]) => decide(people, ROLES).map((decision) => decision.reason);
const claiming = (id: string, address: string, verified: boolean) => person({ id, primaryAddress: { address, verified } });

test.each([
  ["the one who proved it moves, the other is held", true, false, ["password", "address_claimed_twice"]],
  ["both proved it: both are held", true, true, ["address_claimed_twice", "address_claimed_twice"]],
  ["neither proved it: both are held", false, false, ["address_claimed_twice", "address_claimed_twice"]],
])("two claims to one address: %s", (_, first, second, expected) => {
  expect(reasons(claiming("user_1", "ana@example.test", first), claiming("user_2", " ANA@Example.test ", second))).toEqual(expected);
});

test.each(["\u00a0ana@example.test", "\u0085ana@example.test", "ana@example.test\u3000", "ANA@EXAMPLE.TEST"])(
  "white space of every kind and case make no other address: %j",
  (spelling) => {
    expect(reasons(claiming("user_1", "ana@example.test", true), claiming("user_2", spelling, true))).toEqual([
      "address_claimed_twice",
      "address_claimed_twice",
    ]);
  },
);

test.each([
  ["\u00c9va@example.test", "e\u0301va@example.test"],
  ["ana@b\u00fccher.example", "ana@xn--bcher-kva.example"],
  ["ana@B\u00dcCHER.example", "ana@bu\u0308cher.example"],
])("%s and %s are one address", (one, other) => {
  expect(reasons(claiming("user_1", one, true), claiming("user_2", other, false))).toEqual(["password", "address_claimed_twice"]);
});

test.each([
  "a..b@example.test",
  ".a@example.test",
  "a.@example.test",
  "a@.example..test",
  "a@example.test.",
  "a\u200bna@example.test",
  "\u200bana@example.test",
  "a\u0007na@example.test",
  "a\u0000na@example.test",
  "mailto:ana@example.test",
  "\u202eana@example.test",
  `${"a".repeat(65)}@example.test`,
  `a@${"b".repeat(64)}.test`,
  `a@${"b.".repeat(126)}test`,
  "ana@-example.test",
  "ana@exam_ple.test",
  "ana@127.0.0.1",
  "ana@[127.0.0.1]",
  '"an a"@example.test',
  "ana@example@test.org",
  "Ana <ana@example.test>",
])("WorkOS would not take %j: held", (address) => {
  expect(reasons(claiming("user_1", address, true))).toEqual(["bad_address"]);
});

test.each([
  "ana+x@example.test",
  "o'neil@example.test",
  "\u00c9va@example.test",
  "ana@b\u00fccher.example",
  " ana@sub.example.co.uk\u00a0",
  "a@x.museum",
])("%j is an address", (address) => {
  expect(reasons(claiming("user_1", address, true))).toEqual(["password"]);
});

test("a verified secondary address claims, an unverified one does not", () => {
  const other = (verified: boolean) =>
    person({
      id: "user_2",
      primaryAddress: { address: "eva@example.test", verified: true },
      otherAddresses: [{ address: "Ana@example.test", verified }],
    });
  expect(reasons(person(), other(true))).toEqual(["address_claimed_twice", "address_claimed_twice"]);
  expect(reasons(person(), other(false))).toEqual(["password", "password"]);
  expect(reasons(claiming("user_1", "ana@example.test", false), other(true))).toEqual(["address_claimed_twice", "password"]);
});

test("a claim of somebody excluded holds nobody", () => {
  expect(decide([person(), person({ id: "user_2", banned: true })], ROLES).map((decision) => decision.disposition)).toEqual([
    "move",
    "exclude",
  ]);
});

test("one's own two spellings of an address are one claim", () => {
  expect(decide([person({ otherAddresses: [{ address: "ANA@example.test", verified: true }] })], ROLES)[0]?.disposition).toBe("move");
});

test("what cannot be carried is a loss by name and does not change the disposition", () => {
  const [decision] = decide([person({ passkeys: 1, backupCodes: true, smsSecondFactor: true })], ROLES);
  expect(decision).toMatchObject({ disposition: "move", losses: ["passkey", "sms_factor", "backup_codes"] });
});

test.each([
  [{ phones: 1 }, "phone_number", []],
  [
    { totpEnabled: true, totpUnreadable: true },
    "totp_unreadable",
    ["clerk.csv line 12, column totp_secret: it is no Base32 secret of 16 to 128 letters"],
  ],
  [
    { externalAccounts: [google({ address: "b@example.test" })] },
    "external_account",
    ["external account oauth_google: its address is not the primary one"],
  ],
  [{ organizations: [{ id: "org_1", name: "Clinic", role: "org:admin" }] }, "clerk_organization", ["member of org_1 as org:admin"]],
  [{ unplaced: ["public.plan", "private.stripeId"] }, "metadata", ["metadata: public.plan, private.stripeId"]],
  [
    { repairs: [{ field: "first_name", what: "characters_replaced" }] },
    "text_changed",
    ["Clerk's first_name: NUL or half a character pair, replaced by U+FFFD"],
  ],
  [
    { inApi: null, repairs: [{ field: "first_name", what: "cut" }] },
    "text_changed",
    ["clerk.csv line 12, column first_name: longer than 500 characters, cut"],
  ],
  [
    { repairs: [{ field: "created_at", what: "unreadable_date" }] },
    "date_unknown",
    ["Clerk's created_at: no date between 1970 and 9999, left out"],
  ],
  [{ inExport: null, exported: null, totpEnabled: true }, "totp_secret", []],
] as const)("a loss and where it was found: %j", (over, loss, findings) => {
  const [decision] = decide([person(over as unknown as Partial<LegacyUser>)], ROLES);
  expect(decision).toMatchObject({ losses: [loss], findings });
  expect(decision?.disposition).toMatch(/^move/);
});

test("metadata that nobody misses is no loss", () => {
  const user = person({ unplaced: ["private.a", "private.b", "locale", "public.plan"] });
  expect(decide([user], { roles: ROLES, dropMetadata: ["private", "locale"] })[0]?.findings).toEqual(["metadata: public.plan"]);
});

test("what is wrong with a digest or an address is said with line and column, never with the value", () => {
  const [digest, hasher, address] = decide(
    [
      person({ digest: new Secret("$2b$10$marker") }),
      person({ id: "user_2", primaryAddress: { address: "two@example.test", verified: true }, hasher: "md5" }),
      person({ id: "user_3", inApi: null, primaryAddress: { address: "marker..x@example.test", verified: true } }),
    ],
    ROLES,
  );
  expect(digest?.findings).toEqual(["clerk.csv line 12, column password_digest: malformed digest (bcrypt)"]);
  expect(hasher?.findings).toEqual(["clerk.csv line 12, column password_hasher: hasher without form (md5)"]);
  expect(address?.findings).toEqual([
    "clerk.csv line 12, column primary_email_address: a dot begins or ends the part before the @, or two stand side by side",
  ]);
});
