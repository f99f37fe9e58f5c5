import { confidential, deletable } from "@rehome/tenancy";
import { sql } from "drizzle-orm";
import { type AnyPgColumn, date, index, integer, pgTable, text, uuid } from "drizzle-orm/pg-core";
import { createdAt, moment, updatedAt } from "./columns.ts";
import { day } from "./enums.ts";
import { orgId } from "./organizations.ts";
import { allRows, ownedByOrg } from "./policies.ts";
import { fn, job } from "./roles.ts";

export const schedules = pgTable(
  "schedules",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull().unique(),
    timezone: text("timezone").notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...ownedByOrg("schedule", t),
    ...[job.booking, job.setup].flatMap((role) => allRows("schedules", role, "select")),
    ...deletable("schedules", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();

/** Weekly windows. Times stay text: legacy holds `9:00` and windows that start after their end. */
export const scheduleAvailabilities = pgTable(
  "schedule_availabilities",
  {
    id: uuid("id").primaryKey().defaultRandom(),
    orgId: orgId(),
    scheduleId: uuid("schedule_id")
      .notNull()
      .references(() => schedules.id, { onDelete: "cascade" }),
    startTime: text("start_time").notNull(),
    endTime: text("end_time").notNull(),
    dayOfWeek: day("day_of_week").notNull(),
  },
  (t) => [
    index("schedule_availabilities_schedule_id").on(t.scheduleId),
    ...ownedByOrg("schedule", { orgId: t.orgId }, { insert: ofSchedule(t), update: ofSchedule(t) }),
    ...[job.booking, job.setup].flatMap((role) => allRows("schedule_availabilities", role, "select")),
    ...deletable("schedule_availabilities", [t.orgId]),
  ],
).enableRLS();

/** More than one row a person: legacy holds duplicates. */
export const schedulingSettings = pgTable(
  "scheduling_settings",
  {
    id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull(),
    beforeEventBuffer: integer("before_event_buffer").notNull().default(0),
    afterEventBuffer: integer("after_event_buffer").notNull().default(0),
    minimumNotice: integer("minimum_notice").notNull().default(0),
    timeSlotInterval: integer("time_slot_interval").notNull().default(15),
    bookingWindowDays: integer("booking_window_days").notNull().default(60),
    createdAt: moment("created_at").defaultNow(),
    updatedAt: moment("updated_at").defaultNow(),
  },
  (t) => [
    index("scheduling_settings_workos_user_id").on(t.workosUserId),
    ...ownedByOrg("schedule", t),
    ...allRows("scheduling_settings", job.booking, "select"),
    ...deletable("scheduling_settings", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();

/** The same day may be blocked twice. */
export const blockedDates = pgTable(
  "blocked_dates",
  {
    id: integer("id").primaryKey().generatedByDefaultAsIdentity(),
    orgId: orgId(),
    workosUserId: text("workos_user_id").notNull(),
    date: date("date").notNull(),
    timezone: text("timezone").notNull().default("UTC"),
    reason: text("reason"),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    ...confidential(t.reason),
    index("blocked_dates_workos_user_id_date").on(t.workosUserId, t.date),
    ...ownedByOrg("schedule", t),
    ...[job.booking, fn.busy].flatMap((role) => allRows("blocked_dates", role, "select")),
    ...deletable("blocked_dates", [t.orgId], { person: t.workosUserId }),
  ],
).enableRLS();

function ofSchedule(t: { scheduleId: AnyPgColumn; orgId: AnyPgColumn }) {
  return sql`exists (select from public.schedules s where s.id = ${t.scheduleId} and s.org_id = ${t.orgId})`;
}
