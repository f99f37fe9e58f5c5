import { type Act, asPerson, encrypted, fixed } from "../scene.ts";
import type { Person } from "../shop.ts";
import { insert, moment, type Statement, update } from "../statement.ts";

const DAY_MS = 86_400_000;

/**
 * Somebody becomes an expert: the product asked WorkOS for a practice, and its sync job mirrors that. Legacy knows no organizations, so nothing
 * is different there. Only somebody who owns no rows yet: those would stay in the home.
 */
export const foundPractice: Act = ({ draw, shop, practices, now }) => {
  const owners = new Set(
    [shop.profiles, shop.services, shop.schedules, shop.settings, shop.blockedDates, shop.meetings].flat().map(({ owner }) => owner),
  );
  const free = shop.people.filter((one) => one.orgId === one.homeId && practices.has(one.legacyUserId) && !owners.has(one));
  const person = draw.pick(free.filter((one) => !one.hasLegacyRow)) ?? draw.pick(free);
  const practice = person && practices.get(person.legacyUserId);
  if (!person || !practice) return undefined;
  const { orgId, membershipId } = practice;
  person.orgId = orgId;
  const member = { id: membershipId, org_id: orgId, workos_user_id: person.workosUserId, role_slug: "owner", status: "active" };
  return [
    {
      as: { kind: "job", job: "sync" },
      target: [
        insert("organizations", { id: orgId, type: "expert_individual", tier: "free", name: "Nova Pessoa", created_at: now.target }),
        insert("memberships", member),
      ],
      legacy: fixed(),
    },
  ];
};

/** Those who have a practice, if anybody has: whoever becomes an expert gets one first. */
function experts(people: readonly Person[]): readonly Person[] {
  const practised = people.filter(({ orgId, homeId }) => orgId !== homeId);
  return practised.length > 0 ? practised : people;
}

/** A profile is written by its expert; its standing comes later from the admin job, or never. Legacy had the defaults at once. */
export const makeProfile: Act = ({ draw, shop, now }) => {
  const taken = new Set(shop.profiles.map((profile) => profile.owner));
  const owner = draw.pick(experts(shop.people.filter((candidate) => !taken.has(candidate))));
  if (!owner) return undefined;
  const id = draw.uuid();
  shop.profiles.push({ id, owner, hasStanding: false });
  const both = { id, headline: `New here ${draw.hex(2)}`, published: false };
  return [
    {
      as: asPerson(owner),
      target: [
        insert("profiles", {
          ...{ ...both, org_id: owner.orgId, workos_user_id: owner.workosUserId, first_name: "Nova", last_name: "Pessoa" },
          ...{ created_at: now.target, updated_at: now.target },
        }),
      ],
      legacy: fixed(
        insert("profiles", {
          ...{ ...both, clerkUserId: owner.legacyUserId, firstName: "Nova", lastName: "Pessoa" },
          ...{ createdAt: now.legacy, updatedAt: now.legacy },
        }),
      ),
    },
  ];
};

/** The first payment of somebody who had no row on legacy: one comes into being there, with the address that WorkOS has. */
export const firstPayment: Act = ({ draw, shop }) => {
  const person = draw.pick(shop.people.filter((candidate) => !candidate.hasLegacyRow));
  if (!person) return undefined;
  person.hasLegacyRow = true;
  const customer = `cus_${draw.hex(7)}`;
  const { rowId, homeId, workosUserId } = person;
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [
        insert("billing_accounts", { user_row_id: rowId, org_id: homeId, workos_user_id: workosUserId, stripe_customer_id: customer }),
      ],
      legacy: fixed({ ...rowOf(person, { stripeCustomerId: customer }) }),
    },
  ];
};

/** Somebody without a row on legacy offers a service, is booked and writes a record: legacy's records must refer to a row of `users`. */
export const becomeExpert: Act = (scene) => {
  const { draw, shop, now } = scene;
  const person = draw.pick(experts(shop.people.filter((candidate) => !candidate.hasLegacyRow)));
  const patient = draw.pick(shop.meetings);
  if (!person || !patient) return undefined;
  person.hasLegacyRow = true;
  const [serviceId, meetingId, recordId] = [draw.uuid(), draw.uuid(), draw.uuid()];
  const [starts, ends] = [moment(now.ms + DAY_MS), moment(now.ms + DAY_MS + 3_600_000)];
  shop.freeFrom.set(person.workosUserId, ends.ms);
  const service = { id: serviceId, name: "First service", slug: `first-${draw.hex(3)}`, currency: "eur" };
  const meeting = { id: meetingId, timezone: "Europe/Lisbon" };
  const record = {
    id: recordId,
    meeting_id: meetingId,
    guest_email: patient.guestEmail,
    version: 1,
    encrypted_content: encrypted(scene, "Primeira nota"),
  };
  const owner = { org_id: person.orgId, expert_user_id: person.workosUserId };
  const stamps = { target: { created_at: now.target, updated_at: now.target }, legacy: { createdAt: now.legacy, updatedAt: now.legacy } };
  return [
    {
      as: asPerson(person),
      target: [
        insert("services", {
          ...{ ...service, org_id: person.orgId, workos_user_id: person.workosUserId, duration_minutes: 60 },
          ...{ price_cents: 0, is_active: true, display_order: 0, ...stamps.target },
        }),
      ],
      legacy: fixed(
        insert("events", {
          ...service,
          clerkUserId: person.legacyUserId,
          durationInMinutes: 60,
          price: 0,
          isActive: true,
          order: 0,
          ...stamps.legacy,
        }),
      ),
    },
    {
      as: { kind: "job", job: "booking" },
      target: [
        insert("meetings", {
          ...{
            ...meeting,
            ...owner,
            patient_org_id: patient.patientOrg,
            service_id: serviceId,
            guest_email: patient.guestEmail,
            guest_name: "Guest",
          },
          ...{ starts_at: starts.target, ends_at: ends.target, imported: false, ...stamps.target },
        }),
      ],
      // Nobody pays for it, so no row of the payments job comes: legacy's own defaults stand there.
      legacy: fixed(
        insert("meetings", {
          ...{ ...meeting, eventId: serviceId, clerkUserId: person.legacyUserId, guestEmail: patient.guestEmail, guestName: "Guest" },
          ...{ startTime: starts.legacy, endTime: ends.legacy, ...stamps.legacy },
        }),
      ),
    },
    {
      as: asPerson(person),
      target: [
        insert("records", {
          ...record,
          ...owner,
          patient_org_id: patient.patientOrg,
          last_modified_at: now.target,
          created_at: now.target,
        }),
      ],
      legacy: fixed(
        rowOf(person, {}),
        insert("records", { ...record, expert_id: person.legacyUserId, last_modified_at: now.legacy, created_at: now.legacy }),
      ),
    },
  ];
};

/** Two people's customers at Stripe were mixed up, and are put right: a unique value changes hands in one transaction. */
export const exchangeCustomers: Act = ({ shop }) => {
  const [one, other] = shop.people.filter((candidate) => candidate.customer !== null);
  if (!one || !other) return undefined;
  const [first, second] = [one.customer, other.customer];
  [one.customer, other.customer] = [second, first];
  const steps = [
    [one, null],
    [other, first],
    [one, second],
  ] as const;
  return [
    {
      as: { kind: "job", job: "payments" },
      target: steps.map(([person, customer]) =>
        update("billing_accounts", { user_row_id: person.rowId }, { stripe_customer_id: customer }),
      ),
      legacy: fixed(
        ...steps.map(([person, customer]) => update("users", { clerkUserId: person.legacyUserId }, { stripeCustomerId: customer })),
      ),
    },
  ];
};

/** What legacy gets for somebody it had no row of: the address of WorkOS, Clerk's times, and its own defaults. */
function rowOf(person: Person, more: Record<string, string>): Statement {
  return insert("users", {
    ...{ id: person.rowId, clerkUserId: person.legacyUserId, email: person.email, country: null },
    ...{ createdAt: person.createdAt, updatedAt: person.updatedAt, ...more },
  });
}
