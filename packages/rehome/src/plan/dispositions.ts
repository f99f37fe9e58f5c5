import type { LegacyUser } from "../legacy/clerk/join.ts";
import { judgeDigest } from "./digests.ts";

export type Disposition = "move" | "move_reset_password" | "hold" | "exclude";

/** What happens to one legacy user, and why. */
export interface Decision {
  legacyUserId: string;
  disposition: Disposition;
  reason: string;
  /** What cannot be carried for this person: `passkey`, `sms_factor`, `backup_codes`. */
  losses: readonly string[];
}

/**
 * Decides for every legacy user what happens to it, by the first rule of docs/dispositions.md that fits.
 *
 * @param roles the product roles that exist, in lower case
 * @returns one decision a user, in the order given
 */
export function decide(users: readonly LegacyUser[], roles: readonly string[]): Decision[] {
  const known = new Set(roles);
  const excluded = new Map(users.map((user) => [user.id, exclusion(user)]));
  const claimants = countClaims(users.filter((user) => !excluded.get(user.id)));
  return users.map((user) => {
    const [disposition, reason] = excluded.get(user.id) ?? held(user, known, claimants) ?? moved(user);
    return { legacyUserId: user.id, disposition, reason, losses: lossesOf(user) };
  });
}

/**
 * The form in which addresses are compared: ASCII white space around it removed, A to Z in lower case. The same rule in SQL: `rehome.email_key`
 * (ledger/schema.sql), which also says why no other letter is folded.
 */
export const addressKey = (address: string): string =>
  address.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());

/** The user's product roles in lower case; none means `user`. */
export function rolesOf(user: LegacyUser): string[] {
  const roles = [...new Set(user.roles.map((role) => role.toLowerCase()))];
  return roles.length > 0 ? roles : ["user"];
}

type Verdict = [Disposition, string];

function exclusion(user: LegacyUser): Verdict | undefined {
  if (!user.inApi) return ["exclude", "deleted_in_clerk"];
  if (user.banned) return ["exclude", "banned"];
  return undefined;
}

function held(user: LegacyUser, knownRoles: ReadonlySet<string>, claimants: ReadonlyMap<string, number>): Verdict | undefined {
  if (!user.primaryAddress) return ["hold", "no_address"];
  if (!isAddress(user.primaryAddress.address)) return ["hold", "bad_address"];
  if (claims(user).some((key) => (claimants.get(key) ?? 0) > 1)) return ["hold", "address_claimed_twice"];
  if (rolesOf(user).some((role) => !knownRoles.has(role))) return ["hold", "unknown_role"];
  if (!user.inExport && (user.hasPassword || user.totpEnabled)) return ["hold", "not_in_export"];
  return undefined;
}

function moved(user: LegacyUser): Verdict {
  if (user.digest) {
    const verdict = judgeDigest(user.hasher ?? "", user.digest.reveal());
    if (!verdict.carried) return ["move_reset_password", verdict.reason];
    return ["move", user.totp ? "password_and_totp" : "password"];
  }
  if (user.externalAccounts.length > 0) return ["move", "external_only"];
  return ["move_reset_password", "no_credential"];
}

function claims(user: LegacyUser): string[] {
  const primary = user.primaryAddress ? [user.primaryAddress.address] : [];
  const secondary = user.otherAddresses.filter((other) => other.verified).map((other) => other.address);
  return [...new Set([...primary, ...secondary].map(addressKey))];
}

function countClaims(users: readonly LegacyUser[]): Map<string, number> {
  const count = new Map<string, number>();
  for (const key of users.flatMap(claims)) count.set(key, (count.get(key) ?? 0) + 1);
  return count;
}

function isAddress(address: string): boolean {
  return address.length <= 254 && /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(address.trim());
}

function lossesOf(user: LegacyUser): string[] {
  return [
    ...(user.passkeys > 0 ? ["passkey"] : []),
    ...(user.smsSecondFactor ? ["sms_factor"] : []),
    ...(user.backupCodes ? ["backup_codes"] : []),
  ];
}
