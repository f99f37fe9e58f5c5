import { type Act, asPerson, fixed, ODD_TEXTS } from "../scene.ts";
import { insert, remove, type Statement, type TargetStatement, update } from "../statement.ts";

const DAY_MS = 86_400_000;
const DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

/** A save of a schedule deletes all of its windows and writes them anew, with new ids. */
export const replaceWindows: Act = ({ draw, shop, now }) => {
  const schedule = draw.pick(shop.schedules);
  if (!schedule) return undefined;
  const target: TargetStatement[] = [
    update("schedules", { id: schedule.id }, { updated_at: now.target }),
    { ...remove("schedule_availabilities", { schedule_id: schedule.id }), mayTouchNone: true },
  ];
  const legacy: Statement[] = [
    update("schedules", { id: schedule.id }, { updatedAt: now.legacy }),
    remove("scheduleAvailabilities", { scheduleId: schedule.id }),
  ];
  for (let i = draw.int(1, 9); i > 0; i--) {
    const [id, start, end, day] = [draw.uuid(), draw.of("9:00", "08:30"), draw.of("17:00", "8:00"), draw.of(...DAYS)];
    target.push(
      insert("schedule_availabilities", {
        ...{ id, org_id: schedule.owner.orgId, schedule_id: schedule.id, start_time: start, end_time: end, day_of_week: day },
      }),
    );
    legacy.push(insert("scheduleAvailabilities", { id, scheduleId: schedule.id, startTime: start, endTime: end, dayOfWeek: day }));
  }
  return [{ as: asPerson(schedule.owner), target, legacy: fixed(...legacy) }];
};

/** The key comes from the target's sequence. */
export const blockDate: Act = ({ draw, shop, now }) => {
  const owner = draw.pick(shop.profiles)?.owner;
  if (!owner) return undefined;
  const date = new Date(now.ms + draw.int(1, 300) * DAY_MS).toISOString().slice(0, 10);
  const row = { date, timezone: draw.of("Europe/Lisbon", "UTC"), reason: draw.of<string | null>(null, ...ODD_TEXTS) };
  return [
    {
      as: asPerson(owner),
      target: [
        insert(
          "blocked_dates",
          { ...row, org_id: owner.orgId, workos_user_id: owner.workosUserId, created_at: now.target, updated_at: now.target },
          "id",
        ),
      ],
      legacy: ([made]) => [
        insert("blocked_dates", {
          ...{ ...row, id: Number(made?.["id"]), clerk_user_id: owner.legacyUserId, created_at: now.legacy, updated_at: now.legacy },
        }),
      ],
    },
  ];
};

export const unblockDate: Act = ({ draw, shop }) => {
  const blocked = draw.pick(shop.blockedDates);
  if (!blocked) return undefined;
  shop.blockedDates = shop.blockedDates.filter((candidate) => candidate !== blocked);
  return [
    {
      as: asPerson(blocked.owner),
      target: [remove("blocked_dates", { id: Number(blocked.id) })],
      legacy: fixed(remove("blocked_dates", { id: Number(blocked.id) })),
    },
  ];
};

/** Settings are changed where there are some; else they are made, under a key of the target's sequence. Their times may be null. */
export const setSchedulingRules: Act = ({ draw, shop, now }) => {
  const rules = { before_event_buffer: draw.of(0, 5, 15), after_event_buffer: draw.of(0, 10), minimum_notice: draw.of(0, 60, 1440) };
  const known = draw.pick(shop.settings);
  if (known && draw.chance(0.5)) {
    return [
      {
        as: asPerson(known.owner),
        target: [update("scheduling_settings", { id: Number(known.id) }, { ...rules, updated_at: now.target })],
        legacy: fixed(update("scheduling_settings", { id: Number(known.id) }, { ...rules, updated_at: now.legacy })),
      },
    ];
  }
  const owner = draw.pick(shop.profiles)?.owner;
  if (!owner) return undefined;
  const row = { ...rules, time_slot_interval: 30, booking_window_days: 90, updated_at: null };
  return [
    {
      as: asPerson(owner),
      target: [
        insert("scheduling_settings", { ...row, org_id: owner.orgId, workos_user_id: owner.workosUserId, created_at: now.target }, "id"),
      ],
      legacy: ([made]) => [
        insert("scheduling_settings", { ...row, id: Number(made?.["id"]), user_id: owner.legacyUserId, created_at: now.legacy }),
      ],
    },
  ];
};
