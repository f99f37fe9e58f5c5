import type { LegacyTable, Row, Value } from "../world.ts";
import type { PersonAnswer } from "./people.ts";

export type Reason = "owner_held" | "owner_excluded" | "owner_unknown" | "parent_left_behind";

/** For each table, for each row in order: why it stays behind, or undefined for a row that moves. */
export type Fates = Record<LegacyTable, (Reason | undefined)[]>;

/** Decides every row by docs/mapping.md: first its owner, then the rows that it must reference. */
export function decideRows(tables: Record<LegacyTable, Row[]>, people: Readonly<Record<string, PersonAnswer>>): Fates {
  const byOwner = (column: string) => (row: Row) => ownerReason(people, row[column] ?? null);
  const decide = (table: LegacyTable, ...rules: ((row: Row) => Reason | undefined)[]) =>
    tables[table].map((row) => {
      for (const rule of rules) {
        const reason = rule(row);
        if (reason) return reason;
      }
      return undefined;
    });
  const parent = (table: LegacyTable, reasons: readonly (Reason | undefined)[], column: string) => {
    const left = new Set(tables[table].filter((_, index) => reasons[index] !== undefined).map((row) => row["id"]));
    return (row: Row) => (left.has(row[column] as Value) ? ("parent_left_behind" as const) : undefined);
  };
  const through = (table: LegacyTable, ownerColumn: string, column: string) => {
    const owner = new Map(tables[table].map((row) => [row["id"], row[ownerColumn] ?? null]));
    return (row: Row) => ownerReason(people, owner.get(row[column] as Value) ?? null);
  };

  const events = decide("events", byOwner("clerkUserId"));
  const schedules = decide("schedules", byOwner("clerkUserId"));
  const meetings = decide("meetings", byOwner("clerkUserId"), parent("events", events, "eventId"));
  const packs = decide("session_packs", byOwner("clerk_user_id"), parent("events", events, "event_id"));
  return {
    users: decide("users", byOwner("clerkUserId")),
    categories: decide("categories"),
    profiles: decide("profiles", byOwner("clerkUserId")),
    events,
    schedules,
    scheduleAvailabilities: decide(
      "scheduleAvailabilities",
      through("schedules", "clerkUserId", "scheduleId"),
      parent("schedules", schedules, "scheduleId"),
    ),
    scheduling_settings: decide("scheduling_settings", byOwner("user_id")),
    blocked_dates: decide("blocked_dates", byOwner("clerk_user_id")),
    meetings,
    records: decide("records", byOwner("expert_id"), parent("meetings", meetings, "meeting_id")),
    payment_transfers: decide("payment_transfers", byOwner("expert_clerk_user_id")),
    slot_reservations: decide("slot_reservations", byOwner("clerk_user_id"), parent("events", events, "event_id")),
    session_packs: packs,
    pack_purchases: decide(
      "pack_purchases",
      through("session_packs", "clerk_user_id", "pack_id"),
      parent("session_packs", packs, "pack_id"),
    ),
    stripe_processed_events: decide("stripe_processed_events"),
  };
}

function ownerReason(people: Readonly<Record<string, PersonAnswer>>, owner: Value): Reason | undefined {
  const disposition = people[String(owner)]?.disposition;
  if (disposition === undefined) return "owner_unknown";
  if (disposition === "hold") return "owner_held";
  return disposition === "exclude" ? "owner_excluded" : undefined;
}
