import { giveDigest, giveGoogle, giveTotp, newPassword } from "./credentials.ts";
import { PBKDF2_ABOVE_CEILING } from "./dear-digests.ts";
import { bcrypt, type Digest, type HashCost } from "./digests.ts";
import { type Draft, type Person, primaryAddress } from "./draft.ts";
import { phone } from "./people.ts";
import type { Random } from "./random.ts";

interface Tools {
  random: Random;
  draft: Draft;
  cost: HashCost;
}

/** Changes one ordinary person; `other` is the second of two, and of one alone that person again. */
export type MakeSpecial = (tools: Tools, person: Person, other: Person) => void;

export function withPassword({ random, draft, cost }: Tools, person: Person): void {
  const password = newPassword(random);
  giveDigest(draft, person, password, bcrypt(random, password, cost));
}

export function withGoogle(_: Tools, person: Person): void {
  giveGoogle(person);
}

export function withTotp({ random, draft }: Tools, person: Person): void {
  giveTotp(random, draft, person);
}

type Credential = (tools: Tools, person: Person) => void;

export function both(one: Credential, other: Credential): Credential {
  return (tools, person) => {
    one(tools, person);
    other(tools, person);
  };
}

export function digest(make: (tools: Tools, password: string) => Digest): MakeSpecial {
  return (tools, person) => {
    const password = newPassword(tools.random);
    giveDigest(tools.draft, person, password, make(tools, password));
  };
}

export function aboveCeiling({ draft }: Tools, person: Person): void {
  giveDigest(draft, person, PBKDF2_ABOVE_CEILING.password, PBKDF2_ABOVE_CEILING);
}

/** A digest that nobody can sign in with, so there is no password to prove. */
export function malformed(damage: (digest: string) => string, totp = false): MakeSpecial {
  return (tools, person) => {
    withPassword(tools, person);
    const { clerk } = person;
    clerk.password_digest = damage(clerk.password_digest as string);
    tools.draft.passwords.delete(clerk.id);
    if (totp) giveTotp(tools.random, tools.draft, person);
  };
}

export function claimByCase(tools: Tools, first: Person, second: Person): void {
  for (const person of [first, second]) withPassword(tools, person);
  const address = primaryAddress(first.clerk) as string;
  setPrimary(second, address.charAt(0).toUpperCase() + address.slice(1).replace(/example|exemplo/, (word) => word.toUpperCase()));
}

/** The second proved the first one's address as a further one of its own. */
export function claimBySecondary(tools: Tools, first: Person, second: Person): void {
  for (const person of [first, second]) withPassword(tools, person);
  const address = primaryAddress(first.clerk) as string;
  second.clerk.emails.push({ address: address.toUpperCase(), verified: true, primary: false });
}

/** The second typed the first one's address and never proved it: both move. */
export function unverifiedSecondary(tools: Tools, first: Person, second: Person): void {
  for (const person of [first, second]) withPassword(tools, person);
  second.clerk.emails.push({ address: primaryAddress(first.clerk) as string, verified: false, primary: false });
}

/** A banned one's claim does not hold anybody up. */
export function addressOfBanned(tools: Tools, first: Person, second: Person): void {
  for (const person of [first, second]) withPassword(tools, person);
  second.clerk.banned = true;
  setPrimary(second, (primaryAddress(first.clerk) as string).toUpperCase());
}

export function deleted(tools: Tools, person: Person): void {
  withPassword(tools, person);
  person.clerk.deletedInApi = true;
}

export function banned(tools: Tools, person: Person): void {
  withPassword(tools, person);
  person.clerk.banned = true;
}

export function locked(tools: Tools, person: Person): void {
  withPassword(tools, person);
  person.clerk.locked = true;
}

export function unknownRole(tools: Tools, person: Person): void {
  withPassword(tools, person);
  person.clerk.public_metadata["role"] = "expert";
}

export function missing(credential: Credential): MakeSpecial {
  return (tools, person) => {
    credential(tools, person);
    person.clerk.missingInExport = true;
  };
}

export function phoneOnly(tools: Tools, person: Person): void {
  withPassword(tools, person);
  person.clerk.emails = [];
  person.clerk.phones = [phone(tools.random, true)];
}

export function smsFactor(tools: Tools, person: Person): void {
  withPassword(tools, person);
  person.clerk.phones = [{ ...phone(tools.random, true), second_factor: true }];
}

export function passkeyOnly(_: Tools, person: Person): void {
  person.clerk.passkeys = 1;
}

export function usernameOnly(tools: Tools, person: Person): void {
  withPassword(tools, person);
  const { clerk } = person;
  clerk.emails = [];
  clerk.phones = [];
  clerk.username = `nameless-${tools.random.text(6, "abcdefghijklmnopqrstuvwxyz")}`;
}

export function badAddress(damage: (handle: string) => string): MakeSpecial {
  return (tools, person) => {
    withPassword(tools, person);
    const handle = (primaryAddress(person.clerk) as string).split("@")[0] as string;
    setPrimary(person, damage(handle));
  };
}

function setPrimary(person: Person, address: string): void {
  for (const email of person.clerk.emails) if (email.primary) email.address = address;
}
