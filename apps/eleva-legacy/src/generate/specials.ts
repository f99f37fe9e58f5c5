import { argon2, argon2Cost, bcryptSha256Django, type HashCost, md5, pbkdf2Sha256, pbkdf2Sha512, phpass } from "./digests.ts";
import type { Draft, Person } from "./draft.ts";
import type { Random } from "./random.ts";
import {
  aboveCeiling,
  addressOfBanned,
  badAddress,
  banned,
  both,
  claimByCase,
  claimBySecondary,
  deleted,
  digest,
  locked,
  type MakeSpecial,
  malformed,
  missing,
  passkeyOnly,
  phoneOnly,
  smsFactor,
  unknownRole,
  unverifiedSecondary,
  usernameOnly,
  withGoogle,
  withPassword,
  withTotp,
} from "./special-people.ts";

interface Special {
  kind: string;
  /** Of all people; 0 for one instance only. */
  rate: number;
  people: number;
  /** Takes experts first, so that rows of every kind hang on this person. */
  expert?: true;
  /** Of these people nobody moves. */
  stays?: true;
  make: MakeSpecial;
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
      special.make({ random, draft, cost }, chosen[0] as Person, chosen.at(-1) as Person);
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
  {
    kind: "below_floor_sha256",
    rate: 0.003,
    people: 1,
    expert: true,
    make: digest(({ random }, password) => pbkdf2Sha256(random, password, 1000)),
  },
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
  { kind: "missing_with_google", rate: 0, people: 1, make: missing(withGoogle) },
  {
    kind: "missing_with_totp",
    rate: 0,
    people: 1,
    stays: true,
    make: missing(both(withGoogle, withTotp)),
  },
  { kind: "missing_without_credential", rate: 0, people: 1, make: missing(() => {}) },
  {
    kind: "totp_and_google",
    rate: 0,
    people: 1,
    make: both(withGoogle, withTotp),
  },
  {
    kind: "totp_and_password",
    rate: 0,
    people: 1,
    make: both(withPassword, withTotp),
  },
  { kind: "below_floor_sha512", rate: 0, people: 1, make: digest(({ random }, password) => pbkdf2Sha512(random, password, 1000)) },
  { kind: "above_ceiling_sha512", rate: 0, people: 1, make: aboveCeiling },
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
  {
    kind: "bcrypt_sha256_django",
    rate: 0,
    people: 1,
    make: digest(({ random, cost }, password) => bcryptSha256Django(random, password, cost)),
  },
  {
    kind: "malformed_totp",
    rate: 0,
    people: 1,
    make: malformed((made) => made.replace("$2b$04", "$2b$4").replace("$2b$10", "$2b$1"), true),
  },
  { kind: "sms_factor", rate: 0, people: 1, make: smsFactor },
  { kind: "passkey_only", rate: 0, people: 1, make: passkeyOnly },
];
