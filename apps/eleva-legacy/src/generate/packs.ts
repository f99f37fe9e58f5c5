import type { Row } from "../world.ts";
import { DAY_MS, naive } from "./clock.ts";
import type { Draft, Expert } from "./draft.ts";
import { split } from "./meetings.ts";
import type { Random } from "./random.ts";

/** Packs of every fifth expert, and purchases by 5 % as many guests as there are patients, partly redeemed. */
export function addPacks(random: Random, draft: Draft): void {
  const sellers = draft.experts.filter((expert) => expert.services.some((service) => service["price"] !== 0));
  const offering = random.sample(sellers, Math.max(1, Math.round(sellers.length * 0.2)));
  const packs: { pack: Row; expert: Expert; service: Row }[] = [];
  for (const expert of offering) {
    for (let i = random.int(1, 3); i > 0; i--) {
      const service = random.pick(expert.services.filter((one) => one["price"] !== 0));
      packs.push({ pack: packRow(random, draft, expert, service), expert, service });
    }
  }
  draft.tables.session_packs.push(...packs.map(({ pack }) => pack));
  if (packs.length === 0) return;
  const purchases = Math.round(draft.people.filter((person) => !person.offers).length * 0.05) + 1;
  for (let i = 0; i < purchases; i++) {
    const { pack, expert, service } = random.pick(packs);
    draft.tables.pack_purchases.push(purchaseRow(random, draft, pack, expert, service, i));
  }
}

function packRow(random: Random, draft: Draft, expert: Expert, service: Row): Row {
  const sessions = random.pick([3, 5, 8, 10]);
  const created = draft.now - random.int(5, 90) * DAY_MS;
  return {
    id: random.uuid(),
    event_id: service["id"] as string,
    clerk_user_id: expert.id,
    name: `${sessions} × ${service["name"]}`,
    description: random.chance(0.5) ? "Save with a pack." : null,
    sessions_count: sessions,
    price: Math.floor((service["price"] as number) * sessions * 0.9),
    currency: "eur",
    stripe_product_id: random.id("prod_", 14),
    stripe_price_id: random.id("price_1", 23),
    is_active: random.chance(0.9),
    expiration_days: random.chance(0.9) ? 180 : null,
    created_at: naive(created),
    updated_at: naive(created + random.int(0, DAY_MS)),
  };
}

function purchaseRow(random: Random, draft: Draft, pack: Row, expert: Expert, service: Row, index: number): Row {
  const guest = random.pick(draft.guests);
  const created = draft.now - random.int(0, 60) * DAY_MS - random.int(0, 86_399_999);
  const most = pack["sessions_count"] as number;
  const status = random.weighted({ active: 80, fully_redeemed: 10, expired: 6, cancelled: 4 });
  const gross = pack["price"] as number;
  const { fee } = split(gross);
  const early = random.chance(0.2) || index === 1; // bought before the snapshot columns were added
  return {
    id: random.uuid(),
    pack_id: pack["id"] as string,
    expert_clerk_user_id: early ? null : expert.id,
    buyer_email: guest.email,
    buyer_name: guest.name,
    buyer_phone: guest.phone,
    pack_name_snapshot: early ? null : (pack["name"] as string),
    service_name_snapshot: early ? null : (service["name"] as string),
    stripe_customer_id: random.chance(0.8) ? random.id("cus_", 14) : null,
    stripe_session_id: random.id("cs_live_c1", 56),
    stripe_payment_intent_id: random.id("pi_3", 23),
    stripe_coupon_id: random.id("", 8),
    stripe_promotion_code_id: random.id("promo_1", 23),
    currency: early ? null : "eur",
    gross_amount: early ? null : gross,
    platform_fee: early ? null : fee,
    net_amount: early ? null : gross - fee,
    promotion_code: `ELEVA-${random.text(6, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789")}${index.toString(36).toUpperCase()}`,
    max_redemptions: most,
    redemptions_used: status === "fully_redeemed" ? most : random.int(0, most - 1),
    expires_at: pack["expiration_days"] === null ? null : naive(created + (pack["expiration_days"] as number) * DAY_MS),
    status,
    created_at: naive(created),
    updated_at: naive(Math.min(draft.now, created + random.int(0, 30 * DAY_MS))),
  };
}
