import { giveDigest, giveGoogle, giveTotp, newPassword } from "./credentials.ts";
import { argon2, argon2Cost, bcrypt, bcryptSha256Django, type Digest, type HashCost, md5, pbkdf2Sha256, pbkdf2Sha512, phpass } from "./digests.ts";
import { type Draft, type Person, primaryAddress } from "./draft.ts";
import { phone } from "./people.ts";
import type { Random } from "./random.ts";

interface Tools {
  random: Random;
  draft: Draft;
  cost: HashCost;
}

interface Special {
  kind: string;
  /** Of all people; 0 for one instance only. */
  rate: number;
  people: number;
  /** Takes experts first, so that rows of every kind hang on this person. */
  expert?: true;
  /** Of these people nobody moves. */
  stays?: true;
  make(tools: Tools, people: readonly Person[]): void;
}

/**
 * Picks people who are not ordinary and makes them so: one instance of each kind at least where the world holds 300 people, as many
 * as a quarter of it holds where it is smaller, in the order of the list.
 */
export function makeSpecials(random: Random, draft: Draft, cost: HashCost): void {
  const experts = random.shuffle(draft.people.filter((person) => person.offers));
  const users = random.shuffle(draft.people.filter((person) => !person.offers && isPlainUser(person)));
  const spareExperts = Math.floor(experts.length / 3);
  let room = Math.floor(draft.people.length / 4);
  let usedExperts = 0;
  for (const special of SPECIALS) {
    for (let instance = 0; instance < Math.max(1, Math.round(special.rate * draft.size)); instance++) {
      const takesExpert = special.expert === true && instance === 0 && usedExperts < spareExperts;
      if (room < special.people || users.length < special.people) break;
      const chosen = Array.from({ length: special.people }, (_, i) => (takesExpert && i === 0 ? experts.pop() : users.pop()) as Person);
      if (takesExpert) usedExperts++;
      room -= special.people;
      for (const person of chosen) {
        person.special = special.kind;
        if (special.stays) person.stays = true;
      }
      special.make({ random, draft, cost }, chosen);
    }
  }
}

function isPlainUser(person: Person): boolean {
  const role = person.clerk.public_metadata["role"];
  return role === undefined || role === "user" || (Array.isArray(role) && role.length === 1 && role[0] === "user");
}

const SPECIALS: readonly Special[] = [
  { kind: "claimed_by_case", rate: 0.006, people: 2, expert: true, stays: true, make: claimByCase },
  { kind: "deleted_in_api", rate: 0.006, people: 1, expert: true, stays: true, make: deleted },
  { kind: "banned", rate: 0.006, people: 1, expert: true, stays: true, make: banned },
  { kind: "locked", rate: 0.004, people: 1, make: locked },
  { kind: "unknown_role", rate: 0, people: 1, expert: true, stays: true, make: unknownRole },
  { kind: "missing_with_password", rate: 0.003, people: 1, expert: true, stays: true, make: missing(withPassword) },
  { kind: "md5", rate: 0, people: 1, make: digest((_, password) => md5(password)) },
  { kind: "below_floor_sha256", rate: 0.003, people: 1, expert: true, make: digest(({ random }, password) => pbkdf2Sha256(random, password, 1000)) },
  { kind: "malformed_bcrypt", rate: 0.003, people: 1, make: malformed((made) => made.slice(0, -4)) },
  { kind: "no_credential", rate: 0.006, people: 1, make: () => {} },
  { kind: "phone_only", rate: 0.006, people: 1, stays: true, make: phoneOnly },
  { kind: "username_only", rate: 0.004, people: 1, stays: true, make: usernameOnly },
  { kind: "claimed_by_secondary", rate: 0.004, people: 2, stays: true, make: claimBySecondary },
  { kind: "secondary_claims_nothing", rate: 0.003, people: 2, make: unverifiedSecondary },
  { kind: "address_of_banned", rate: 0, people: 2, make: addressOfBanned },
  { kind: "bad_address_no_dot", rate: 0, people: 1, stays: true, make: badAddress((handle) => `${handle}@localhost`) },
  { kind: "bad_address_space", rate: 0, people: 1, stays: true, make: badAddress((handle) => `${handle} lima@example.test`) },
  { kind: "bad_address_two_ats", rate: 0, people: 1, stays: true, make: badAddress((handle) => `${handle}@x@example.test`) },
  { kind: "bad_address_long", rate: 0, people: 1, stays: true, make: badAddress((handle) => `${handle.padEnd(250, "a")}@example.test`) },
  { kind: "missing_with_google", rate: 0, people: 1, make: missing(({}, person) => giveGoogle(person)) },
  { kind: "missing_with_totp", rate: 0, people: 1, stays: true, make: missing((tools, person) => (giveGoogle(person), giveTotp(tools.random, tools.draft, person))) },
  { kind: "missing_without_credential", rate: 0, people: 1, make: missing(() => {}) },
  { kind: "totp_and_google", rate: 0, people: 1, make: (tools, [person]) => (giveGoogle(person as Person), giveTotp(tools.random, tools.draft, person as Person)) },
  { kind: "totp_and_password", rate: 0, people: 1, make: (tools, [person]) => (withPassword(tools, person as Person), giveTotp(tools.random, tools.draft, person as Person)) },
  { kind: "below_floor_sha512", rate: 0, people: 1, make: digest(({ random }, password) => pbkdf2Sha512(random, password, 1000)) },
  { kind: "above_ceiling_sha512", rate: 0, people: 1, make: digest(({ random }, password) => pbkdf2Sha512(random, password, 1_000_001)) },
  {
    kind: "below_floor_argon2",
    rate: 0.003,
    people: 1,
    make: digest(({ random }, password) => argon2(random, password, "argon2id", { memory: 64, passes: 1, parallelism: 1 })),
  },
  {
    kind: "below_floor_argon2i",
    rate: 0,
    people: 1,
    make: digest(({ random, cost }, password) => argon2(random, password, "argon2i", { ...argon2Cost(cost), passes: 2 })),
  },
  { kind: "phpass", rate: 0, people: 1, make: digest(({ random }, password) => phpass(random, password)) },
  { kind: "bcrypt_sha256_django", rate: 0, people: 1, make: digest(({ random, cost }, password) => bcryptSha256Django(random, password, cost)) },
  { kind: "malformed_totp", rate: 0, people: 1, make: malformed((made) => made.replace("$2b$04", "$2b$4").replace("$2b$10", "$2b$1"), true) },
  { kind: "sms_factor", rate: 0, people: 1, make: smsFactor },
  { kind: "passkey_only", rate: 0, people: 1, make: (_, [person]) => void ((person as Person).clerk.passkeys = 1) },
];

function withPassword({ random, draft, cost }: Tools, person: Person): void {
  const password = newPassword(random);
  giveDigest(draft, person, password, bcrypt(random, password, cost));
}

function digest(make: (tools: Tools, password: string) => Digest): Special["make"] {
  return (tools, [person]) => {
    const password = newPassword(tools.random);
    giveDigest(tools.draft, person as Person, password, make(tools, password));
  };
}

/** A digest that nobody can sign in with, so there is no password to prove. */
function malformed(damage: (digest: string) => string, totp = false): Special["make"] {
  return (tools, [person]) => {
    withPassword(tools, person as Person);
    const { clerk } = person as Person;
    clerk.password_digest = damage(clerk.password_digest as string);
    tools.draft.passwords.delete(clerk.id);
    if (totp) giveTotp(tools.random, tools.draft, person as Person);
  };
}

function claimByCase(tools: Tools, [first, second]: readonly Person[]): void {
  for (const person of [first as Person, second as Person]) withPassword(tools, person);
  const address = primaryAddress((first as Person).clerk) as string;
  setPrimary(second as Person, address.charAt(0).toUpperCase() + address.slice(1).replace(/example|exemplo/, (word) => word.toUpperCase()));
}

/** The second proved the first one's address as a further one of its own. */
function claimBySecondary(tools: Tools, [first, second]: readonly Person[]): void {
  for (const person of [first as Person, second as Person]) withPassword(tools, person);
  const address = primaryAddress((first as Person).clerk) as string;
  (second as Person).clerk.emails.push({ address: address.toUpperCase(), verified: true, primary: false });
}

/** The second typed the first one's address and never proved it: both move. */
function unverifiedSecondary(tools: Tools, [first, second]: readonly Person[]): void {
  for (const person of [first as Person, second as Person]) withPassword(tools, person);
  (second as Person).clerk.emails.push({ address: primaryAddress((first as Person).clerk) as string, verified: false, primary: false });
}

/** A banned one's claim does not hold anybody up. */
function addressOfBanned(tools: Tools, [first, second]: readonly Person[]): void {
  for (const person of [first as Person, second as Person]) withPassword(tools, person);
  (second as Person).clerk.banned = true;
  setPrimary(second as Person, (primaryAddress((first as Person).clerk) as string).toUpperCase());
}

function deleted(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  (person as Person).clerk.deletedInApi = true;
}

function banned(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  (person as Person).clerk.banned = true;
}

function locked(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  (person as Person).clerk.locked = true;
}

function unknownRole(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  (person as Person).clerk.public_metadata["role"] = "expert";
}

function missing(credential: (tools: Tools, person: Person) => void): Special["make"] {
  return (tools, [person]) => {
    credential(tools, person as Person);
    (person as Person).clerk.missingInExport = true;
  };
}

function phoneOnly(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  (person as Person).clerk.emails = [];
  (person as Person).clerk.phones = [phone(tools.random, true)];
}

function smsFactor(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  (person as Person).clerk.phones = [{ ...phone(tools.random, true), second_factor: true }];
}

function usernameOnly(tools: Tools, [person]: readonly Person[]): void {
  withPassword(tools, person as Person);
  const { clerk } = person as Person;
  clerk.emails = [];
  clerk.phones = [];
  clerk.username = `nameless-${tools.random.text(6, "abcdefghijklmnopqrstuvwxyz")}`;
}

function badAddress(damage: (handle: string) => string): Special["make"] {
  return (tools, [person]) => {
    withPassword(tools, person as Person);
    const handle = (primaryAddress((person as Person).clerk) as string).split("@")[0] as string;
    setPrimary(person as Person, damage(handle));
  };
}

function setPrimary(person: Person, address: string): void {
  for (const email of person.clerk.emails) if (email.primary) email.address = address;
}
