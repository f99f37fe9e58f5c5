import type { LegacyClerkUser, Row } from "../../world.ts";
import { textOf } from "../../world.ts";
import { rolesOf } from "../people.ts";
import { addressKey, type Finished, type MessKind, repeated } from "./kind.ts";

const KNOWN_ROLES = ["user", "community_expert", "top_expert", "lecturer", "admin", "superadmin"];

/** Kinds that show in Clerk: who people are, and how they sign in. Made by `people.ts`, `credentials.ts` and `specials.ts`. */
export const ACCOUNT_MESS: readonly MessKind[] = [
  {
    kind: "two people on one address by case",
    rate: 0.006,
    find: ({ clerkUsers }) => repeated(clerkUsers.filter(primaryOf), (user) => addressKey(primaryOf(user) as string)),
  },
  { kind: "address proved by two people", rate: 0.004, find: (world) => furtherOf(world, true) },
  { kind: "address of another, typed and not proved", rate: 0.003, find: (world) => furtherOf(world, false) },
  { kind: "address of a banned person", rate: 0, find: addressOfBanned },
  { kind: "phone only", rate: 0.006, find: users((user) => user.emails.length === 0 && user.phones.length > 0) },
  { kind: "username only", rate: 0.004, find: users((user) => user.emails.length === 0 && user.phones.length === 0) },
  { kind: "primary address that is none", rate: 0, find: users((user) => !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(primaryOf(user) ?? "a@b.c")) },
  { kind: "primary address longer than 254 characters", rate: 0, find: users((user) => (primaryOf(user) ?? "").length > 254) },
  { kind: "unverified primary address", rate: 0.03, find: users((user) => user.emails.some((email) => email.primary && !email.verified)) },
  { kind: "role in an array", rate: 0.05, find: users((user) => Array.isArray(user.public_metadata["role"])) },
  {
    kind: "expert and admin",
    rate: 0.005,
    find: users((user) => roles(user).includes("admin") && roles(user).some((role) => role.endsWith("_expert"))),
  },
  { kind: "no role", rate: 0.01, find: users((user) => user.public_metadata["role"] === undefined) },
  { kind: "unknown role", rate: 0, find: users((user) => roles(user).some((role) => !KNOWN_ROLES.includes(role))) },
  { kind: "role in capitals", rate: 0, find: users((user) => /[A-Z]/.test(String(user.public_metadata["role"]))) },
  { kind: "lecturer", rate: 0.005, find: users((user) => roles(user).includes("lecturer")) },
  { kind: "banned", rate: 0.006, find: users((user) => user.banned) },
  { kind: "locked", rate: 0.004, find: users((user) => user.locked) },
  { kind: "deleted in Clerk after the export", rate: 0.006, find: users((user) => user.deletedInApi === true) },
  { kind: "signed up after the export", rate: 0.003, find: users((user) => user.missingInExport === true) },
  ...["bcrypt", "argon2id", "pbkdf2_sha256", "pbkdf2_sha256_django", "pbkdf2_sha512", "md5", "phpass", "bcrypt_sha256_django"].map(
    (hasher): MessKind => ({ kind: `hasher ${hasher}`, rate: 0, find: users((user) => user.password_hasher === hasher) }),
  ),
  { kind: "Google only", rate: 0.15, find: users((user) => user.external_accounts.length > 0 && user.password_digest === undefined) },
  {
    kind: "no way to sign in but a code by mail",
    rate: 0.006,
    find: users((user) => user.external_accounts.length === 0 && user.password_digest === undefined),
  },
  { kind: "TOTP", rate: 0.03, find: users((user) => user.totp_secret !== undefined) },
  { kind: "TOTP without a password", rate: 0, find: users((user) => user.totp_secret !== undefined && user.password_digest === undefined) },
  { kind: "passkey", rate: 0, find: users((user) => (user.passkeys ?? 0) > 0) },
  { kind: "SMS second factor", rate: 0, find: users((user) => user.phones.some((phone) => phone.second_factor)) },
  { kind: "backup codes", rate: 0, find: users((user) => user.backup_code_enabled === true) },
];

/** Kinds that show in `users` and `profiles`. */
export const USER_ROW_MESS: readonly MessKind[] = [
  {
    kind: "duplicate e-mail in users",
    rate: 0.003,
    make: ({ draft, take }, count) => {
      const rows = take(draft.tables.users, count * 2);
      for (let i = 0; i + 1 < rows.length; i += 2) (rows[i + 1] as Row)["email"] = (rows[i] as Row)["email"] as string;
    },
    find: ({ tables }) => repeated(tables.users, (row) => textOf(row, "email")),
  },
  { kind: "e-mail in users differs from Clerk", rate: 0.006, find: staleEmails },
  {
    kind: "users row without a Clerk user",
    rate: 0.015,
    find: ({ clerkUsers, tables }) => orphans(clerkUsers, tables.users, "clerkUserId"),
  },
  { kind: "profile without a Clerk user", rate: 0, find: ({ clerkUsers, tables }) => orphans(clerkUsers, tables.profiles, "clerkUserId") },
  {
    kind: "schedule without a Clerk user",
    rate: 0,
    find: ({ clerkUsers, tables }) => orphans(clerkUsers, tables.schedules, "clerkUserId"),
  },
  { kind: "service without a Clerk user", rate: 0, find: ({ clerkUsers, tables }) => orphans(clerkUsers, tables.events, "clerkUserId") },
  { kind: "category whose parent is gone", rate: 0, find: orphanCategories },
  {
    kind: "one Connect account for two people",
    rate: 0.003,
    make: ({ draft, take }, count) => {
      const rows = take(draft.tables.users, count * 2, (row) => row["stripe_connect_account_id"] !== null);
      for (let i = 0; i + 1 < rows.length; i += 2)
        (rows[i + 1] as Row)["stripe_connect_account_id"] = (rows[i] as Row)["stripe_connect_account_id"] as string;
    },
    find: ({ tables }) =>
      repeated(
        tables.users.filter((row) => row["stripe_connect_account_id"] !== null),
        (row) => textOf(row, "stripe_connect_account_id"),
      ),
  },
  {
    kind: "country missing",
    rate: 0.01,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.users, count)) row["country"] = null;
    },
    find: ({ tables }) => tables.users.filter((row) => row["country"] === null).length,
  },
  {
    kind: "country in small letters",
    rate: 0.01,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.users, count)) row["country"] = "pt";
    },
    find: ({ tables }) => tables.users.filter((row) => /[a-z]/.test(String(row["country"] ?? ""))).length,
  },
];

function users(fits: (user: LegacyClerkUser) => boolean): (world: Finished) => number {
  return ({ clerkUsers }) => clerkUsers.filter(fits).length;
}

function roles(user: LegacyClerkUser): string[] {
  return rolesOf(user.public_metadata["role"]);
}

function primaryOf(user: LegacyClerkUser): string | undefined {
  return user.emails.find((email) => email.primary)?.address;
}

function furtherOf({ clerkUsers }: Finished, verified: boolean): number {
  const owner = new Map(
    clerkUsers.flatMap((user) => (primaryOf(user) === undefined ? [] : [[addressKey(primaryOf(user) as string), user.id] as const])),
  );
  return clerkUsers.filter((user) =>
    user.emails.some(
      (email) => !email.primary && email.verified === verified && (owner.get(addressKey(email.address)) ?? user.id) !== user.id,
    ),
  ).length;
}

function addressOfBanned({ clerkUsers }: Finished): number {
  const banned = new Set(clerkUsers.filter((user) => user.banned).map((user) => addressKey(primaryOf(user) ?? "")));
  return clerkUsers.filter((user) => !user.banned && banned.has(addressKey(primaryOf(user) ?? "-"))).length;
}

function staleEmails({ clerkUsers, tables }: Finished): number {
  const byId = new Map(clerkUsers.map((user) => [user.id, primaryOf(user)]));
  return tables.users.filter((row) => {
    const current = byId.get(textOf(row, "clerkUserId"));
    return current !== undefined && current !== row["email"];
  }).length;
}

function orphans(clerkUsers: readonly LegacyClerkUser[], rows: readonly Row[], column: string): number {
  const known = new Set(clerkUsers.map((user) => user.id));
  return rows.filter((row) => !known.has(textOf(row, column))).length;
}

function orphanCategories({ tables }: Finished): number {
  const known = new Set(tables.categories.map((row) => row["id"]));
  return tables.categories.filter((row) => row["parentId"] !== null && !known.has(row["parentId"] as string)).length;
}
