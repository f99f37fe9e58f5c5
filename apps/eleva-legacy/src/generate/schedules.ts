import { DAY_MS, dateOnly, naive } from "./clock.ts";
import type { Draft, Expert } from "./draft.ts";
import type { Random } from "./random.ts";

export const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** One schedule each with 5 to 12 windows, up to ten blocked dates, and settings for 60 % (2 % of them twice). */
export function addSchedules(random: Random, draft: Draft): void {
  for (const expert of draft.experts) {
    if (expert.setupIncomplete && random.chance(0.4)) continue;
    addSchedule(random, draft, expert);
    addBlockedDates(random, draft, expert);
    if (random.chance(0.6)) addSettings(random, draft, expert.id);
  }
  const settings = draft.tables.scheduling_settings;
  const twice = draft.size >= 300 ? Math.max(1, Math.round(settings.length * 0.02)) : 0;
  for (const row of random.sample(settings, twice)) addSettings(random, draft, row["user_id"] as string);
}

function addSchedule(random: Random, draft: Draft, expert: Expert): void {
  const created = Math.min(draft.now - 3000, expert.createdAt + random.int(0, 6 * DAY_MS));
  const schedule = {
    id: random.uuid(),
    timezone: expert.zone,
    clerkUserId: expert.id,
    createdAt: naive(created),
    updatedAt: naive(random.int(created, draft.now)),
  };
  draft.tables.schedules.push(schedule);
  const windows = expert.setupIncomplete && random.chance(0.3) ? 0 : random.int(5, 12);
  for (let i = 0; i < windows; i++) draft.tables.scheduleAvailabilities.push(window(random, schedule.id, DAYS[i % 7] as string, i >= 7));
}

/** A weekly window; a second one of the same day is in the afternoon. */
export function window(random: Random, scheduleId: string, dayOfWeek: string, afternoon: boolean) {
  const start = afternoon ? random.int(14, 16) : random.int(8, 10);
  const half = () => random.pick(["00", "30"]);
  return {
    id: random.uuid(),
    scheduleId,
    startTime: `${String(start).padStart(2, "0")}:${half()}`,
    endTime: `${String(start + random.int(2, 3)).padStart(2, "0")}:${half()}`,
    dayOfWeek,
  };
}

function addBlockedDates(random: Random, draft: Draft, expert: Expert): void {
  for (let i = random.int(0, 10); i > 0; i--) {
    const created = draft.now - random.int(0, 100) * DAY_MS - random.int(0, 86_399_999);
    draft.tables.blocked_dates.push({
      id: nextSerial(random, draft.tables.blocked_dates),
      clerk_user_id: expert.id,
      date: dateOnly(draft.now + random.int(-120, 120) * DAY_MS),
      timezone: random.chance(0.8) ? expert.zone : "UTC",
      reason: random.pick([null, "Férias", "Conference", "Feriado municipal", ""]),
      created_at: naive(created),
      updated_at: naive(created),
    });
  }
}

function addSettings(random: Random, draft: Draft, userId: string): void {
  const created = random.chance(0.03) ? null : naive(draft.now - random.int(1, 300) * DAY_MS);
  draft.tables.scheduling_settings.push({
    id: nextSerial(random, draft.tables.scheduling_settings),
    user_id: userId,
    before_event_buffer: random.pick([0, 0, 5, 10, 15]),
    after_event_buffer: random.pick([0, 5, 10, 15]),
    minimum_notice: random.pick([0, 60, 720, 1440]),
    time_slot_interval: random.pick([15, 15, 30]),
    booking_window_days: random.pick([30, 60, 60, 90]),
    created_at: created,
    updated_at: created,
  });
}

/** Serial keys have gaps: deleted rows and inserts that failed. */
export function nextSerial(random: Random, rows: readonly Record<string, unknown>[]): number {
  const last = (rows.at(-1)?.["id"] as number | undefined) ?? 0;
  return last + (random.chance(0.05) ? random.int(2, 9) : 1);
}
