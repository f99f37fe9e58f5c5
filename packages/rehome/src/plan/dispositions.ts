import { addressKey, addressProblem } from "../legacy/address.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";
import { judgeDigest } from "./digests.ts";
import { findingsOf, lossesOf } from "./losses.ts";

export type Disposition = "move" | "move_reset_password" | "hold" | "exclude";

/** What happens to one legacy user, and why. */
export interface Decision {
  legacyUserId: string;
  disposition: Disposition;
  reason: string;
  /** What cannot be carried for this person; docs/dispositions.md names them. */
  losses: readonly string[];
  /** Of losses and reasons: where the value stands and what is wrong with it. Never the value. */
  findings: readonly string[];
}

/** What a decision depends on beside the person. */
export interface DecideOptions {
  /** The product roles that exist, in lower case. */
  roles: readonly string[];
  /** Metadata that nobody misses, as paths. */
  dropMetadata?: readonly string[];
}

/**
 * Decides for every legacy user what happens to it, by the first rule of docs/dispositions.md that fits.
 *
 * @param roles the product roles that exist, in lower case, or all options
 * @returns one decision a user, in the order given
 */
export function decide(users: readonly LegacyUser[], roles: readonly string[] | DecideOptions): Decision[] {
  const options = "roles" in roles ? roles : { roles };
  const claims = new Map<string, Claimants>();
  for (const claim of users.filter((user) => !exclusion(user)).flatMap(claimsOf)) countClaim(claims, claim);
  return users.map((user) => decideOne(user, options, (key) => claims.get(key)));
}

/**
 * The same for one user.
 *
 * @param claimantsOf how many people who are not excluded claim a key
 */
export function decideOne(user: LegacyUser, options: DecideOptions, claimantsOf: (key: string) => Claimants | undefined): Decision {
  const [disposition, reason] = exclusion(user) ?? held(user, new Set(options.roles), claimantsOf) ?? moved(user);
  const { losses, findings } = lossesOf(user, options.dropMetadata ?? [], (account) => problemOfAccount(account, user));
  return { legacyUserId: user.id, disposition, reason, losses, findings: [...findingsOf(user, reason), ...findings] };
}

/** The user's product roles in lower case; none means `user`. */
export function rolesOf(user: LegacyUser): string[] {
  const roles = [...new Set(user.roles.map((role) => role.toLowerCase()))];
  return roles.length > 0 ? roles : ["user"];
}

type Verdict = [Disposition, string];

/** Whether somebody stays out whatever the rest says; who is excluded claims no address. */
export function exclusion(user: LegacyUser): Verdict | undefined {
  if (user.inApi === false) return ["exclude", "deleted_in_clerk"];
  if (user.banned) return ["exclude", "banned"];
  return undefined;
}

function held(user: LegacyUser, knownRoles: ReadonlySet<string>, claimantsOf: (key: string) => Claimants | undefined): Verdict | undefined {
  if (!user.primaryAddress) return ["hold", "no_address"];
  if (addressProblem(user.primaryAddress.address)) return ["hold", "bad_address"];
  if (!/^[\x21-\x7e]{1,64}$/.test(user.id)) return ["hold", "bad_id"];
  if (claimsOf(user).some((claim) => !isWon(claim, claimantsOf(claim.key)))) return ["hold", "address_claimed_twice"];
  if (rolesOf(user).some((role) => !knownRoles.has(role))) return ["hold", "unknown_role"];
  if (user.inExport === false && (user.hasPassword || user.totpEnabled)) return ["hold", "not_in_export"];
  return user.inExport && user.inApi ? stale(user) : undefined;
}

/** What the API knows and the export does not: a fresh export does, and carrying the old state would be wrong. */
function stale(user: LegacyUser): Verdict | undefined {
  const isNewer = (changed: Date | null) => changed !== null && user.exported !== null && changed > user.exported.takenAt;
  if (user.hasPassword && passwordOf(user) === "unknown") return ["hold", "password_not_in_export"];
  if (user.totpEnabled && !user.totp && !user.totpUnreadable) return ["hold", "totp_not_in_export"];
  if (user.hasPassword && isNewer(user.passwordChangedAt)) return ["hold", "password_newer_than_export"];
  if (user.totpEnabled && isNewer(user.totpChangedAt)) return ["hold", "totp_newer_than_export"];
  return undefined;
}

function moved(user: LegacyUser): Verdict {
  const password = passwordOf(user);
  if (password === "carried") return ["move", user.totp ? "password_and_totp" : "password"];
  if (password === "unknown") return ["move_reset_password", "no_export"];
  if (password !== "none") return ["move_reset_password", password];
  if (user.externalAccounts.some((account) => !problemOfAccount(account, user))) return ["move", "external_only"];
  return ["move_reset_password", user.externalAccounts.length > 0 ? "external_not_linked" : "no_credential"];
}

/** `none`, `unknown`, `carried`, or why the digest is not. */
function passwordOf(user: LegacyUser): string {
  if (user.passwordVerdict !== undefined) return user.passwordVerdict;
  if (!user.hasPassword) return "none";
  return user.digest ? verdictOf(user.hasher ?? "", user.digest.reveal()) : "unknown";
}

/** `carried`, or why not. */
export function verdictOf(hasher: string, digest: string): string {
  const verdict = judgeDigest(hasher, digest);
  return verdict.carried ? "carried" : verdict.reason;
}

/** Providers that WorkOS signs in with. Others, Clerk's custom ones among them, are set up there by hand or not at all. */
const PROVIDERS = new Set([
  "oauth_google",
  "oauth_microsoft",
  "oauth_github",
  "oauth_apple",
  "oauth_gitlab",
  "oauth_linkedin_oidc",
  "oauth_slack",
]);

/** WorkOS links an account at the first sign-in by its address, so it must be the primary one, and the provider must have verified it. */
function problemOfAccount(account: LegacyUser["externalAccounts"][number], user: LegacyUser): string | undefined {
  if (!PROVIDERS.has(account.provider)) return "WorkOS has no such provider";
  if (!account.verified) return "the provider did not verify its address";
  if (!user.primaryAddress || addressKey(account.address) !== addressKey(user.primaryAddress.address))
    return "its address is not the primary one";
  return undefined;
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

function countClaim(counted: Map<string, Claimants>, { key, verified }: Claim): void {
  const sofar = counted.get(key) ?? { all: 0, verified: 0 };
  counted.set(key, { all: sofar.all + 1, verified: sofar.verified + (verified ? 1 : 0) });
}
