import { DAY_MS, naive } from "./clock.ts";
import type { Draft } from "./draft.ts";
import { plain } from "./people.ts";
import type { Random } from "./random.ts";
import { SERVICES } from "./words.ts";

/** One to six services each; every tenth is free. Some prices do not divide by 100: two floors then lose a cent. */
export function addServices(random: Random, draft: Draft): void {
  for (const expert of draft.experts) {
    if (expert.setupIncomplete && random.chance(0.5)) continue;
    const names = random.sample(SERVICES, random.int(1, 6));
    for (const [order, name] of names.entries()) {
      const free = random.chance(0.1) && names.length > 1;
      const price = free ? 0 : random.chance(0.75) ? random.int(6, 30) * 500 : random.int(3000, 15_000);
      const created = Math.min(draft.now - 4000, expert.createdAt + random.int(0, 20 * DAY_MS));
      const row = {
        id: random.uuid(),
        name,
        slug: `${name.split(" ").map(plain).filter(Boolean).join("-")}`,
        description: random.chance(0.8) ? `${name}.\nOnline, by video.` : null,
        durationInMinutes: random.pick([15, 30, 30, 45, 45, 60, 60, 75, 90]),
        clerkUserId: expert.id,
        isActive: random.chance(0.9),
        order,
        price,
        currency: "eur",
        stripeProductId: free ? null : random.id("prod_", 14),
        stripePriceId: free ? null : random.id("price_1", 23),
        createdAt: naive(created),
        updatedAt: naive(random.int(created, draft.now)),
      };
      draft.tables.events.push(row);
      expert.services.push(row);
    }
  }
}
