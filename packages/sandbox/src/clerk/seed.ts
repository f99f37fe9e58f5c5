export interface ClerkSeedEmail {
  address: string;
  verified: boolean;
  primary: boolean;
}

export interface ClerkSeedPhone {
  number: string;
  verified: boolean;
  primary: boolean;
  /** An SMS second factor. */
  second_factor?: boolean;
}

export interface ClerkSeedExternalAccount {
  /** Such as `oauth_google`, `oauth_custom_acme`. */
  provider: string;
  email: string;
  verified: boolean;
  /** Whether Clerk holds a refresh token at Google; without one it answers 422 instead of an access token. Default true. */
  refreshable?: boolean;
}

/**
 * A user as a test or a generator writes it; the twin makes the wire form of it.
 *
 * Names as on Clerk's wire, times in milliseconds since 1970. Nothing is checked: two users may claim one address by case, a digest may be broken.
 */
export interface ClerkSeedUser {
  id: string;
  username: string | null;
  first_name: string | null;
  last_name: string | null;
  emails: readonly ClerkSeedEmail[];
  phones: readonly ClerkSeedPhone[];
  external_accounts: readonly ClerkSeedExternalAccount[];
  password_digest?: string;
  password_hasher?: string;
  /** Base32, SHA-1, 6 digits, 30 s. */
  totp_secret?: string;
  backup_code_enabled?: boolean;
  /** Default: when the user was created. */
  password_last_updated_at?: number;
  /** Default: when the user was created. */
  mfa_enabled_at?: number;
  /** How many passkeys. */
  passkeys?: number;
  external_id?: string | null;
  banned: boolean;
  locked: boolean;
  created_at: number;
  updated_at: number;
  last_sign_in_at: number | null;
  public_metadata: Readonly<Record<string, unknown>>;
  unsafe_metadata: Readonly<Record<string, unknown>>;
  private_metadata: Readonly<Record<string, unknown>>;
  image_url: string;
  locale: string | null;
  /** Not in the Dashboard export, as one who signed up after it was taken. */
  missingInExport?: true;
  /** In the Dashboard export only, as one who was deleted after it was taken. */
  deletedInApi?: true;
}
