import { DAY_MS, HOUR_MS, MINUTE_MS, naive } from "../generate/clock.ts";
import { split } from "../generate/meetings.ts";
import type { Random } from "../generate/random.ts";
import type { Shop } from "./shop.ts";
import type { Scene, Statement, Step } from "./step.ts";

/** A booking and, if it is paid, the webhook's rows with it. */
export function bookMeeting({ random, shop, now }: Scene): Step | undefined {
  if (shop.services.length === 0) return { statements: [] };
  const service = random.pick(shop.services);
  const id = random.uuid();
  const email = guestEmail(random, shop);
  const start = Math.ceil(now / DAY_MS) * DAY_MS + random.int(1, 60) * DAY_MS + random.int(8, 18) * HOUR_MS;
  const end = start + service.duration * MINUTE_MS;
  const { fee, transfer } = split(service.price);
  const paid = service.price > 0;
  const [intent, session] = paid ? [random.id("pi_3", 23), random.id("cs_live_d1", 56)] : [null, null];
  const notes = random.chance(0.5) ? "Dor há 2 semanas.\nÉ a primeira consulta." : null;
  const metadata = paid
    ? `{"meeting":${JSON.stringify(JSON.stringify({ id, expert: service.owner, guest: email, notes }))},  "locale":"pt"}`
    : null;
  const statements: Statement[] = [
    {
      text: `insert into meetings (id, "eventId", "clerkUserId", "guestEmail", "guestName", "guestNotes", "startTime", "endTime", timezone, "meetingUrl",
        "stripePaymentIntentId", "stripeSessionId", "stripePaymentStatus", "stripeAmount", "stripeApplicationFeeAmount", "stripeTransferAmount", "stripeMetadata",
        "createdAt", "updatedAt")
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $18)`,
      params: [
        ...[
          id,
          service.id,
          service.owner,
          email,
          random.pick(["Ana Lopes", "Ольга", "O'Neil \\ co"]),
          notes,
          naive(start),
          naive(end),
          "Europe/Lisbon",
        ],
        ...[`https://meet.google.example/${random.hex(5)}`, intent, session, paid ? "succeeded" : "pending", paid ? service.price : null],
        ...[paid ? fee : null, paid ? transfer : null, metadata, naive(now)],
      ],
    },
  ];
  if (paid) {
    statements.push({
      text: `insert into payment_transfers (payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, expert_clerk_user_id, amount, platform_fee,
        session_start_time, scheduled_transfer_time, guest_email, service_name, created, updated)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12) returning id`,
      params: [
        intent,
        session,
        service.id,
        random.id("acct_1", 15),
        service.owner,
        service.price,
        fee,
        naive(start),
        naive(end + DAY_MS),
        email,
        service.name,
        naive(now),
      ],
    });
    statements.push({
      text: "insert into stripe_processed_events (event_id, event_type, processed_at) values ($1, $2, $3)",
      params: [random.id("evt_1", 23), "checkout.session.completed", naive(now)],
    });
  }
  const done = ([row]: Record<string, unknown>[]) => {
    service.meetings++;
    shop.meetings.push({ id, serviceId: service.id, expert: service.owner, guest: email, paid });
    if (row) shop.transfers.push(row["id"] as number);
  };
  return { statements, done };
}

/** One who booked before, in the same or in other letters, or somebody new. */
export function guestEmail(random: Random, shop: Shop): string {
  const draw = random.unit();
  if (draw < 0.4 || shop.meetings.length === 0) return `new.guest.${random.hex(5)}@example.test`;
  const known = random.pick(shop.meetings).guest;
  return draw < 0.9 ? known : ` ${known.toUpperCase()}`;
}
