import { DAY_MS, HOUR_MS, MINUTE_MS, naive } from "./clock.ts";
import type { Draft } from "./draft.ts";
import type { Random } from "./random.ts";

/** Vouchers that were issued and not paid: few, 30 % of them expired, the others open across a cutover at `now`. */
export function addReservations(random: Random, draft: Draft): void {
  const sellers = draft.experts.filter((expert) => expert.services.some((service) => service["price"] !== 0));
  if (sellers.length === 0) return;
  const wanted = Math.max(1, Math.min(Math.round(draft.tables.meetings.length * 0.008), draft.size));
  const taken = new Set<string>();
  for (let i = 0; i < wanted; i++) {
    const expert = random.pick(sellers);
    const service = random.pick(expert.services.filter((one) => one["price"] !== 0));
    const expired = random.chance(0.3);
    const start = Math.floor(draft.now / DAY_MS) * DAY_MS + random.int(9, 50) * DAY_MS + random.int(8, 18) * HOUR_MS;
    if (taken.has(`${service["id"]} ${start}`)) continue;
    taken.add(`${service["id"]} ${start}`);
    const age = expired ? random.int(8, 20) * DAY_MS : random.int(1, 6) * DAY_MS + random.int(0, 23) * HOUR_MS;
    const created = draft.now - age;
    draft.tables.slot_reservations.push({
      id: random.uuid(),
      event_id: service["id"] as string,
      clerk_user_id: expert.id,
      guest_email: random.pick(draft.guests).email,
      start_time: naive(start),
      end_time: naive(start + (service["durationInMinutes"] as number) * MINUTE_MS),
      expires_at: naive(created + 7 * DAY_MS),
      stripe_payment_intent_id: random.id("pi_3", 23),
      stripe_session_id: random.chance(0.95) ? random.id("cs_live_b1", 56) : null,
      gentle_reminder_sent_at: age > 3 * DAY_MS ? naive(created + 3 * DAY_MS + 17) : null,
      urgent_reminder_sent_at: age > 6 * DAY_MS ? naive(created + 6 * DAY_MS + 17) : null,
      created_at: naive(created),
      updated_at: naive(created + 17),
    });
  }
}
