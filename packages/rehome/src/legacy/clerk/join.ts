import { Secret } from "../../secret.ts";
import type { ClerkApiUser, ExternalAccount } from "./read-api.ts";
import type { ExportedUser } from "./read-export.ts";
import { cleanDate, cleanJson, cleanName, cleanText, type Repair, readTotpSecret } from "./text.ts";

interface LegacyAddress {
  address: string;
  verified: boolean;
}

/** One legacy user: what the Dashboard export and the Backend API say of one id. */
export interface LegacyUser {
  id: string;
  /** Null when no export was read. */
  inExport: boolean | null;
  /** Null when no API was read: then nobody can be told to be deleted. */
  inApi: boolean | null;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  imageUrl: string | null;
  primaryAddress: LegacyAddress | null;
  otherAddresses: LegacyAddress[];
  /** How many phone numbers. */
  phones: number;
  hasPassword: boolean;
  /** Null also when a password exists and its digest is unknown. */
  digest: Secret | null;
  hasher: string | null;
  /** Null also when TOTP is enabled and its secret is unknown. */
  totp: Secret | null;
  totpEnabled: boolean;
  /** The export has a TOTP secret that is none. */
  totpUnreadable: boolean;
  externalAccounts: ExternalAccount[];
  passkeys: number;
  backupCodes: boolean;
  smsSecondFactor: boolean;
  banned: boolean;
  locked: boolean;
  /** `publicMetadata.role`, as written there; none when absent. */
  roles: string[];
  country: string | null;
  securityPreferences: unknown;
  createdAt: Date | null;
  updatedAt: Date | null;
  passwordChangedAt: Date | null;
  totpChangedAt: Date | null;
  /** What Clerk keeps beside that and the move has no place for: `private.stripeId`, `locale`. */
  unplaced: string[];
  /** Organizations of Clerk, with the role there. */
  organizations: { id: string; name: string; role: string }[];
  /** What had to be changed in a value to keep it. */
  repairs: Repair[];
  /** Where the export names the user; null when it does not. */
  exported: { file: string; line: number; takenAt: Date } | null;
  /** Where digests are not kept: what becomes of the digest, by the judge whom the reader was given. `none` without a password. */
  passwordVerdict?: string;
}

/** A user of an export, and which export that is. */
export interface ExportedFrom {
  user: ExportedUser;
  file: string;
  takenAt: Date;
}

/**
 * One record of what export and API say of one id.
 *
 * The API is the newer and fuller source, so it decides about everything it knows; verified is what it calls verified. Only digests and TOTP secrets
 * come from the export, and only while the API still says that the user has a password or a TOTP factor: what was removed since is not brought back.
 *
 * @param api undefined when the API does not know the user, null when no API was read
 * @param exported the same of the exports
 * @param organizations of Clerk, of which the user is a member
 */
export function joinLegacyUser(
  api: ClerkApiUser | null | undefined,
  exported: ExportedFrom | null | undefined,
  organizations: LegacyUser["organizations"] = [],
): LegacyUser {
  const repairs: Repair[] = [];
  const known = api ? fromApi(api, exported?.user, repairs) : fromExport((exported as ExportedFrom).user, repairs);
  return {
    ...known,
    inExport: exported === null ? null : exported !== undefined,
    inApi: api === null ? null : api !== undefined,
    organizations: organizations.map(({ id, name, role }) => ({ id, name: cleanText(name, "organization", repairs), role })),
    repairs,
    exported: exported ? { file: exported.file, line: exported.user.line, takenAt: exported.takenAt } : null,
  };
}

type Known = Omit<LegacyUser, "inExport" | "inApi" | "organizations" | "repairs" | "exported">;

function fromApi(user: ClerkApiUser, exported: ExportedUser | undefined, repairs: Repair[]): Known {
  const address = (one: ClerkApiUser["addresses"][number]) => ({
    address: cleanText(one.address, one.primary ? "primary_email_address" : "email_addresses", repairs),
    verified: one.verified,
  });
  const primary = user.addresses.find((one) => one.primary);
  const { role, country, securityPreferences } = user.publicMetadata;
  const text = (value: string | null, field: string) => cleanText(value, field, repairs);
  return {
    id: user.id,
    username: cleanName(user.username, "username", repairs),
    firstName: cleanName(user.firstName, "first_name", repairs),
    lastName: cleanName(user.lastName, "last_name", repairs),
    imageUrl: text(user.imageUrl, "image_url"),
    primaryAddress: primary ? address(primary) : null,
    otherAddresses: user.addresses.filter((one) => !one.primary).map(address),
    phones: user.phones.length,
    hasPassword: user.hasPassword,
    digest: user.hasPassword ? (exported?.digest ?? null) : null,
    hasher: user.hasPassword ? (exported?.hasher ?? null) : null,
    ...totpOf(user.totpEnabled ? exported?.totp : null),
    totpEnabled: user.totpEnabled,
    externalAccounts: user.externalAccounts,
    passkeys: user.passkeys,
    backupCodes: user.backupCodes,
    smsSecondFactor: user.phones.some((phone) => phone.secondFactor),
    banned: user.banned,
    locked: user.locked,
    roles: rolesFrom(role).map((one) => cleanText(one, "public_metadata.role", repairs)),
    country: text(typeof country === "string" && country !== "" ? country : null, "public_metadata.country"),
    securityPreferences: cleanJson(securityPreferences ?? null, "public_metadata.securityPreferences", repairs),
    createdAt: cleanDate(user.createdAt, "created_at", repairs),
    updatedAt: cleanDate(user.updatedAt, "updated_at", repairs),
    passwordChangedAt: cleanDate(user.passwordChangedAt, "password_last_updated_at", repairs),
    totpChangedAt: cleanDate(user.totpChangedAt, "mfa_enabled_at", repairs),
    unplaced: user.unplaced.map((path) => path.toWellFormed().replaceAll("\0", "\ufffd")),
  };
}

/** A user of whom the export alone speaks; it has neither metadata nor dates, roles, bans or external accounts. */
function fromExport(user: ExportedUser, repairs: Repair[]): Known {
  const isPrimary = (address: string) => address === user.primaryAddress;
  const clean = (address: string, field: string) => cleanText(address, field, repairs);
  const others = (addresses: string[], verified: boolean, field: string) =>
    addresses.filter((one) => !isPrimary(one)).map((address) => ({ address: clean(address, field), verified }));
  return {
    id: user.id,
    username: cleanName(user.username, "username", repairs),
    firstName: cleanName(user.firstName, "first_name", repairs),
    lastName: cleanName(user.lastName, "last_name", repairs),
    imageUrl: null,
    primaryAddress:
      user.primaryAddress === null
        ? null
        : { address: clean(user.primaryAddress, "primary_email_address"), verified: user.verifiedAddresses.some(isPrimary) },
    otherAddresses: [
      ...others(user.verifiedAddresses, true, "verified_email_addresses"),
      ...others(user.unverifiedAddresses, false, "unverified_email_addresses"),
    ],
    phones: new Set([...(user.primaryPhone ? [user.primaryPhone] : []), ...user.verifiedPhones, ...user.unverifiedPhones]).size,
    hasPassword: user.digest !== null,
    digest: user.digest,
    hasher: user.hasher,
    ...totpOf(user.totp),
    totpEnabled: user.totp !== null,
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
  };
}

function totpOf(exported: Secret | null | undefined): Pick<LegacyUser, "totp" | "totpUnreadable"> {
  const secret = exported ? readTotpSecret(exported.reveal()) : undefined;
  return { totp: secret ? new Secret(secret) : null, totpUnreadable: Boolean(exported) && !secret };
}

/** A text or a list of them. Anything else is made a text too: no known role, so that somebody looks at it. */
function rolesFrom(role: unknown): string[] {
  if (role === undefined || role === null) return [];
  return (Array.isArray(role) ? role : [role]).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
}
