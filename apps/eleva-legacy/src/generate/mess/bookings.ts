import { answerPeople } from "../../answers/people.ts";
import type { Row } from "../../world.ts";
import { textOf } from "../../world.ts";
import { DAY_MS, fromNaive, HOUR_MS, lastSundayOfMarch, MINUTE_MS, naive } from "../clock.ts";
import { countBy, type Finished, type Make, type MessKind, type MessTools, movingExperts, repeated } from "./kind.ts";

/** Names that Postgres takes for a time zone and `Intl` refuses. */
export const STRANGE_ZONES = ["BRT", "AZOT", "Factory"] as const;

/** Kinds that show in services, schedules, meetings and reservations. */
export const BOOKING_MESS: readonly MessKind[] = [
  {
    kind: "slug twice for one expert",
    rate: 0.003,
    make: sameSlug,
    find: ({ tables }) => repeated(tables.events, (row) => `${row["clerkUserId"]} ${row["slug"]}`),
  },
  {
    kind: "settings twice for one expert",
    rate: 0,
    find: ({ tables }) => repeated(tables.scheduling_settings, (row) => textOf(row, "user_id")),
  },
  {
    kind: "one day blocked twice",
    rate: 0.003,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.blocked_dates, count)) {
        draft.tables.blocked_dates.push({ ...row, id: ((draft.tables.blocked_dates.at(-1) as Row)["id"] as number) + 1 });
      }
    },
    find: ({ tables }) => repeated(tables.blocked_dates, (row) => `${row["clerk_user_id"]} ${row["date"]}`),
  },
  {
    kind: "window whose start is after its end",
    rate: 0.003,
    make: windows("17:00", "09:00"),
    find: ({ tables }) => tables.scheduleAvailabilities.filter(isTurned).length,
  },
  {
    kind: "window time without its leading zero",
    rate: 0.006,
    make: windows("9:00", "12:30"),
    find: ({ tables }) => tables.scheduleAvailabilities.filter((row) => /^\d:/.test(textOf(row, "startTime"))).length,
  },
  {
    kind: "zone that only Postgres knows, of a schedule",
    rate: 0,
    make: zones("schedules"),
    find: ({ tables }) => strangeZones(tables.schedules),
  },
  {
    kind: "zone that only Postgres knows, of a meeting",
    rate: 0.006,
    make: zones("meetings"),
    find: ({ tables }) => strangeZones(tables.meetings),
  },
  {
    kind: "zone that only Postgres knows, of a blocked date",
    rate: 0,
    make: zones("blocked_dates"),
    find: ({ tables }) => strangeZones(tables.blocked_dates),
  },
  { kind: "overlapping meetings of one expert", rate: 0.01, make: overlap, find: overlaps },
  {
    kind: "meeting that ends before it starts",
    rate: 0.006,
    make: ({ draft, take }, count) => {
      for (const row of take(draft.tables.meetings, count)) row["endTime"] = naive(fromNaive(textOf(row, "startTime")) - 30 * MINUTE_MS);
    },
    find: ({ tables }) => tables.meetings.filter((row) => textOf(row, "endTime") < textOf(row, "startTime")).length,
  },
  {
    kind: "time in the hour that Lisbon skips",
    rate: 0.01,
    make: skippedHour,
    find: ({ tables, now }) => tables.meetings.filter((row) => isSkipped(row, now)).length,
  },
  {
    kind: "meeting of another expert's service",
    rate: 0.006,
    make: foreignService(true),
    find: ({ tables }) => foreign(tables.meetings, tables.events, "eventId", "clerkUserId"),
  },
  {
    kind: "meeting whose service's owner does not move",
    rate: 0.006,
    make: foreignService(false),
    find: (world) => stranded(world, world.tables.meetings, "eventId", "clerkUserId"),
  },
  {
    kind: "pack whose service's owner does not move",
    rate: 0,
    make: foreignPack,
    find: (world) => stranded(world, world.tables.session_packs, "event_id", "clerk_user_id"),
  },
  { kind: "meeting without a link", rate: 0.02, find: ({ tables }) => tables.meetings.filter((row) => row["meetingUrl"] === null).length },
  {
    kind: "two reservations for one slot",
    rate: 0.003,
    make: sameSlot,
    find: ({ tables }) => repeated(tables.slot_reservations, (row) => `${row["clerk_user_id"]} ${row["start_time"]}`),
  },
  {
    kind: "reservation open across the cutover",
    rate: 0.003,
    find: ({ tables, now }) => tables.slot_reservations.filter((row) => textOf(row, "expires_at") > naive(now)).length,
  },
];

function sameSlug({ draft, take }: MessTools, count: number): void {
  for (const row of take(draft.tables.events, count, (one) => siblings(draft.tables.events, one).length > 0)) {
    row["slug"] = (siblings(draft.tables.events, row)[0] as Row)["slug"] as string;
  }
}

function siblings(rows: readonly Row[], row: Row): Row[] {
  return rows.filter((other) => other !== row && other["clerkUserId"] === row["clerkUserId"]);
}

function windows(startTime: string, endTime: string): Make {
  return ({ draft, take }, count) => {
    for (const row of take(draft.tables.scheduleAvailabilities, count)) Object.assign(row, { startTime, endTime });
  };
}

function isTurned(row: Row): boolean {
  return textOf(row, "startTime").padStart(5, "0") > textOf(row, "endTime").padStart(5, "0");
}

function zones(table: "schedules" | "meetings" | "blocked_dates"): Make {
  return ({ draft, take, random }, count) => {
    for (const row of take(draft.tables[table], count)) row["timezone"] = random.pick(STRANGE_ZONES);
  };
}

function strangeZones(rows: readonly Row[]): number {
  return rows.filter((row) => (STRANGE_ZONES as readonly string[]).includes(textOf(row, "timezone"))).length;
}

/** Starts ten minutes after another meeting of the same expert. */
function overlap({ draft, take }: MessTools, count: number): void {
  const byExpert = countBy(draft.tables.meetings, (row) => textOf(row, "clerkUserId"));
  const busy = (row: Row) => (byExpert.get(textOf(row, "clerkUserId")) as Row[]).length > 9;
  for (const first of take(draft.tables.meetings, count, busy)) {
    const start = fromNaive(textOf(first, "startTime")) + 10 * MINUTE_MS;
    for (const second of take(byExpert.get(textOf(first, "clerkUserId")) as Row[], 1)) {
      Object.assign(second, { startTime: naive(start), endTime: naive(start + 45 * MINUTE_MS) });
    }
  }
}

function overlaps({ tables }: Finished): number {
  const sorted = [...tables.meetings].sort((a, b) => {
    const [left, right] = [`${a["clerkUserId"]} ${a["startTime"]}`, `${b["clerkUserId"]} ${b["startTime"]}`];
    return left < right ? -1 : left > right ? 1 : 0;
  });
  return sorted.filter((row, i) => {
    const before = sorted[i - 1];
    return before !== undefined && before["clerkUserId"] === row["clerkUserId"] && textOf(before, "endTime") > textOf(row, "startTime");
  }).length;
}

/** Read in Lisbon these times do not exist; read in UTC, as they are meant, they do. */
function skippedHour({ draft, take, random }: MessTools, count: number): void {
  const gap = lastSundayOfMarch(new Date(draft.now).getUTCFullYear() - 1) + HOUR_MS;
  for (const row of take(draft.tables.meetings, count, (one) => fromNaive(textOf(one, "startTime")) < draft.now)) {
    const start = gap + random.int(0, 11) * 5 * MINUTE_MS;
    Object.assign(row, {
      startTime: naive(start),
      endTime: naive(start + 30 * MINUTE_MS),
      createdAt: naive(start - 2 * DAY_MS),
      timezone: "Europe/Lisbon",
    });
  }
}

function isSkipped(row: Row, now: number): boolean {
  const start = fromNaive(textOf(row, "startTime"));
  const year = new Date(now).getUTCFullYear();
  return [year - 1, year].some((one) => start >= lastSundayOfMarch(one) + HOUR_MS && start < lastSundayOfMarch(one) + 2 * HOUR_MS);
}

/** @param moves whether the service belongs to another expert who moves, or to one whose rows stay behind */
function foreignService(moves: boolean): Make {
  return ({ draft, take, random }, count) => {
    const movers = movingExperts(draft);
    const services = draft.tables.events.filter((row) => movers.has(textOf(row, "clerkUserId")) === moves);
    const recorded = new Set(draft.tables.records.map((row) => row["meeting_id"]));
    for (const row of take(
      draft.tables.meetings,
      count,
      (one) => movers.has(textOf(one, "clerkUserId")) && recorded.has(one["id"] as string),
    )) {
      const others = services.filter((service) => service["clerkUserId"] !== row["clerkUserId"]);
      if (others.length > 0) row["eventId"] = random.pick(others)["id"] as string;
    }
  };
}

function foreignPack({ draft, take, random }: MessTools, count: number): void {
  const movers = movingExperts(draft);
  const services = draft.tables.events.filter((row) => !movers.has(textOf(row, "clerkUserId")));
  const sold = new Set(draft.tables.pack_purchases.map((row) => row["pack_id"]));
  if (services.length === 0 || draft.tables.session_packs.length < 3) return;
  for (const row of take(draft.tables.session_packs, count, (one) => sold.has(one["id"] as string)))
    row["event_id"] = random.pick(services)["id"] as string;
}

function foreign(rows: readonly Row[], events: readonly Row[], eventColumn: string, ownerColumn: string): number {
  const owner = new Map(events.map((event) => [event["id"], event["clerkUserId"]]));
  return rows.filter((row) => owner.get(row[eventColumn] as string) !== row[ownerColumn]).length;
}

/** Rows whose owner moves and whose service stays behind with another owner. */
function stranded({ clerkUsers, tables }: Finished, rows: readonly Row[], eventColumn: string, ownerColumn: string): number {
  const people = answerPeople(clerkUsers);
  const moves = (id: unknown) => people[String(id)]?.disposition.startsWith("move") === true;
  const owner = new Map(tables.events.map((event) => [event["id"], event["clerkUserId"]]));
  return rows.filter((row) => moves(row[ownerColumn]) && !moves(owner.get(row[eventColumn] as string))).length;
}

/** Through two services of one expert: the unique key is on service and start. */
function sameSlot({ draft, random }: MessTools, count: number): void {
  const expert = draft.experts.find((one) => one.moves && one.services.length > 1);
  if (!expert) return;
  const [one, other] = expert.services as [Row, Row];
  for (let i = 0; i < count; i++) {
    const start = Math.floor(draft.now / DAY_MS) * DAY_MS + (9 + i) * DAY_MS + 7 * HOUR_MS;
    for (const service of [one, other]) {
      draft.tables.slot_reservations.push({
        id: random.uuid(),
        event_id: service["id"] as string,
        clerk_user_id: expert.id,
        guest_email: random.pick(draft.guests).email,
        start_time: naive(start),
        end_time: naive(start + 30 * MINUTE_MS),
        expires_at: naive(draft.now + 5 * DAY_MS),
        stripe_payment_intent_id: random.id("pi_3", 23),
        stripe_session_id: random.id("cs_live_b1", 56),
        gentle_reminder_sent_at: null,
        urgent_reminder_sent_at: null,
        created_at: naive(draft.now - 2 * DAY_MS),
        updated_at: naive(draft.now - 2 * DAY_MS),
      });
    }
  }
}
