import type { ClientBase } from "pg";
import type { ElevaWorld } from "../world.ts";

export interface Service {
  id: string;
  owner: string;
  name: string;
  price: number;
  duration: number;
  meetings: number;
  packs: number;
}

/** What the product knows when it writes: keys, and of each thing as much as an act needs. */
export interface Shop {
  services: Service[];
  profiles: string[];
  schedules: string[];
  meetings: { id: string; serviceId: string; expert: string; guest: string; paid: boolean }[];
  records: { id: string; meetingId: string }[];
  blockedDates: number[];
  settings: number[];
  transfers: number[];
  reservations: { id: string; serviceId: string }[];
  purchases: string[];
  users: string[];
  /** Signed up in Clerk, and no row in `users` yet. */
  withoutRow: { id: string; email: string }[];
}

/** Reads the shop in a fixed order, so that the same rows give the same acts. */
export async function readShop(client: ClientBase, world: Pick<ElevaWorld, "clerkUsers">): Promise<Shop> {
  const rows = async <T extends object>(text: string): Promise<T[]> => (await client.query<T>(text)).rows;
  const ids = async <T>(table: string): Promise<T[]> => (await rows<{ id: T }>(`select id from ${table} order by id`)).map((row) => row.id);
  const users = (await rows<{ id: string }>(`select "clerkUserId" as id from users order by 1`)).map((row) => row.id);
  const withRow = new Set(users);
  return {
    services: await rows<Service>(
      `select id, "clerkUserId" as owner, name, price, "durationInMinutes" as duration,
         (select count(*)::int from meetings where "eventId" = events.id) as meetings,
         (select count(*)::int from session_packs where event_id = events.id) as packs
       from events order by id`,
    ),
    profiles: await ids("profiles"),
    schedules: await ids("schedules"),
    meetings: await rows(
      `select id, "eventId" as "serviceId", "clerkUserId" as expert, "guestEmail" as guest, "stripePaymentIntentId" is not null as paid from meetings order by id`,
    ),
    records: await rows(`select id, meeting_id as "meetingId" from records order by id`),
    blockedDates: await ids("blocked_dates"),
    settings: await ids("scheduling_settings"),
    transfers: await ids("payment_transfers"),
    reservations: await rows(`select id, event_id as "serviceId" from slot_reservations order by id`),
    purchases: await ids("pack_purchases"),
    users,
    withoutRow: world.clerkUsers
      .filter((user) => !withRow.has(user.id))
      .map((user) => ({ id: user.id, email: user.emails.find((email) => email.primary)?.address ?? "unknown@example.test" })),
  };
}
