import type { Secret } from "../../secret.ts";
import type { ClerkApiUser } from "./read-api.ts";
import type { ExportedUser } from "./read-export.ts";

interface LegacyAddress {
  address: string;
  verified: boolean;
}

/** One legacy user: what the Dashboard export and the Backend API say of one id. */
export interface LegacyUser {
  id: string;
  inExport: boolean;
  inApi: boolean;
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
  externalAccounts: string[];
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
}

/**
 * Joins export and API: one record an id, in the order of the API, then those of the export only.
 *
 * The API is the newer and fuller source, so it decides about everything it knows; verified is what it calls verified. Only digests and TOTP secrets
 * come from the export, and only while the API still says that the user has a password or a TOTP factor: what was removed since is not brought back.
 */
export function joinLegacyUsers(exported: readonly ExportedUser[], api: readonly ClerkApiUser[]): LegacyUser[] {
  const exportedById = new Map(exported.map((user) => [user.id, user]));
  const known = new Set(api.map((user) => user.id));
  return [
    ...api.map((user) => fromApi(user, exportedById.get(user.id))),
    ...exported.filter((user) => !known.has(user.id)).map(fromExport),
  ];
}

function fromApi(user: ClerkApiUser, exported: ExportedUser | undefined): LegacyUser {
  const primary = user.addresses.find((address) => address.primary);
  const { role, country, securityPreferences } = user.publicMetadata;
  return {
    id: user.id,
    inExport: exported !== undefined,
    inApi: true,
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    imageUrl: user.imageUrl,
    primaryAddress: primary ? { address: primary.address, verified: primary.verified } : null,
    otherAddresses: user.addresses.filter((address) => !address.primary).map(({ address, verified }) => ({ address, verified })),
    phones: user.phones.length,
    hasPassword: user.hasPassword,
    digest: user.hasPassword ? (exported?.digest ?? null) : null,
    hasher: user.hasPassword ? (exported?.hasher ?? null) : null,
    totp: user.totpEnabled ? (exported?.totp ?? null) : null,
    totpEnabled: user.totpEnabled,
    externalAccounts: user.externalAccounts,
    passkeys: user.passkeys,
    backupCodes: user.backupCodes,
    smsSecondFactor: user.phones.some((phone) => phone.secondFactor),
    banned: user.banned,
    locked: user.locked,
    roles: rolesFrom(role),
    country: typeof country === "string" && country !== "" ? country : null,
    securityPreferences: securityPreferences ?? null,
    createdAt: user.createdAt,
    updatedAt: user.updatedAt,
  };
}

/** A user whom the API no longer knows; the export alone speaks, and it has neither metadata nor dates. */
function fromExport(user: ExportedUser): LegacyUser {
  const isPrimary = (address: string) => address === user.primaryAddress;
  const others = (addresses: string[], verified: boolean) =>
    addresses.filter((one) => !isPrimary(one)).map((address) => ({ address, verified }));
  return {
    id: user.id,
    inExport: true,
    inApi: false,
    username: user.username,
    firstName: user.firstName,
    lastName: user.lastName,
    imageUrl: null,
    primaryAddress:
      user.primaryAddress === null
        ? null
        : {
            address: user.primaryAddress,
            verified: user.verifiedAddresses.some(isPrimary),
          },
    otherAddresses: [...others(user.verifiedAddresses, true), ...others(user.unverifiedAddresses, false)],
    phones: new Set([...(user.primaryPhone ? [user.primaryPhone] : []), ...user.verifiedPhones, ...user.unverifiedPhones]).size,
    hasPassword: user.digest !== null,
    digest: user.digest,
    hasher: user.hasher,
    totp: user.totp,
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
  };
}

/** A text or a list of them. Anything else is made a text too: no known role, so that somebody looks at it. */
function rolesFrom(role: unknown): string[] {
  if (role === undefined || role === null) return [];
  return (Array.isArray(role) ? role : [role]).map((one) => (typeof one === "string" ? one : JSON.stringify(one)));
}
