import type { ClientBase } from "pg";

/** Somebody who moved. */
export interface Person {
  legacyUserId: string;
  workosUserId: string;
  /** The home: where the person's own accounts lie, and what is about the person as a patient. */
  homeId: string;
  /** Where the person works: the practice, else the home. The person's token names it. */
  orgId: string;
  /** users.id of the target. */
  rowId: string;
  /** Has a row in legacy's `users`, which legacy's records must reference. */
  hasLegacyRow: boolean;
  email: string;
  /** Naive, in UTC, as legacy writes them. */
  createdAt: string;
  updatedAt: string;
  /** At Stripe. */
  customer: string | null;
  /** Has the three rows of the payments and identity jobs. */
  hasAccounts: boolean;
}

interface Owned {
  id: string;
  owner: Person;
}

export interface Service extends Owned {
  name: string;
  price: number;
  minutes: number;
  /** A meeting, a reservation or a pack names it, so it cannot go. */
  used: boolean;
  hasStripe: boolean;
}

export interface Meeting extends Owned {
  patientOrg: string;
  guestEmail: string;
  paid: boolean;
}

export interface Reservation {
  id: string;
  serviceId: string;
}

/** What the product knows when it writes. The writers keep it current, so that what is gone is not written to again. */
export interface Shop {
  people: Person[];
  /** Legacy ids of people who did not move, with the stand-in that the target holds for them. */
  standIns: { legacyUserId: string; standIn: string }[];
  profiles: (Owned & { hasStanding: boolean })[];
  services: Service[];
  schedules: Owned[];
  blockedDates: Owned[];
  settings: Owned[];
  meetings: Meeting[];
  records: Owned[];
  packs: (Owned & { sessions: number; price: number; name: string })[];
  purchases: { id: string; left: number }[];
  transfers: string[];
  reservations: Reservation[];
  /** Organization by the key of a proved address or of a guest's. */
  parties: Map<string, string>;
  /** After this moment (milliseconds) nothing booked on the target takes the expert's time; by WorkOS user id. */
  freeFrom: Map<string, number>;
}

/**
 * Reads the shop in the order of keys that legacy and target share, so that the same rows give the same writes.
 *
 * @param only legacy ids of the people whose rows are wanted; everybody's when left out
 */
export async function readShop(client: ClientBase, only?: readonly string[]): Promise<Shop> {
  const rows = async <T extends object>(text: string): Promise<T[]> => (await client.query<T>(text)).rows;
  const moved = await rows<Person>(`
    select i.legacy_user_id as "legacyUserId", u.workos_user_id as "workosUserId", u.org_id as "homeId",
           coalesce(i.workos_practice_id, u.org_id) as "orgId", u.id as "rowId",
           u.legacy_row as "hasLegacyRow", u.email, (u.created_at at time zone 'UTC')::text as "createdAt",
           (u.updated_at at time zone 'UTC')::text as "updatedAt", b.stripe_customer_id as customer, u.legacy_row as "hasAccounts"
      from public.users u join rehome.identity i on i.workos_user_id = u.workos_user_id
      left join public.billing_accounts b on b.user_row_id = u.id order by 1`);
  const people = only ? moved.filter((person) => only.includes(person.legacyUserId)) : moved;
  const byWorkosId = new Map(people.map((person) => [person.workosUserId, person]));
  // Only rows where the owner works: that is the organization which the owner's token names.
  const owned = async <T extends object>(text: string): Promise<(T & Owned)[]> =>
    (await rows<T & { id: string | number; ownerId: string; org: string }>(text)).flatMap((row) => {
      const owner = byWorkosId.get(row.ownerId);
      return owner && owner.orgId === row.org ? [{ ...row, id: String(row.id), owner }] : [];
    });
  const plain = (table: string) => owned<Owned>(`select id, workos_user_id as "ownerId", org_id as org from public.${table} order by id`);
  return {
    people,
    standIns: await rows(`select legacy_user_id as "legacyUserId", stand_in as "standIn" from rehome.identity where not moved order by 1`),
    profiles: (await plain("profiles")).map((profile) => ({ ...profile, hasStanding: true })),
    services: await owned<Service>(`
      select s.id, s.workos_user_id as "ownerId", s.org_id as org, s.name, s.price_cents as price, s.duration_minutes as minutes,
             exists (select from public.meetings m where m.service_id = s.id) or exists (select from public.slot_reservations r where r.service_id = s.id)
               or exists (select from public.session_packs p where p.service_id = s.id) as used,
             exists (select from public.service_stripe t where t.service_id = s.id) as "hasStripe"
        from public.services s order by s.id`),
    schedules: await plain("schedules"),
    blockedDates: await plain("blocked_dates"),
    settings: await plain("scheduling_settings"),
    meetings: await owned<Meeting>(`
      select m.id, m.expert_user_id as "ownerId", m.org_id as org, m.patient_org_id as "patientOrg", m.guest_email as "guestEmail",
             p.meeting_id is not null as paid
        from public.meetings m left join public.meeting_payments p on p.meeting_id = m.id order by m.id`),
    records: await owned<Owned>(`select id, expert_user_id as "ownerId", org_id as org from public.records order by id`),
    packs: await owned(`
      select id, workos_user_id as "ownerId", org_id as org, sessions_count as sessions, price_cents as price, name from public.session_packs order by id`),
    purchases: await rows(`select id, max_redemptions - redemptions_used as left from public.pack_purchases order by id`),
    transfers: (await rows<{ id: string }>(`select id::text from public.payment_transfers t order by t.id`)).map((row) => row.id),
    reservations: await rows(`select id, service_id as "serviceId" from public.slot_reservations order by id`),
    parties: new Map((await rows<{ key: string; org: string }>(PARTIES)).map((row) => [row.key, row.org])),
    freeFrom: new Map((await rows<{ expert: string; until: string }>(TAKEN)).map((row) => [row.expert, Number(row.until)])),
  };
}

// docs/mapping.md, party(·): a proved address makes rows that person's, else the guest's. A later row of the map wins, so guests come first.
const PARTIES = `
select email_key as key, org_id as org from public.guests
union all
select * from (
  select rehome.email_key(email), org_id from public.users where email_verified
  union
  select rehome.email_key(email), org_id from public.user_emails where verified) proved`;

const TAKEN = `
select expert_user_id as expert, (extract(epoch from max(ends_at)) * 1000)::bigint::text as until
  from public.meetings where not imported group by 1 order by 1`;

/** The form in which addresses are compared. */
export const emailKey = (address: string): string =>
  address.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
