import { randomUUID } from "node:crypto";
import type { ClerkSeedEmail, ClerkSeedExternalAccount, ClerkSeedPhone, ClerkSeedUser } from "./seed.ts";

export type Metadata = Record<string, unknown>;

export interface EmailRecord extends ClerkSeedEmail {
  id: string;
  /** Kept for this user, and not verified. */
  reserved: boolean;
}

export interface PhoneRecord extends ClerkSeedPhone {
  id: string;
}

export interface ExternalAccountRecord extends ClerkSeedExternalAccount {
  id: string;
}

/** What the twin keeps of a user; `userWire` shows what the API tells of it. */
export interface UserRecord {
  id: string;
  externalId: string | null;
  username: string | null;
  firstName: string | null;
  lastName: string | null;
  imageUrl: string;
  locale: string | null;
  emails: EmailRecord[];
  phones: PhoneRecord[];
  externalAccounts: ExternalAccountRecord[];
  passwordDigest: string | null;
  passwordHasher: string | null;
  passwordChangedAt: number | null;
  totpSecret: string | null;
  totpChangedAt: number | null;
  backupCodeEnabled: boolean;
  passkeys: number;
  banned: boolean;
  locked: boolean;
  createdAt: number;
  updatedAt: number;
  lastSignInAt: number | null;
  lastActiveAt: number | null;
  publicMetadata: Metadata;
  privateMetadata: Metadata;
  unsafeMetadata: Metadata;
  /** In the API; a user of the export only is not. */
  inApi: boolean;
  inExport: boolean;
}

/** An id of Clerk's look: a prefix and letters and digits. */
export function newId(prefix: string): string {
  return `${prefix}_2${randomUUID().replaceAll("-", "").slice(0, 26)}`;
}

export function userFromSeed(seed: ClerkSeedUser): UserRecord {
  return {
    id: seed.id,
    externalId: seed.external_id ?? null,
    username: seed.username,
    firstName: seed.first_name,
    lastName: seed.last_name,
    imageUrl: seed.image_url,
    locale: seed.locale,
    emails: seed.emails.map((email, index) => ({
      ...email,
      id: `idn_${seed.id}_${index}`,
      reserved: false,
    })),
    phones: seed.phones.map((phone, index) => ({
      ...phone,
      id: `idn_${seed.id}_p${index}`,
    })),
    externalAccounts: seed.external_accounts.map((account, index) => ({
      ...account,
      id: `eac_${seed.id}_${index}`,
    })),
    passwordDigest: seed.password_digest ?? null,
    passwordHasher: seed.password_hasher ?? null,
    passwordChangedAt: seed.password_last_updated_at ?? null,
    totpSecret: seed.totp_secret ?? null,
    totpChangedAt: seed.mfa_enabled_at ?? null,
    backupCodeEnabled: seed.backup_code_enabled ?? false,
    passkeys: seed.passkeys ?? 0,
    banned: seed.banned,
    locked: seed.locked,
    createdAt: seed.created_at,
    updatedAt: seed.updated_at,
    lastSignInAt: seed.last_sign_in_at,
    lastActiveAt: seed.last_sign_in_at,
    publicMetadata: { ...seed.public_metadata },
    privateMetadata: { ...seed.private_metadata },
    unsafeMetadata: { ...seed.unsafe_metadata },
    inApi: !seed.deletedInApi,
    inExport: !seed.missingInExport,
  };
}

export function primaryEmail(user: UserRecord): EmailRecord | undefined {
  return user.emails.find((email) => email.primary);
}

export function primaryPhone(user: UserRecord): PhoneRecord | undefined {
  return user.phones.find((phone) => phone.primary);
}

/** The user as api.clerk.com answers it (version 2026-05-12): snake_case, times in milliseconds. Never a digest or a secret. */
export function userWire(user: UserRecord): Record<string, unknown> {
  const secondFactorPhone = user.phones.some((phone) => phone.second_factor);
  return {
    id: user.id,
    object: "user",
    external_id: user.externalId,
    username: user.username,
    first_name: user.firstName,
    last_name: user.lastName,
    image_url: user.imageUrl,
    has_image: user.imageUrl !== "",
    locale: user.locale,
    timezone: null,
    primary_email_address_id: primaryEmail(user)?.id ?? null,
    primary_phone_number_id: primaryPhone(user)?.id ?? null,
    primary_web3_wallet_id: null,
    email_addresses: user.emails.map((email) => emailWire(user, email)),
    phone_numbers: user.phones.map((phone) => phoneWire(user, phone)),
    web3_wallets: [],
    passkeys: Array.from({ length: user.passkeys }, (_, index) => passkeyWire(user, index)),
    external_accounts: user.externalAccounts.map((account) => externalAccountWire(user, account)),
    enterprise_accounts: [],
    organization_memberships: null,
    password_enabled: user.passwordDigest !== null,
    password_last_updated_at: user.passwordDigest === null ? null : (user.passwordChangedAt ?? user.createdAt),
    two_factor_enabled: user.totpSecret !== null || secondFactorPhone,
    totp_enabled: user.totpSecret !== null,
    backup_code_enabled: user.backupCodeEnabled,
    mfa_enabled_at: user.totpSecret === null ? null : (user.totpChangedAt ?? user.createdAt),
    mfa_disabled_at: null,
    public_metadata: user.publicMetadata,
    private_metadata: user.privateMetadata,
    unsafe_metadata: user.unsafeMetadata,
    last_sign_in_at: user.lastSignInAt,
    last_active_at: user.lastActiveAt,
    banned: user.banned,
    locked: user.locked,
    deprovisioned: false,
    lockout_expires_in_seconds: user.locked ? 3600 : null,
    verification_attempts_remaining: user.locked ? 0 : 100,
    created_at: user.createdAt,
    updated_at: user.updatedAt,
    delete_self_enabled: true,
    create_organization_enabled: true,
    create_organizations_limit: null,
    legal_accepted_at: null,
  };
}

function emailWire(user: UserRecord, email: EmailRecord): Record<string, unknown> {
  const linked = user.externalAccounts
    .filter((account) => account.email === email.address)
    .map((account) => ({ type: account.provider, id: account.id }));
  return {
    id: email.id,
    object: "email_address",
    email_address: email.address,
    reserved: email.reserved,
    verification: email.reserved ? null : verificationWire(email.verified, "email_code"),
    linked_to: linked,
    matches_sso_connection: false,
    created_at: user.createdAt,
    updated_at: user.createdAt,
  };
}

function phoneWire(user: UserRecord, phone: PhoneRecord): Record<string, unknown> {
  return {
    id: phone.id,
    object: "phone_number",
    phone_number: phone.number,
    reserved: false,
    reserved_for_second_factor: phone.second_factor ?? false,
    default_second_factor: phone.second_factor ?? false,
    verification: verificationWire(phone.verified, "phone_code"),
    linked_to: [],
    backup_codes: null,
    created_at: user.createdAt,
    updated_at: user.createdAt,
  };
}

function verificationWire(verified: boolean, strategy: string): Record<string, unknown> {
  return {
    object: "verification_otp",
    status: verified ? "verified" : "unverified",
    strategy,
    attempts: verified ? 1 : 0,
    expire_at: null,
  };
}

function passkeyWire(user: UserRecord, index: number): Record<string, unknown> {
  const verification = {
    object: "verification_passkey",
    status: "verified",
    strategy: "passkey",
    attempts: 1,
    expire_at: null,
  };
  return {
    id: `idn_${user.id}_k${index}`,
    object: "passkey",
    name: `Passkey ${index + 1}`,
    last_used_at: user.createdAt,
    verification,
  };
}

function externalAccountWire(user: UserRecord, account: ExternalAccountRecord): Record<string, unknown> {
  return {
    id: account.id,
    object: "google_account",
    provider: account.provider,
    external_account_id: account.id,
    identification_id: `idn_${account.id}`,
    provider_user_id: `google-${account.id}`,
    approved_scopes: "email https://www.googleapis.com/auth/calendar.events openid profile",
    email_address: account.email,
    first_name: user.firstName ?? "",
    last_name: user.lastName ?? "",
    image_url: "",
    username: null,
    phone_number: null,
    public_metadata: {},
    label: null,
    verification: {
      object: "verification_oauth",
      status: account.verified ? "verified" : "unverified",
      strategy: account.provider,
      attempts: null,
      expire_at: null,
    },
    created_at: user.createdAt,
    updated_at: user.createdAt,
  };
}
