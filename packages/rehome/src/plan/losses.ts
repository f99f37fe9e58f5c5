import { addressProblem } from "../legacy/address.ts";
import type { LegacyUser } from "../legacy/clerk/join.ts";

interface Losses {
  losses: string[];
  findings: string[];
}

/**
 * What of one person cannot be carried, whatever the disposition: each by its name in docs/dispositions.md, and in words with the field.
 *
 * @param dropMetadata metadata that nobody misses: whole paths, or their first part
 * @param problemOfAccount why an external account will not sign in at WorkOS
 */
export function lossesOf(
  user: LegacyUser,
  dropMetadata: readonly string[],
  problemOfAccount: (account: LegacyUser["externalAccounts"][number]) => string | undefined,
): Losses {
  const unplaced = user.unplaced.filter((path) => !dropMetadata.some((dropped) => path === dropped || path.startsWith(`${dropped}.`)));
  const accounts = user.externalAccounts.flatMap((account) => {
    const problem = problemOfAccount(account);
    return problem ? [`external account ${account.provider}: ${problem}`] : [];
  });
  const kinds: [loss: string, isLost: boolean, findings: string[]][] = [
    ["passkey", user.passkeys > 0, []],
    ["sms_factor", user.smsSecondFactor, []],
    ["backup_codes", user.backupCodes, []],
    ["phone_number", user.phones > 0, []],
    ["totp_unreadable", user.totpUnreadable, [`${placeOf(user, "totp_secret")}: it is no Base32 secret of 16 to 128 letters`]],
    ["totp_secret", user.totpEnabled && user.inExport === null, []],
    ["external_account", accounts.length > 0, accounts],
    ["clerk_organization", user.organizations.length > 0, user.organizations.map(({ id, role }) => `member of ${id} as ${role}`)],
    ["metadata", unplaced.length > 0, [`metadata: ${unplaced.join(", ")}`]],
    ["text_changed", user.repairs.some((repair) => repair.what !== "unreadable_date"), []],
    ["date_unknown", user.repairs.some((repair) => repair.what === "unreadable_date"), []],
  ];
  const lost = kinds.filter(([, isLost]) => isLost);
  return {
    losses: lost.map(([loss]) => loss),
    findings: [
      ...lost.flatMap(([, , findings]) => findings),
      ...user.repairs.map(({ field, what }) => `${placeOf(user, field)}: ${REPAIRS[what]}`),
    ],
  };
}

const REPAIRS = {
  characters_replaced: "NUL or half a character pair, replaced by U+FFFD",
  cut: "longer than 500 characters, cut",
  unreadable_date: "no date between 1970 and 9999, left out",
};

const EXPORTED = new Set([
  "first_name",
  "last_name",
  "username",
  "primary_email_address",
  "verified_email_addresses",
  "unverified_email_addresses",
  "totp_secret",
  "password_digest",
  "password_hasher",
]);

/** Line and column of the export where it names the field and the API did not overrule it; else the field at Clerk. */
function placeOf(user: LegacyUser, field: string): string {
  const secret = field === "totp_secret" || field.startsWith("password_");
  return user.exported && EXPORTED.has(field) && (secret || !user.inApi)
    ? `${user.exported.file} line ${user.exported.line}, column ${field}`
    : `Clerk's ${field}`;
}

/** What stands behind a reason, in words. */
export function findingsOf(user: LegacyUser, reason: string): string[] {
  if (reason === "bad_address") return [`${placeOf(user, "primary_email_address")}: ${addressProblem(user.primaryAddress?.address ?? "")}`];
  if (reason === "bad_id") return ["Clerk's id: not 1 to 64 printable ASCII characters, which WorkOS takes as an external id"];
  if (["malformed_digest", "below_floor", "hasher_without_form"].includes(reason))
    return [
      `${placeOf(user, reason === "hasher_without_form" ? "password_hasher" : "password_digest")}: ${reason.replaceAll("_", " ")}${user.hasher ? ` (${nameable(user.hasher)})` : ""}`,
    ];
  return [];
}

/** A hasher's name is no secret; a digest in the wrong column would be. */
const nameable = (hasher: string): string => (/^[a-z0-9_ ]{1,30}$/i.test(hasher) ? hasher.trim().toLowerCase() : "no name of a hasher");
