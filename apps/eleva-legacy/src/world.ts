import type { Answers } from "./answers/answers.ts";

export type Value = string | number | boolean | null;

/** A row by column name. `json` columns are text: legacy keeps bytes that a parse would change. Timestamps are naive, in UTC. */
export type Row = Record<string, Value>;

export const LEGACY_TABLES = [
  "users",
  "categories",
  "profiles",
  "events",
  "schedules",
  "scheduleAvailabilities",
  "scheduling_settings",
  "blocked_dates",
  "meetings",
  "records",
  "payment_transfers",
  "slot_reservations",
  "session_packs",
  "pack_purchases",
  "stripe_processed_events",
] as const;

/** The product's tables, in an order in which no row references a later table. */
export type LegacyTable = (typeof LEGACY_TABLES)[number];

interface ClerkAddress {
  address: string;
  verified: boolean;
  primary: boolean;
}

interface ClerkPhone {
  number: string;
  verified: boolean;
  primary: boolean;
  /** An SMS second factor. */
  second_factor?: boolean;
}

interface ClerkExternalAccount {
  provider: "oauth_google";
  email: string;
  verified: boolean;
}

/** A user as the sandbox's Clerk twin takes it, and two facts about how it shows outside. */
export interface LegacyClerkUser {
  id: string;
  username: string | null;
  first_name: string | null;
  last_name: string | null;
  emails: ClerkAddress[];
  phones: ClerkPhone[];
  external_accounts: ClerkExternalAccount[];
  password_digest?: string;
  password_hasher?: string;
  totp_secret?: string;
  backup_code_enabled?: boolean;
  passkeys?: number;
  banned: boolean;
  locked: boolean;
  /** Milliseconds since 1970, as all times of Clerk. */
  created_at: number;
  updated_at: number;
  last_sign_in_at: number | null;
  public_metadata: Record<string, unknown>;
  unsafe_metadata: Record<string, unknown>;
  private_metadata: Record<string, unknown>;
  image_url: string;
  locale: string | null;
  /** In the Dashboard export, and deleted in Clerk before the API was read. */
  deletedInApi?: true;
  /** Signed up after the Dashboard export was taken. */
  missingInExport?: true;
}

export interface CensusLine {
  kind: string;
  /** How many the generator set out to make; 0 where the world is too small for this kind. */
  wanted: number;
  /** How many a search of the finished world finds. */
  found: number;
}

export interface ElevaWorld {
  now: number;
  clerkUsers: LegacyClerkUser[];
  /** Plain passwords by legacy user id, for the proof that everybody can sign in. Only of digests that are well formed. */
  passwords: Map<string, string>;
  totpSecrets: Map<string, string>;
  tables: Record<LegacyTable, Row[]>;
  auditLogs: Row[];
  /** 64 hex digits: the product's ENCRYPTION_KEY. */
  encryptionKey: string;
  census: CensusLine[];
  answers: Answers;
}

/** Text of a column that is never null. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new Error(`Column ${column} holds no text.`);
  return value;
}
