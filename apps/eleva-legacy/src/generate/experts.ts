import type { Row } from "../world.ts";
import { DAY_MS, naive } from "./clock.ts";
import { clerkId, type Draft, type Expert, type Person, primaryAddress, share } from "./draft.ts";
import { plain } from "./people.ts";
import type { Random } from "./random.ts";
import { FIRST_NAMES, LAST_NAMES, MAIL_DOMAINS, SENTENCES, ZONES } from "./words.ts";

/** Six categories in two levels; the parent of one is gone. */
export function addCategories(random: Random, draft: Draft): void {
  const names = ["Physiotherapy", "Pelvic health", "Nutrition", "Pregnancy nutrition", "Mental health", "Sexology"];
  const parents: (number | "gone" | null)[] = [null, 0, null, 2, null, "gone"];
  const made = draft.now - 800 * DAY_MS;
  for (const [index, name] of names.entries()) {
    const parent = parents[index];
    draft.tables.categories.push({
      id: random.uuid(),
      name,
      description: index % 2 ? null : `${name} for women`,
      image: index % 3 ? `/categories/${plain(name)}.webp` : null,
      parentId:
        typeof parent === "number" ? ((draft.tables.categories[parent] as Row)["id"] as string) : parent === "gone" ? random.uuid() : null,
      createdAt: naive(made),
      updatedAt: naive(made + index * DAY_MS),
    });
  }
}

/**
 * Names the experts, those with an account and a few whose account is gone, in the order of their business: the first has most meetings.
 * Whoever will not move stands past the first third.
 */
export function listExperts(random: Random, draft: Draft): void {
  draft.goneIds = Array.from({ length: share(draft.size, 0.02) }, () => clerkId(random));
  const held = draft.people.filter((person) => person.offers && person.special !== undefined);
  const ordinary = random.shuffle(draft.people.filter((person) => person.offers && person.special === undefined));
  const goneExperts = draft.goneIds.slice(0, share(draft.size, 0.007, 2));
  const list = ordinary.map((person) => expertOf(random, person));
  const rest = [...held.map((person) => expertOf(random, person)), ...goneExperts.map((id) => goneExpert(random, id, draft.now))];
  for (const expert of rest) list.splice(random.int(Math.ceil(list.length / 3), list.length), 0, expert);
  draft.experts = list;
}

function expertOf(random: Random, { clerk, special, stays }: Person): Expert {
  return {
    id: clerk.id,
    firstName: clerk.first_name ?? "Expert",
    lastName: clerk.last_name ?? "Eleva",
    email: primaryAddress(clerk) ?? `${clerk.username}@example.test`,
    zone: random.weighted(ZONES),
    createdAt: clerk.created_at,
    setupIncomplete: special === undefined && random.chance(0.15),
    moves: stays !== true,
    connectAccount: random.chance(0.85) ? random.id("acct_1", 15) : null,
    services: [],
  };
}

function goneExpert(random: Random, id: string, now: number): Expert {
  const firstName = random.pick(FIRST_NAMES);
  const lastName = random.pick(LAST_NAMES);
  return {
    id,
    firstName,
    lastName,
    email: `${plain(firstName)}.${plain(lastName)}.gone${random.int(1, 999)}@example.test`,
    zone: random.weighted(ZONES),
    createdAt: now - random.int(400, 700) * DAY_MS,
    setupIncomplete: false,
    moves: false,
    connectAccount: random.id("acct_1", 15),
    services: [],
  };
}

/** Rows of `users`: every expert, 55 % of the others (they are made lazily), and those whose account is gone. */
export function addUsers(random: Random, draft: Draft): void {
  const expertById = new Map(draft.experts.map((expert) => [expert.id, expert]));
  for (const { clerk } of draft.people) {
    const expert = expertById.get(clerk.id);
    if (!expert && !random.chance(0.55)) continue;
    // The Clerk webhook never copies a changed address.
    const email = primaryAddress(clerk) ?? `${clerk.username ?? "phone"}@example.test`;
    const copied = random.chance(0.03) ? `old.${email}` : email;
    const names = { first: clerk.first_name, last: clerk.last_name, image: clerk.image_url };
    draft.tables.users.push(userRow(random, draft, clerk.id, copied, names, clerk.created_at, expert));
  }
  for (const id of draft.goneIds) {
    const expert = expertById.get(id);
    const email = expert?.email ?? `gone.${random.text(6, "abcdefghijklmnopqrstuvwxyz")}@${random.pick(MAIL_DOMAINS)}`;
    const names = { first: expert?.firstName ?? random.pick(FIRST_NAMES), last: expert?.lastName ?? null, image: null };
    draft.tables.users.push(
      userRow(random, draft, id, email, names, expert?.createdAt ?? draft.now - random.int(200, 700) * DAY_MS, expert),
    );
  }
}

interface Names {
  first: string | null;
  last: string | null;
  image: string | null;
}

function userRow(
  random: Random,
  draft: Draft,
  id: string,
  email: string,
  names: Names,
  clerkCreated: number,
  expert: Expert | undefined,
): Row {
  const created = Math.min(draft.now - 1000, clerkCreated + random.int(0, 10 * DAY_MS));
  const updated = random.int(created, draft.now);
  const connected = expert?.connectAccount ?? null;
  const restricted = connected !== null && random.chance(0.1);
  const working = connected !== null && !restricted && expert?.setupIncomplete === false;
  const identity = expert ? random.weighted({ verified: 80, requires_input: 12, none: 8 }) : "none";
  const subscribed = random.chance(0.05);
  return {
    id: random.uuid(),
    clerkUserId: id,
    stripeCustomerId: random.chance(0.7) ? random.id("cus_", 14) : null,
    subscriptionId: subscribed ? random.id("sub_1", 23) : null,
    subscriptionStatus: subscribed
      ? random.weighted({ active: 60, canceled: 20, past_due: 10, trialing: 5, unpaid: 3, incomplete: 1, incomplete_expired: 1 })
      : null,
    subscriptionPriceId: subscribed ? random.id("price_1", 23) : null,
    subscriptionCurrentPeriodEnd: subscribed ? naive(draft.now + random.int(-30, 30) * DAY_MS) : null,
    subscriptionCanceledAt: subscribed && random.chance(0.2) ? naive(updated) : null,
    hasHadSubscription: random.chance(0.02) ? null : subscribed,
    email,
    first_name: names.first,
    last_name: names.last,
    image_url: names.image,
    stripe_connect_account_id: connected,
    stripe_connect_details_submitted: connected !== null,
    stripe_connect_charges_enabled: working || (restricted && random.chance(0.5)),
    stripe_connect_payouts_enabled: working,
    stripe_connect_onboarding_complete: working,
    stripe_bank_account_last4: working ? random.text(4, "0123456789") : null,
    stripe_bank_name: working ? random.pick(["Caixa Geral", "Millennium bcp", "Santander", "N26"]) : null,
    stripe_identity_verification_id: identity === "none" ? null : random.id("vs_1", 23),
    stripe_identity_verified: identity === "verified",
    stripe_identity_verification_status: identity === "none" ? null : identity,
    stripe_identity_verification_last_checked: identity === "none" ? null : naive(updated),
    country: random.weighted({ PT: 85, BR: 6, ES: 6, GB: 3 }),
    welcome_email_sent_at: random.chance(0.8) ? naive(created + 1234) : null,
    onboarding_completed_at: null,
    createdAt: naive(created),
    updatedAt: naive(updated),
  };
}

/** One profile for each expert who came that far; 80 % of the finished ones are published. */
export function addProfiles(random: Random, draft: Draft): void {
  for (const expert of draft.experts) {
    if (expert.setupIncomplete && random.chance(0.4)) continue;
    const published = !expert.setupIncomplete && random.chance(0.8);
    const created = Math.min(draft.now - 5000, expert.createdAt + random.int(0, 5 * DAY_MS));
    const agreed = published || random.chance(0.3);
    const category = () => random.pick(draft.tables.categories)["id"] as string;
    draft.tables.profiles.push({
      id: random.uuid(),
      clerkUserId: expert.id,
      profilePicture: random.chance(0.8) ? `https://files.eleva.example/avatars/${random.hex(8)}.jpg` : null,
      firstName: expert.firstName,
      lastName: expert.lastName,
      headline: random.chance(0.9) ? random.pick(["Pelvic floor physiotherapist", "Nutricionista", "Psicóloga perinatal", "Doula"]) : null,
      shortBio: random.chance(0.9) ? random.pick(SENTENCES.pt) : null,
      longBio: random.chance(0.7) ? `${SENTENCES.en.join(" ")}\n\n${SENTENCES.pt.join(" ")}` : null,
      primaryCategoryId: random.chance(0.9) ? category() : null,
      secondaryCategoryId: random.chance(0.3) ? category() : null,
      socialLinks: random.chance(0.6) ? socialLinks(random, expert) : random.chance(0.3) ? "[]" : null,
      isVerified: published && random.chance(0.8),
      isTopExpert: random.chance(0.25),
      published,
      practitioner_agreement_accepted_at: agreed ? naive(created + 3600_000) : null,
      practitioner_agreement_version: agreed ? random.pick(["1.0", "1.1"]) : null,
      practitioner_agreement_ip_address: agreed ? `85.${random.int(0, 255)}.${random.int(0, 255)}.${random.int(1, 254)}` : null,
      order: random.int(0, 40),
      createdAt: naive(created),
      updatedAt: naive(random.int(created, draft.now)),
    });
  }
}

/** The spaces are the product's: `json` keeps them, `jsonb` would not. */
function socialLinks(random: Random, expert: Expert): string {
  const handle = `${plain(expert.firstName)}.${plain(expert.lastName)}`;
  const links = random.sample(["instagram", "facebook", "twitter", "linkedin", "youtube", "tiktok"], random.int(1, 3));
  return `[${links.map((name) => `{"name": "${name}", "url": "https://${name}.example/${handle}"}`).join(", ")}]`;
}
