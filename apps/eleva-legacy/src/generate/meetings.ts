import type { Row } from "../world.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, naive } from "./clock.ts";
import type { Draft, Expert, Guest } from "./draft.ts";
import type { Random } from "./random.ts";
import { GUEST_NOTES } from "./words.ts";

const PAST_DAYS = 540;
const FUTURE_DAYS = 60;
/** Starts lie on this grid and no service is longer than it, so ordinary meetings never overlap. */
const SLOTS_A_DAY = 7;
const SLOT_MS = 90 * MINUTE_MS;
const FIRST_SLOT_MS = 8 * HOUR_MS;

/** Meetings by Zipf's law over the experts: at most 1,500 for the first, 25 for the one in the middle; 85 % are past, 60 % of the patients known. */
export function addMeetings(random: Random, draft: Draft): void {
  const counts = zipf(draft.experts.length, Math.min(1500, draft.size * 5));
  for (const [rank, expert] of draft.experts.entries()) {
    if (expert.services.length > 0) addMeetingsOf(random, draft, expert, expert.setupIncomplete ? 0 : (counts[rank] as number));
  }
}

function zipf(count: number, most: number): number[] {
  const middle = (count + 1) / 2;
  const exponent = middle > 1 ? Math.log(Math.max(most, 26) / 25) / Math.log(middle) : 1;
  return Array.from({ length: count }, (_, index) => Math.max(1, Math.round(most / (index + 1) ** exponent)));
}

function addMeetingsOf(random: Random, draft: Draft, expert: Expert, count: number): void {
  const taken = new Set<number>();
  const regulars: Guest[] = [];
  for (let i = 0; i < count; i++) {
    const start = freeStart(random, draft.now, taken);
    const guest = regulars.length > 0 && random.chance(0.6) ? random.pick(regulars) : random.pick(draft.guests);
    regulars.push(guest);
    draft.tables.meetings.push(meetingRow(random, draft.now, expert, random.pick(expert.services), guest, start));
  }
}

function freeStart(random: Random, now: number, taken: Set<number>): number {
  const today = Math.floor(now / DAY_MS);
  for (;;) {
    const day = random.chance(0.85) ? today - random.int(1, PAST_DAYS) : today + random.int(1, FUTURE_DAYS);
    const slot = day * SLOTS_A_DAY + random.int(0, SLOTS_A_DAY - 1);
    if (taken.has(slot)) continue;
    taken.add(slot);
    return day * DAY_MS + FIRST_SLOT_MS + (slot - day * SLOTS_A_DAY) * SLOT_MS;
  }
}

/** Fifteen percent to the platform, 85 to the expert, both cut to whole cents: a cent can vanish. */
export function split(price: number): { fee: number; transfer: number } {
  return { fee: Math.floor((price * 15) / 100), transfer: Math.floor((price * 85) / 100) };
}

function meetingRow(random: Random, now: number, expert: Expert, service: Row, guest: Guest, start: number): Row {
  const duration = service["durationInMinutes"] as number;
  const past = start < now;
  const created = Math.min(now - random.int(1000, 1_000_000), start - random.int(1, 21) * DAY_MS + random.int(0, 12 * HOUR_MS));
  const notes = random.chance(0.6) ? random.pick(GUEST_NOTES) : null;
  const id = random.uuid();
  return {
    id,
    eventId: service["id"] as string,
    clerkUserId: expert.id,
    guestEmail: guest.email,
    guestName: guest.name,
    guestNotes: notes,
    guestPhone: guest.phone,
    startTime: naive(start),
    endTime: naive(start + duration * MINUTE_MS),
    timezone: guest.zone,
    meetingUrl: random.chance(0.05)
      ? null
      : `https://meet.google.example/${random.text(3, "abcdefghijk")}-${random.text(4, "abcdefghijk")}-${random.text(3, "abcdefghijk")}`,
    ...payment(random, service["price"] as number, start + duration * MINUTE_MS, created, past, () =>
      metadata(random, { id, expert, guest, start, duration, notes }),
    ),
    calendar_creation_claimed: random.chance(0.9),
    createdAt: naive(created),
    updatedAt: naive(Math.min(now, created + random.int(0, 5 * DAY_MS))),
  };
}

function payment(random: Random, price: number, end: number, created: number, past: boolean, meta: () => string): Row {
  const state = price === 0 ? "pending" : random.weighted({ succeeded: 88, refunded: 5.5, failed: 4.4, processing: 2.1 });
  const { fee, transfer } = split(price);
  const paid = state === "succeeded" || state === "refunded";
  const transferred = state === "succeeded" && past && random.chance(0.9);
  const payout = transferred && random.chance(0.7);
  const payoutFailed = payout && random.chance(0.02);
  return {
    stripePaymentIntentId: price === 0 ? null : random.id("pi_3", 23),
    stripeSessionId: price === 0 ? null : random.id("cs_live_a1", 56),
    stripePaymentStatus: state,
    stripeAmount: price === 0 ? null : price,
    stripeApplicationFeeAmount: price === 0 ? null : fee,
    stripeApplicationFeeId: paid ? random.id("fee_1", 23) : null,
    stripeRefundId: state === "refunded" ? random.id("re_3", 23) : null,
    stripeMetadata: price === 0 ? null : meta(),
    stripeTransferId: transferred ? random.id("tr_3", 23) : null,
    stripeTransferAmount: paid ? transfer : null,
    stripeTransferStatus: transferred ? "succeeded" : state === "failed" ? "failed" : "pending",
    stripeTransferScheduledAt: paid ? naive(Math.max(end + DAY_MS, created + 7 * DAY_MS)) : null,
    stripe_payout_id: payout ? random.id("po_1", 23) : null,
    stripe_payout_amount: payout ? transfer : null,
    stripe_payout_failure_code: payoutFailed ? "account_closed" : null,
    stripe_payout_failure_message: payoutFailed ? "The bank account has been closed." : null,
    stripe_payout_paid_at: payout && !payoutFailed ? naive(end + 9 * DAY_MS) : null,
    lastProcessedAt: paid ? naive(created + 65_432) : null,
  };
}

interface Booked {
  id: string;
  expert: Expert;
  guest: Guest;
  start: number;
  duration: number;
  notes: string | null;
}

/** What the checkout carried, as Stripe gave it back: the legacy user id and the patient's notes are in it. */
function metadata(random: Random, { id, expert, guest, start, duration, notes }: Booked): string {
  const meeting = {
    id,
    expert: expert.id,
    guest: guest.email,
    guestName: guest.name,
    start: new Date(start).toISOString(),
    dur: duration,
    notes,
  };
  const locale = random.pick(["pt", "en", "es"]);
  return `{"meeting":${JSON.stringify(JSON.stringify(meeting))}, "locale":"${locale}","approval":${random.chance(0.1)}}`;
}
