import type { Draft, Guest, Person } from "./draft.ts";
import { primaryAddress } from "./draft.ts";
import { phone, plain, verifiedAddresses } from "./people.ts";
import type { Random } from "./random.ts";
import { FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, ZONES } from "./words.ts";

/**
 * Whom patients say they are: three addresses for every signed-up patient. A quarter is a user's primary address as it stands, 12 % a
 * user's further address or the primary one in other letters; the others belong to nobody who signed up.
 */
export function listGuests(random: Random, draft: Draft): void {
  const patients = draft.people.filter((person) => !person.offers);
  const withAddress = patients.filter((person) => primaryAddress(person.clerk) !== undefined);
  const withFurther = withAddress.filter((person) => person.clerk.emails.length > 1);
  for (let i = 0; i < Math.max(6, patients.length * 3); i++) {
    const draw = random.unit();
    if (draw < 0.25 && withAddress.length > 0) draft.guests.push(guestOf(random, random.pick(withAddress), "primary"));
    else if (draw < 0.31 && withFurther.length > 0) draft.guests.push(guestOf(random, random.pick(withFurther), "further"));
    else if (draw < 0.37 && withAddress.length > 0) draft.guests.push(guestOf(random, random.pick(withAddress), "case"));
    else draft.guests.push(stranger(random, i));
  }
}

function guestOf(random: Random, { clerk }: Person, which: "primary" | "further" | "case"): Guest {
  const primary = primaryAddress(clerk) as string;
  const further = clerk.emails.filter((email) => !email.primary).map((email) => email.address);
  const email =
    which === "primary"
      ? primary
      : which === "further"
        ? random.pick(further)
        : inOtherLetters(random, random.pick([primary, ...verifiedAddresses(clerk)]));
  return {
    email,
    name: [clerk.first_name ?? "Guest", clerk.last_name].filter(Boolean).join(" "),
    phone: somePhone(random),
    zone: random.weighted(ZONES),
  };
}

/** The same address for every mail server there is, and another string. */
function inOtherLetters(random: Random, address: string): string {
  return random.pick([
    (text: string) => text.toUpperCase(),
    (text: string) => text.charAt(0).toUpperCase() + text.slice(1),
    (text: string) => `${text} `,
    (text: string) => ` ${text}`,
  ])(address);
}

function stranger(random: Random, index: number): Guest {
  const first = random.pick(FIRST_NAMES);
  const last = random.pick(LAST_NAMES);
  const email = `${plain(first)}${random.pick([".", "_", ""])}${plain(last)}.g${index.toString(36)}@${random.pick(MAIL_DOMAINS)}`;
  return { email, name: `${first} ${last}`, phone: somePhone(random), zone: random.weighted(ZONES) };
}

function somePhone(random: Random): string | null {
  return random.chance(0.4) ? phone(random, true).number : null;
}
