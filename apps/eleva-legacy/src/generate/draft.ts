import type { LegacyClerkUser, LegacyTable, Row } from "../world.ts";
import { LEGACY_TABLES } from "../world.ts";

export interface Person {
  clerk: LegacyClerkUser;
  /** Offers services. Says nothing about whether the role in Clerk is a known one. */
  offers: boolean;
  /** Why this person is in the world, for one who is not ordinary. */
  special?: string;
  /** Made so that the mover must not move this person: rows of experts among them stay behind. */
  stays?: true;
}

/** One who has, or had, services. A gone one has rows and no Clerk account. */
export interface Expert {
  id: string;
  firstName: string;
  lastName: string;
  email: string;
  zone: string;
  createdAt: number;
  setupIncomplete: boolean;
  /** Whether the person behind it is meant to move. */
  moves: boolean;
  connectAccount: string | null;
  services: Row[];
}

export interface Guest {
  email: string;
  name: string;
  phone: string | null;
  zone: string;
}

/** A world in the making; each domain adds its rows and reads those of the domains before it. */
export interface Draft {
  now: number;
  size: number;
  people: Person[];
  experts: Expert[];
  guests: Guest[];
  /** Ids of users deleted so long ago that no export names them. */
  goneIds: string[];
  encryptionKey: string;
  tables: Record<LegacyTable, Row[]>;
  auditLogs: Row[];
  passwords: Map<string, string>;
  totpSecrets: Map<string, string>;
}

export function emptyTables(): Record<LegacyTable, Row[]> {
  return Object.fromEntries(LEGACY_TABLES.map((table) => [table, []])) as unknown as Record<LegacyTable, Row[]>;
}

/** How many of a kind a world of this size has: at least one from 300 people on, none if it would not fit. */
export function share(size: number, rate: number, least = 1): number {
  const count = Math.round(size * rate);
  return size >= 300 ? Math.max(least, count) : count;
}

export function primaryAddress(user: LegacyClerkUser): string | undefined {
  return user.emails.find((email) => email.primary)?.address;
}

export function clerkId(random: { id(prefix: string, length: number): string }): string {
  return random.id("user_2", 26);
}
