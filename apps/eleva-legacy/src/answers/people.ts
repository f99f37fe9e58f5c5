import type { LegacyClerkUser } from "../world.ts";

export type Disposition = "exclude" | "hold" | "move_reset_password" | "move";

export interface PersonAnswer {
  disposition: Disposition;
  reason: string;
}

const ROLES = new Set(["user", "community_expert", "top_expert", "lecturer", "admin", "superadmin"]);

/** What must become of every person, by docs/dispositions.md: the first rule that fits wins. */
export function answerPeople(users: readonly LegacyClerkUser[]): Record<string, PersonAnswer> {
  const claimants = countClaims(users);
  return Object.fromEntries(users.map((user) => [user.id, answerPerson(user, claimants)]));
}

function answerPerson(user: LegacyClerkUser, claimants: Map<string, Set<string>>): PersonAnswer {
  if (user.deletedInApi) return { disposition: "exclude", reason: "deleted_in_clerk" };
  if (user.banned) return { disposition: "exclude", reason: "banned" };
  const primary = user.emails.find((email) => email.primary);
  if (!primary) return { disposition: "hold", reason: "no_address" };
  if (!isAddress(primary.address)) return { disposition: "hold", reason: "bad_address" };
  if (claimsOf(user).some((key) => (claimants.get(key)?.size ?? 0) > 1)) return { disposition: "hold", reason: "address_claimed_twice" };
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
  return { disposition: "move", reason: "external_only" };
}

/** White space around removed, lower case. */
export function keyOf(address: string): string {
  return address.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

export function rolesIn(role: unknown): string[] {
  if (role === undefined || role === null) return ["user"];
  return (Array.isArray(role) ? role : [role]).map((one) => String(one).toLowerCase());
}

function claimsOf(user: LegacyClerkUser): string[] {
  return user.emails.filter((email) => email.primary || email.verified).map((email) => keyOf(email.address));
}

/** Who claims each key; excluded users claim nothing. */
function countClaims(users: readonly LegacyClerkUser[]): Map<string, Set<string>> {
  const claimants = new Map<string, Set<string>>();
  for (const user of users) {
    if (user.deletedInApi || user.banned) continue;
    for (const key of claimsOf(user)) claimants.set(key, (claimants.get(key) ?? new Set()).add(user.id));
  }
  return claimants;
}

function isAddress(address: string): boolean {
  const trimmed = address.trim();
  const [local, domain, ...more] = trimmed.split("@");
  return more.length === 0 && !!local && !!domain && !/\s/.test(trimmed) && trimmed.length <= 254 && domain.includes(".");
}

type Trouble = "hasher_without_form" | "below_floor" | "malformed_digest";

const BASE64 = "[A-Za-z0-9+/]+={0,2}";
const FORMS: Record<string, RegExp> = {
  bcrypt: /^\$2[aby]\$(0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}$/,
  argon2id: new RegExp(`^\\$argon2id\\$v=(?<v>\\d+)\\$m=(?<m>\\d+),t=(?<t>\\d+),p=(?<p>\\d+)\\$${BASE64}\\$${BASE64}$`),
  argon2i: new RegExp(`^\\$argon2i\\$v=(?<v>\\d+)\\$m=(?<m>\\d+),t=(?<t>\\d+),p=(?<p>\\d+)\\$${BASE64}\\$${BASE64}$`),
  pbkdf2_sha256: new RegExp(`^pbkdf2_sha256\\$(?<i>\\d+)\\$${BASE64}\\$${BASE64}$`),
  pbkdf2_sha256_django: new RegExp(`^pbkdf2_sha256\\$(?<i>\\d+)\\$[^$]+\\$${BASE64}$`),
  pbkdf2_sha512: /^pbkdf2_sha512\$(?<i>\d+)\$[^$]+\$[0-9a-fA-F]+$/,
};

function troubleWithDigest(hasher: string, digest: string): Trouble | undefined {
  const form = FORMS[hasher];
  if (!form) return "hasher_without_form";
  const match = form.exec(digest);
  if (!match) return "malformed_digest";
  const number = (name: string) => Number(match.groups?.[name]);
  const within = (name: string, low: number, high: number) => number(name) >= low && number(name) <= high;
  if (hasher.startsWith("argon2")) {
    const window = number("v") === 19 && within("m", 4096, 262_144) && within("t", hasher === "argon2i" ? 3 : 1, 5) && within("p", 1, 8);
    return window ? undefined : "below_floor";
  }
  if (hasher.startsWith("pbkdf2_sha256")) return within("i", 600_000, 1_000_000) ? undefined : "below_floor";
  if (hasher === "pbkdf2_sha512") return within("i", 210_000, 1_000_000) ? undefined : "below_floor";
  return undefined;
}
