import { DAY_MS, dateOnly, MINUTE_MS, naive } from "../generate/clock.ts";
import { encrypt } from "../generate/records.ts";
import { DAYS, window } from "../generate/schedules.ts";
import { bookMeeting, guestEmail } from "./book-meeting.ts";
import type { Service, Shop } from "./shop.ts";
import { one, type Scene, type Statement, type Step } from "./step.ts";

/** What the product does, act by act; undefined where there is nothing to do it to. */
export const ACTS = {
  bookMeeting,
  changePayment,
  saveRecord,
  updateProfile: ({ random, shop, now }) =>
    one(shop.profiles, random, (id) => [
      'update profiles set headline = $2, "shortBio" = $3, "updatedAt" = $4 where id = $1',
      [id, `Headline ${random.hex(3)}`, random.chance(0.2) ? null : `Bio “${random.hex(6)}” 🌿`, naive(now)],
    ]),
  replaceWindows,
  blockDate: ({ random, shop, now }) =>
    one(owners(shop), random, (owner) => [
      "insert into blocked_dates (clerk_user_id, date, timezone, reason, created_at, updated_at) values ($1, $2, $3, $4, $5, $5) returning id",
      [owner, dateOnly(now + random.int(1, 200) * DAY_MS), "Europe/Lisbon", random.pick([null, "Férias", "Congresso"]), naive(now)],
      ([row]) => void shop.blockedDates.push(row?.["id"] as number),
    ]),
  unblockDate: ({ random, shop }) =>
    one(shop.blockedDates, random, (id) => ["delete from blocked_dates where id = $1", [id], () => remove(shop.blockedDates, id)]),
  advanceTransfer: ({ random, shop, now }) =>
    one(shop.transfers, random, (id) => [
      "update payment_transfers set status = $2, retry_count = coalesce(retry_count, 0) + 1, transfer_id = coalesce(transfer_id, $3), updated = $4 where id = $1",
      [id, random.pick(["READY", "COMPLETED", "PAID_OUT", "FAILED", "REFUNDED"]), random.id("tr_3", 23), naive(now)],
    ]),
  saveSettings,
  holdSlot,
  releaseSlot: ({ random, shop }) =>
    one(shop.reservations, random, (held) => [
      "delete from slot_reservations where id = $1",
      [held.id],
      () => remove(shop.reservations, held),
    ]),
  touchUser: ({ random, shop, now }) =>
    one(shop.users, random, (id) => [
      'update users set country = $2, stripe_connect_payouts_enabled = $3, "subscriptionStatus" = $4, "updatedAt" = $5 where "clerkUserId" = $1',
      [id, random.pick(["PT", "es", null]), random.chance(0.5), random.pick(["active", "canceled", null]), naive(now)],
    ]),
  makeUserRow: ({ random, shop, now }) =>
    one(shop.withoutRow, random, (user) => [
      'insert into users (id, "clerkUserId", "stripeCustomerId", email, "createdAt", "updatedAt") values ($1, $2, $3, $4, $5, $5)',
      [random.uuid(), user.id, random.id("cus_", 14), user.email, naive(now)],
      () => {
        remove(shop.withoutRow, user);
        shop.users.push(user.id);
      },
    ]),
  redeemPack: ({ random, shop, now }) =>
    one(shop.purchases, random, (id) => [
      "update pack_purchases set redemptions_used = least(redemptions_used + 1, max_redemptions), updated_at = $2 where id = $1",
      [id, naive(now)],
    ]),
  addService,
  deleteService: ({ random, shop }) =>
    one(
      shop.services.filter((service) => service.packs === 0 && service.meetings <= 5),
      random,
      // The meetings and their records go with it; transfers stay.
      (service) => [
        "delete from events where id = $1",
        [service.id],
        () => {
          remove(shop.services, service);
          forget(shop, service);
        },
      ],
    ),
} satisfies Record<string, (scene: Scene) => Step | undefined>;

export type ActName = keyof typeof ACTS;

function changePayment({ random, shop, now }: Scene): Step | undefined {
  return one(
    shop.meetings.filter((meeting) => meeting.paid),
    random,
    ({ id }) => {
      const refunded = random.chance(0.3);
      return [
        `update meetings set "stripePaymentStatus" = $2, "stripeRefundId" = coalesce($3, "stripeRefundId"), "lastProcessedAt" = $4, "updatedAt" = $4 where id = $1`,
        [
          id,
          refunded ? "refunded" : random.pick(["succeeded", "processing", "failed"]),
          refunded ? random.id("re_3", 23) : null,
          naive(now),
        ],
      ];
    },
  );
}

/** Saving overwrites: there is one version only. Only an expert with a row in `users` can. */
function saveRecord({ random, shop, now, encryptionKey }: Scene): Step | undefined {
  const content = encrypt(random, encryptionKey, `Nota de evolução ${random.hex(8)}: sem alterações.`);
  if (random.chance(0.6)) {
    return one(shop.records, random, ({ id }) => [
      "update records set encrypted_content = $2, version = version + 1, last_modified_at = $3 where id = $1",
      [id, content, naive(now)],
    ]);
  }
  const experts = new Set(shop.users);
  return one(
    shop.meetings.filter((meeting) => experts.has(meeting.expert)),
    random,
    (meeting) => {
      const id = random.uuid();
      return [
        "insert into records (id, meeting_id, expert_id, guest_email, encrypted_content, last_modified_at, created_at) values ($1, $2, $3, $4, $5, $6, $6)",
        [id, meeting.id, meeting.expert, meeting.guest, content, naive(now)],
        () => void shop.records.push({ id, meetingId: meeting.id }),
      ];
    },
  );
}

/** Every save of a schedule deletes all of its windows and writes them anew, with new ids. */
function replaceWindows({ random, shop, now }: Scene): Step | undefined {
  if (shop.schedules.length === 0) return undefined;
  const schedule = random.pick(shop.schedules);
  const inserts = Array.from({ length: random.int(3, 9) }, (_, index): Statement => {
    const row = window(random, schedule, DAYS[index % 7] as string, index >= 7);
    return {
      text: 'insert into "scheduleAvailabilities" (id, "scheduleId", "startTime", "endTime", "dayOfWeek") values ($1, $2, $3, $4, $5)',
      params: [row.id, row.scheduleId, row.startTime, row.endTime, row.dayOfWeek],
    };
  });
  return {
    statements: [
      { text: 'update schedules set "updatedAt" = $2 where id = $1', params: [schedule, naive(now)] },
      { text: 'delete from "scheduleAvailabilities" where "scheduleId" = $1', params: [schedule] },
      ...inserts,
    ],
  };
}

/** Changes the settings of one who has some; else the form inserts a row, even a second one. */
function saveSettings({ random, shop, now }: Scene): Step | undefined {
  const [before, after] = [random.pick([0, 5, 10]), random.pick([0, 10])];
  if (random.chance(0.5)) {
    return one(shop.settings, random, (id) => [
      "update scheduling_settings set before_event_buffer = $2, after_event_buffer = $3, updated_at = $4 where id = $1",
      [id, before, after, naive(now)],
    ]);
  }
  return one(owners(shop), random, (owner) => [
    "insert into scheduling_settings (user_id, before_event_buffer, after_event_buffer, created_at, updated_at) values ($1, $2, $3, $4, $4) returning id",
    [owner, before, after, naive(now)],
    ([row]) => void shop.settings.push(row?.["id"] as number),
  ]);
}

function owners(shop: Shop): string[] {
  return [...new Set(shop.services.map((service) => service.owner))];
}

function holdSlot({ random, shop, now }: Scene): Step | undefined {
  return one(
    shop.services.filter((service) => service.price > 0),
    random,
    (service) => {
      const id = random.uuid();
      const start = now + random.int(9 * DAY_MS, 60 * DAY_MS); // to the millisecond: no two on one key
      return [
        `insert into slot_reservations (id, event_id, clerk_user_id, guest_email, start_time, end_time, expires_at, stripe_payment_intent_id, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
        [
          id,
          service.id,
          service.owner,
          guestEmail(random, shop),
          naive(start),
          naive(start + service.duration * MINUTE_MS),
          naive(now + 7 * DAY_MS),
          random.id("pi_3", 23),
          naive(now),
        ],
        () => void shop.reservations.push({ id, serviceId: service.id }),
      ];
    },
  );
}

function addService({ random, shop, now }: Scene): Step | undefined {
  return one(owners(shop), random, (owner) => {
    const service: Service = {
      id: random.uuid(),
      owner,
      name: `Service ${random.hex(3)}`,
      price: random.pick([0, 4999, 6000]),
      duration: 45,
      meetings: 0,
      packs: 0,
    };
    return [
      'insert into events (id, name, slug, "durationInMinutes", "clerkUserId", price, "createdAt", "updatedAt") values ($1, $2, $3, $4, $5, $6, $7, $7)',
      [service.id, service.name, `service-${random.hex(3)}`, service.duration, owner, service.price, naive(now)],
      () => void shop.services.push(service),
    ];
  });
}

function remove<T>(list: T[], thing: T): void {
  const at = list.indexOf(thing);
  if (at >= 0) list.splice(at, 1);
}

/** What a deleted service took with it may not be written to again. */
function forget(shop: Shop, { id }: Service): void {
  const gone = new Set(shop.meetings.filter((meeting) => meeting.serviceId === id).map((meeting) => meeting.id));
  shop.meetings = shop.meetings.filter((meeting) => !gone.has(meeting.id));
  shop.records = shop.records.filter((record) => !gone.has(record.meetingId));
  shop.reservations = shop.reservations.filter((held) => held.serviceId !== id);
}
