import { type KnownDigest, PBKDF2_AT_FLOOR } from "./dear-digests.ts";
import { argon2, argon2Cost, bcrypt, bcryptSha256Django, type Digest, type HashCost, md5, phpass } from "./digests.ts";
import { type Draft, type Person, primaryAddress } from "./draft.ts";
import type { Random } from "./random.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
type Way = "bcrypt" | "argon2" | "pbkdf2" | "unsupported" | "google";

/**
 * Gives every ordinary person a way to sign in: 62 % bcrypt, 6 % argon2, 3 % PBKDF2, 1 % a digest without a WorkOS form, 28 % Google only;
 * a TOTP factor to 20 % of the experts and 5 % of the others; 4 % did not verify their address.
 */
export function giveCredentials(random: Random, draft: Draft, cost: HashCost): void {
  const ordinary = draft.people.filter((person) => person.special === undefined);
  const ways = random.shuffle(wayList(ordinary.length));
  const turns = { pbkdf2: 0 };
  for (const [index, person] of ordinary.entries()) giveWay(random, draft, person, ways[index] as Way, cost, turns);
  for (const person of ordinary) {
    if (random.chance(person.offers ? 0.2 : 0.04)) giveTotp(random, draft, person);
    if (random.chance(0.02)) person.clerk.passkeys = random.int(1, 2);
    for (const phone of person.clerk.phones) if (random.chance(0.2)) phone.second_factor = true;
  }
  // Whoever came through Google has a verified address.
  const unproved = random.shuffle(ordinary.filter((person) => person.clerk.external_accounts.length === 0));
  for (const person of unproved.slice(0, Math.round(draft.size * 0.04))) {
    for (const email of person.clerk.emails) if (email.primary) email.verified = false;
  }
}

function wayList(count: number): Way[] {
  const of = (rate: number) => Math.round(count * rate);
  const ways: Way[] = [
    ...fill("argon2", of(0.06)),
    ...fill("pbkdf2", of(0.03)),
    ...fill("unsupported", of(0.01)),
    ...fill("google", of(0.28)),
  ];
  return [...ways, ...fill("bcrypt", count - ways.length)];
}

function fill(way: Way, count: number): Way[] {
  return Array.from({ length: count }, () => way);
}

function giveWay(random: Random, draft: Draft, person: Person, way: Way, cost: HashCost, turns: { pbkdf2: number }): void {
  if (way === "google") {
    giveGoogle(person);
    return;
  }
  if (way === "pbkdf2") {
    const known = PBKDF2_AT_FLOOR[turns.pbkdf2++ % PBKDF2_AT_FLOOR.length] as KnownDigest;
    giveDigest(draft, person, known.password, known);
  } else if (way === "bcrypt") {
    const password = newPassword(random);
    giveDigest(draft, person, password, bcrypt(random, password, cost, random.weighted({ a: 30, b: 65, y: 5 })));
  } else if (way === "argon2") {
    const password = newPassword(random);
    const made = random.chance(0.9)
      ? argon2(random, password, "argon2id", argon2Cost(cost))
      : argon2(random, password, "argon2i", { ...argon2Cost(cost), passes: 3 });
    giveDigest(draft, person, password, made);
  } else {
    const password = newPassword(random);
    giveDigest(
      draft,
      person,
      password,
      random.pick([() => md5(password), () => phpass(random, password), () => bcryptSha256Django(random, password, cost)])(),
    );
  }
  if (random.chance(0.15)) giveGoogle(person);
}

export function giveDigest(draft: Draft, person: Person, password: string, { hasher, digest }: Digest): void {
  person.clerk.password_hasher = hasher;
  person.clerk.password_digest = digest;
  draft.passwords.set(person.clerk.id, password);
}

export function giveGoogle(person: Person): void {
  const address = primaryAddress(person.clerk);
  if (address === undefined) return;
  person.clerk.external_accounts.push({ provider: "oauth_google", email: address, verified: true });
}

export function giveTotp(random: Random, draft: Draft, person: Person): void {
  const secret = random.text(32, BASE32);
  person.clerk.totp_secret = secret;
  if (random.chance(0.5)) person.clerk.backup_code_enabled = true;
  draft.totpSecrets.set(person.clerk.id, secret);
}

/** Some are long, not ASCII, or end in white space: all of them valid passwords. */
export function newPassword(random: Random): string {
  const core = random.text(random.int(10, 20), "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789-_!?");
  const odd = random.unit();
  if (odd < 0.03) return `${core} çã😀`;
  if (odd < 0.05) return `${core} `;
  return core;
}
