import { domainToASCII, domainToUnicode } from "node:url";
import type { LegacyClerkUser } from "../world.ts";

export type Disposition = "exclude" | "hold" | "move_reset_password" | "move";

export interface PersonAnswer {
  disposition: Disposition;
  reason: string;
}

const ROLES = new Set(["user", "community_expert", "top_expert", "lecturer", "admin", "superadmin"]);

/** What must become of every person, by docs/dispositions.md: the first rule that fits wins. */
export function answerPeople(users: readonly LegacyClerkUser[]): Record<string, PersonAnswer> {
  const claims = countClaims(users);
  return Object.fromEntries(users.map((user) => [user.id, answerPerson(user, claims)]));
}

function answerPerson(user: LegacyClerkUser, claims: Map<string, Claims>): PersonAnswer {
  if (user.deletedInApi) return { disposition: "exclude", reason: "deleted_in_clerk" };
  if (user.banned) return { disposition: "exclude", reason: "banned" };
  const primary = user.emails.find((email) => email.primary);
  if (!primary) return { disposition: "hold", reason: "no_address" };
  if (!isAddress(primary.address)) return { disposition: "hold", reason: "bad_address" };
  if ([...claimsOf(user)].some(([key, proved]) => isDisputed(user.id, proved, claims.get(key))))
    return { disposition: "hold", reason: "address_claimed_twice" };
  if (!rolesIn(user.public_metadata["role"]).every((role) => ROLES.has(role))) return { disposition: "hold", reason: "unknown_role" };
  const hasPassword = user.password_digest !== undefined;
  const hasTotp = user.totp_secret !== undefined;
  if (user.missingInExport && (hasPassword || hasTotp)) return { disposition: "hold", reason: "not_in_export" };
  if (hasPassword) {
    const trouble = troubleWithDigest(user.password_hasher ?? "", user.password_digest as string);
    if (trouble !== undefined) return { disposition: "move_reset_password", reason: trouble };
    return { disposition: "move", reason: hasTotp ? "password_and_totp" : "password" };
  }
  if (user.external_accounts.length === 0) return { disposition: "move_reset_password", reason: "no_credential" };
  const links = user.external_accounts.some((account) => account.verified && keyOf(account.email) === keyOf(primary.address));
  return links ? { disposition: "move", reason: "external_only" } : { disposition: "move_reset_password", reason: "external_not_linked" };
}

/** Composed letters, no white space of any kind around, small letters, the domain as a browser writes it. */
export function keyOf(address: string): string {
  const bare = address.normalize("NFC").replace(/^[\p{White_Space}\ufeff]+|[\p{White_Space}\ufeff]+$/gu, "");
  const [, local, domain] = /^(.*)@(.*)$/su.exec(bare) ?? [undefined, bare, undefined];
  // Letter by letter: a word's end makes no other sigma.
  const small = [...(local ?? "")].map((letter) => letter.toLowerCase()).join("");
  if (domain === undefined) return small;
  return `${small}@${/^[\x20-\x7e]*$/.test(domain) && !/(^|\.)xn--/i.test(domain) ? domain.toLowerCase() : (hostOf(domain) ?? domain)}`;
}

function hostOf(domain: string): string | undefined {
  return URL.canParse(`http://${domain}`) ? domainToUnicode(new URL(`http://${domain}`).hostname) : undefined;
}

export function rolesIn(role: unknown): string[] {
  if (role === undefined || role === null) return ["user"];
  return (Array.isArray(role) ? role : [role]).map((one) => String(one).toLowerCase());
}

/** Who claims a key, and who of them proved it. */
interface Claims {
  all: Set<string>;
  proved: Set<string>;
}

/** Key → proved. A user's second spelling of an address is the same claim. */
function claimsOf(user: LegacyClerkUser): Map<string, boolean> {
  const keys = new Map<string, boolean>();
  for (const email of user.emails) {
    const key = keyOf(email.address);
    if (email.verified) keys.set(key, true);
    else if (email.primary && !keys.has(key)) keys.set(key, false);
  }
  return keys;
}

/** Whoever proved it alone has it; else nobody who shares it. */
function isDisputed(id: string, proved: boolean, claims: Claims | undefined): boolean {
  const others = [...(claims?.all ?? [])].filter((other) => other !== id);
  if (others.length === 0) return false;
  return !proved || others.some((other) => claims?.proved.has(other));
}

/** Excluded users claim nothing. */
function countClaims(users: readonly LegacyClerkUser[]): Map<string, Claims> {
  const claims = new Map<string, Claims>();
  for (const user of users) {
    if (user.deletedInApi || user.banned) continue;
    for (const [key, proved] of claimsOf(user)) {
      const claim = claims.get(key) ?? { all: new Set(), proved: new Set() };
      claim.all.add(user.id);
      if (proved) claim.proved.add(user.id);
      claims.set(key, claim);
    }
  }
  return claims;
}

/** A dotted word of at most 64 bytes, then a host of two labels or more; nothing invisible anywhere. */
function isAddress(address: string): boolean {
  const bare = address.replace(/^[\p{White_Space}\ufeff]+|[\p{White_Space}\ufeff]+$/gu, "");
  const parts = /^([^@]+)@([^@]+)$/.exec(bare);
  if (!parts || /[\p{C}\p{Z}]/u.test(bare) || Buffer.byteLength(bare) > 254) return false;
  const [, local = "", domain = ""] = parts;
  const words = local.split(".");
  if (Buffer.byteLength(local) > 64 || words.some((word) => !/^[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+$/u.test(word))) return false;
  const labels = (/^[\x20-\x7e]*$/.test(domain) ? domain : domainToASCII(domain)).split(".");
  return (
    labels.length > 1 &&
    labels.every((label) => label.length < 64 && /^(?!-)[a-zA-Z0-9-]+(?<!-)$/.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "")
  );
}

type Trouble = "hasher_without_form" | "below_floor" | "malformed_digest";

const B64 = "[A-Za-z0-9+/]+={0,2}";
const ANY64 = "[A-Za-z0-9+/_-]+={0,2}";
const PHC = `\\$v=(?<v>\\d+)\\$m=(?<m>\\d+),t=(?<t>\\d+),p=(?<p>\\d+)\\$(?<salt64>${B64})\\$(?<key64>${B64})$`;
/** Per hasher: the form of its digest, and the windows of its numbers. */
const FORMS: Record<string, [form: RegExp, windows: Record<string, [number, number]>]> = {
  bcrypt: [/^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/, {}],
  argon2id: [new RegExp(`^\\$argon2id${PHC}`), { v: [19, 19], m: [4096, 262_144], t: [1, 5], p: [1, 8] }],
  argon2i: [new RegExp(`^\\$argon2i${PHC}`), { v: [19, 19], m: [4096, 262_144], t: [3, 5], p: [1, 8] }],
  pbkdf2_sha256: [new RegExp(`^pbkdf2_sha256\\$(?<i>\\d+)\\$${B64}\\$(?<key64>${B64})$`), { i: [600_000, 1_000_000] }],
  pbkdf2_sha256_django: [new RegExp(`^pbkdf2_sha256\\$(?<i>\\d+)\\$[^$]+\\$(?<key64>${B64})$`), { i: [600_000, 1_000_000] }],
  pbkdf2_sha512: [/^pbkdf2_sha512\$(?<i>\d+)\$[^$]+\$(?<hex>(?:[0-9a-fA-F]{2})+)$/, { i: [210_000, 1_000_000] }],
  pbkdf2_sha512_hex: [/^pbkdf2_sha512(?:_hex)?\$(?<i>\d+)\$[0-9a-fA-F]+\$(?<hex>(?:[0-9a-fA-F]{2})+)$/, { i: [210_000, 1_000_000] }],
  scrypt_werkzeug: [
    /^scrypt:(?<n>\d+):(?<r>\d+):(?<p>\d+)\$[^$]+\$(?<hex>(?:[0-9a-fA-F]{2})+)$/,
    { n: [1024, 1_048_576], r: [1, 32], p: [1, 16] },
  ],
  scrypt_firebase: [
    new RegExp(`^(?<key64>${ANY64})\\$${ANY64}\\$${ANY64}\\$(?:${ANY64})?\\$(?<r>\\d+)\\$(?<cost>\\d+)$`),
    { r: [1, 32], cost: [10, 20] },
  ],
  ldap_ssha: [/^\{SSHA\}(?=.{29})[A-Za-z0-9+/]+={0,2}$/, {}],
};

function troubleWithDigest(hasher: string, digest: string): Trouble | undefined {
  const [form, windows] = FORMS[hasher.trim().toLowerCase()] ?? [];
  if (!form || !windows) return "hasher_without_form";
  const found = form.exec(digest.trim())?.groups;
  if (!form.test(digest.trim())) return "malformed_digest";
  if (hasher === "bcrypt" && (Number(found?.["cost"]) < 4 || Number(found?.["cost"]) > 31)) return "malformed_digest";
  const outside = Object.entries(windows).some(([name, [low, high]]) => Number(found?.[name]) < low || Number(found?.[name]) > high);
  const keyBytes = found?.["hex"] ? found["hex"].length / 2 : found?.["key64"] ? bytesOf64(found["key64"]) : 16;
  const saltBytes = found?.["salt64"] ? bytesOf64(found["salt64"]) : 8;
  return outside || keyBytes < 16 || saltBytes < 8 ? "below_floor" : undefined;
}

/** Four letters of base64 are three bytes. */
function bytesOf64(text: string): number {
  return Math.floor((text.replace(/=+$/, "").length * 3) / 4);
}
