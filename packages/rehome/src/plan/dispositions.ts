import { addressKey, addressProblem } from "../legacy/address.ts";
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
  const claims = countClaims(users.filter((user) => !excluded.get(user.id)));
  return users.map((user) => {
    const [disposition, reason] = excluded.get(user.id) ?? held(user, known, claims) ?? moved(user);
    return { legacyUserId: user.id, disposition, reason, losses: lossesOf(user) };
  });
}

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

function held(user: LegacyUser, knownRoles: ReadonlySet<string>, counted: ReadonlyMap<string, Claimants>): Verdict | undefined {
  if (!user.primaryAddress) return ["hold", "no_address"];
  if (addressProblem(user.primaryAddress.address)) return ["hold", "bad_address"];
  if (claimsOf(user).some((claim) => !isWon(claim, counted.get(claim.key)))) return ["hold", "address_claimed_twice"];
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

/** What somebody claims: the primary address, verified or not, and every verified one. */
export interface Claim {
  key: string;
  verified: boolean;
}

/** How many people claim one key. */
export interface Claimants {
  all: number;
  verified: number;
}

export function claimsOf(user: LegacyUser): Claim[] {
  const addresses = [...(user.primaryAddress ? [user.primaryAddress] : []), ...user.otherAddresses.filter((other) => other.verified)];
  const claims = new Map<string, boolean>();
  for (const { address, verified } of addresses) {
    const key = addressKey(address);
    claims.set(key, verified || (claims.get(key) ?? false));
  }
  return [...claims].map(([key, verified]) => ({ key, verified }));
}

/** Alone, or the only one who proved it. */
function isWon(claim: Claim, claimants: Claimants | undefined): boolean {
  if (!claimants || claimants.all <= 1) return true;
  return claim.verified && claimants.verified === 1;
}

function countClaims(users: readonly LegacyUser[]): Map<string, Claimants> {
  const counted = new Map<string, Claimants>();
  for (const { key, verified } of users.flatMap(claimsOf)) {
    const sofar = counted.get(key) ?? { all: 0, verified: 0 };
    counted.set(key, { all: sofar.all + 1, verified: sofar.verified + (verified ? 1 : 0) });
  }
  return counted;
}

function lossesOf(user: LegacyUser): string[] {
  return [
    ...(user.passkeys > 0 ? ["passkey"] : []),
    ...(user.smsSecondFactor ? ["sms_factor"] : []),
    ...(user.backupCodes ? ["backup_codes"] : []),
  ];
}
