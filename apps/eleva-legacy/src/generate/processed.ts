import { fromNaive, naive } from "./clock.ts";
import type { Draft } from "./draft.ts";
import type { Random } from "./random.ts";

/** Stripe events that were handled: one or two for each payment of the last 90 days. */
export function addProcessedEvents(random: Random, draft: Draft): void {
  for (const meeting of draft.tables.meetings) {
    const created = fromNaive(meeting["createdAt"] as string);
    if (meeting["stripeSessionId"] === null || created < draft.now - 90 * 86_400_000) continue;
    for (const type of ["checkout.session.completed", "payment_intent.succeeded"].slice(0, random.int(1, 2))) {
      draft.tables.stripe_processed_events.push({
        event_id: random.id("evt_1", 23),
        event_type: type,
        processed_at: naive(Math.min(draft.now, created + random.int(100, 90_000))),
      });
    }
  }
}
