import type { LegacyClerkUser } from "../world.ts";
import { DAY_MS, HOUR_MS } from "./clock.ts";
import { clerkId, type Person, primaryAddress } from "./draft.ts";
import type { Random } from "./random.ts";
import { FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS } from "./words.ts";

/**
 * Makes ordinary people: names, addresses, roles, metadata; no credentials yet and nothing that a mover would stumble over.
 *
 * @param size how many; at least one expert of each kind and one superadmin are among them, from four people on
 */
export function makePeople(random: Random, size: number, now: number): Person[] {
  const roles = random.shuffle(roleList(random, size));
  return roles.map((role, index) => makePerson(random, index, role, now));
}

type Role = string | string[] | undefined;

function roleList(random: Random, size: number): Role[] {
  const least = (rate: number, from: number) => (size >= from ? Math.max(1, Math.round(size * rate)) : 0);
  const experts: Role[] = [...repeat("community_expert", least(0.07, 1)), ...repeat("top_expert", least(0.03, 3))];
  const others = [
    ...repeat("superadmin", size >= 100 ? 2 : least(0, 2)),
    ...repeat("admin", least(0.01, 4)),
    ...repeat("lecturer", least(0.01, 20)),
  ];
  const users: Role[] = repeat("user", Math.max(0, size - experts.length - others.length));
  for (let i = 0; i < Math.round(size * 0.03); i++) users[i] = undefined;
  const inArrays = Math.round(size * 0.08);
  // Mostly experts who are admins too; a plain user's role may be an array as well.
  const doubled = Math.min(Math.floor(experts.length / 3), Math.ceil(inArrays / 2));
  for (let i = 0; i < doubled; i++) experts[i] = [experts[i] as string, "admin"];
  for (let i = 0; i < inArrays - doubled; i++) {
    const at = users.length - 1 - i;
    if (users[at] === "user") users[at] = ["user"];
  }
  // The proxy compares roles in lower case, so some were typed in capitals and nobody noticed.
  if (size >= 40) experts[experts.length - 1] = "Top_Expert";
  return random.shuffle([...experts, ...others, ...users]).slice(0, size);
}

function repeat<T>(value: T, count: number): T[] {
  return Array.from({ length: count }, () => value);
}

export function rolesOf(role: unknown): string[] {
  const named = Array.isArray(role) ? role : role === undefined || role === null ? ["user"] : [role];
  return named.map((one) => String(one).toLowerCase());
}

function makePerson(random: Random, index: number, role: Role, now: number): Person {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const created = now - random.int(20, 700) * DAY_MS - random.int(0, 24) * HOUR_MS - random.int(0, 3_599_999);
  const updated = random.int(created, now - HOUR_MS);
  const handle = `${plain(first)}.${plain(last)}.${index.toString(36)}`;
  const offers = rolesOf(role).some((one) => one === "community_expert" || one === "top_expert");
  const clerk: LegacyClerkUser = {
    id: clerkId(random),
    username: offers || random.chance(0.3) ? `${plain(first)}-${plain(last)}-${index.toString(36)}` : null,
    first_name: random.chance(0.97) ? first : null,
    last_name: random.chance(0.95) ? last : null,
    emails: [{ address: `${handle}@${random.pick(MAIL_DOMAINS)}`, verified: true, primary: true }],
    phones: random.chance(0.06) ? [phone(random, true)] : [],
    external_accounts: [],
    banned: false,
    locked: false,
    created_at: created,
    updated_at: updated,
    last_sign_in_at: random.chance(0.9) ? random.int(created, now) : null,
    public_metadata: {},
    unsafe_metadata: {},
    private_metadata: {},
    image_url: `https://img.clerk.example/${random.text(24, "abcdefghijklmnopqrstuvwxyz0123456789")}`,
    locale: random.pick(["pt", "en", "es", "pt-BR", null]),
  };
  if (random.chance(0.15)) clerk.emails.push({ address: `${handle}.work@${random.pick(MAIL_DOMAINS)}`, verified: true, primary: false });
  if (random.chance(0.05)) clerk.emails.push({ address: `${handle}.old@${random.pick(MAIL_DOMAINS)}`, verified: false, primary: false });
  giveMetadata(random, clerk, role, offers, now);
  return { clerk, offers };
}

function giveMetadata(random: Random, clerk: LegacyClerkUser, role: Role, offers: boolean, now: number): void {
  if (role !== undefined) clerk.public_metadata["role"] = role;
  if (random.chance(0.6)) clerk.public_metadata["country"] = random.pick(["PT", "PT", "PT", "BR", "ES", "GB", "US"]);
  if (random.chance(0.1)) {
    clerk.public_metadata["securityPreferences"] = {
      notifyOnNewDevice: random.chance(0.8),
      maxSessions: random.int(1, 5),
      alerts: ["email"],
    };
  }
  if (random.chance(0.3)) {
    clerk.private_metadata["deviceHistory"] = [{ id: random.hex(8), seen: now - random.int(0, 90) * DAY_MS }];
    clerk.private_metadata["timezone"] = "Europe/Lisbon";
  }
  if (!offers) return;
  // Browser-writable, so some of it is wishful.
  const flags = ["profile", "availability", "events", "identity", "payment", "google_account"];
  clerk.unsafe_metadata["expertSetup"] = Object.fromEntries(flags.map((flag) => [flag, random.chance(0.9)]));
  clerk.unsafe_metadata["setupComplete"] = random.chance(0.85);
  if (random.chance(0.7)) {
    clerk.private_metadata["googleAccessToken"] = `ya29.fake-${random.text(40, "abcdefghijklmnopqrstuvwxyz0123456789")}`;
    clerk.private_metadata["googleTokenExpiry"] = now + HOUR_MS;
  }
}

export function phone(random: Random, primary: boolean): { number: string; verified: boolean; primary: boolean } {
  return { number: `+3519${random.text(8, "0123456789")}`, verified: true, primary };
}

/** ASCII letters of a name, for addresses and usernames. */
export function plain(name: string): string {
  return name
    .normalize("NFD")
    .replace(/[^A-Za-z]/g, "")
    .toLowerCase();
}

/** Addresses that a person proved, the primary one first. */
export function verifiedAddresses(user: LegacyClerkUser): string[] {
  const primary = primaryAddress(user);
  return user.emails
    .filter((email) => email.verified)
    .map((email) => email.address)
    .sort((a, b) => Number(b === primary) - Number(a === primary));
}
