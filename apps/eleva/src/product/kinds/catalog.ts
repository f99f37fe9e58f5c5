import { type Act, asPerson, fixed, ODD_JSON, ODD_TEXTS } from "../scene.ts";
import type { Service } from "../shop.ts";
import { insert, remove, update } from "../statement.ts";

export const updateProfile: Act = ({ draw, shop, now }) => {
  const profile = draw.pick(shop.profiles);
  if (!profile) return undefined;
  const [headline, bio, links] = [draw.of(...ODD_TEXTS), draw.of(null, `Bio ${draw.hex(4)}`), draw.of<string | null>(...ODD_JSON)];
  return [
    {
      as: asPerson(profile.owner),
      target: [update("profiles", { id: profile.id }, { headline, short_bio: bio, social_links: links, updated_at: now.target })],
      legacy: fixed(update("profiles", { id: profile.id }, { headline, shortBio: bio, socialLinks: links, updatedAt: now.legacy })),
    },
  ];
};

/** What the platform says of a profile. */
export const judgeProfile: Act = ({ draw, shop, now }) => {
  const profile = draw.pick(shop.profiles.filter((candidate) => candidate.hasStanding));
  if (!profile) return undefined;
  const [verified, top, order] = [draw.chance(0.5), draw.chance(0.2), draw.int(0, 99)];
  const accepted = draw.chance(0.5) ? now : null;
  const agreement = { practitioner_agreement_version: "2.1", practitioner_agreement_ip_address: "2001:db8::1" };
  return [
    {
      as: { kind: "job", job: "admin" },
      target: [
        update(
          "profile_standing",
          { profile_id: profile.id },
          {
            ...{ is_verified: verified, is_top_expert: top, display_order: order },
            ...{ practitioner_agreement_accepted_at: accepted?.target ?? null, ...agreement },
          },
        ),
      ],
      legacy: fixed(
        update(
          "profiles",
          { id: profile.id },
          {
            ...{ isVerified: verified, isTopExpert: top, order },
            ...{ practitioner_agreement_accepted_at: accepted?.legacy ?? null, ...agreement },
          },
        ),
      ),
    },
  ];
};

export const addCategory: Act = ({ draw, now }) => {
  const row = { id: draw.uuid(), name: `Category ${draw.hex(4)}`, description: draw.of(...ODD_TEXTS) };
  return [
    {
      as: { kind: "job", job: "admin" },
      target: [insert("categories", { ...row, created_at: now.target, updated_at: now.target })],
      legacy: fixed(insert("categories", { ...row, createdAt: now.legacy, updatedAt: now.legacy })),
    },
  ];
};

/** The expert makes a service; then Stripe's ids for it arrive. */
export const addService: Act = ({ draw, shop, now }) => {
  const owner = draw.pick(shop.profiles)?.owner;
  if (!owner) return undefined;
  const service: Service = {
    ...{ id: draw.uuid(), owner, name: `Service ${draw.hex(3)}`, price: draw.of(0, 4999, 6000), minutes: 45 },
    ...{ used: false, hasStripe: true },
  };
  shop.services.push(service);
  const both = { id: service.id, name: service.name, slug: `service-${draw.hex(3)}`, description: draw.of(...ODD_TEXTS), currency: "eur" };
  const [product, price] = [`prod_${draw.hex(7)}`, `price_${draw.hex(12)}`];
  return [
    {
      as: asPerson(owner),
      target: [
        insert("services", {
          ...{ ...both, org_id: owner.orgId, workos_user_id: owner.workosUserId, duration_minutes: service.minutes },
          ...{ price_cents: service.price, is_active: true, display_order: 7, created_at: now.target, updated_at: now.target },
        }),
      ],
      legacy: fixed(
        insert("events", {
          ...{ ...both, clerkUserId: owner.legacyUserId, durationInMinutes: service.minutes, price: service.price },
          ...{ isActive: true, order: 7, createdAt: now.legacy, updatedAt: now.legacy },
        }),
      ),
    },
    {
      as: { kind: "job", job: "payments" },
      target: [
        insert("service_stripe", { service_id: service.id, org_id: owner.orgId, stripe_product_id: product, stripe_price_id: price }),
      ],
      legacy: fixed(update("events", { id: service.id }, { stripeProductId: product, stripePriceId: price })),
    },
  ];
};

/** Money stays whole cents. The new price has a new id at Stripe. */
export const changePrice: Act = ({ draw, shop, now }) => {
  const service = draw.pick(shop.services);
  if (!service) return undefined;
  service.price = draw.int(0, 25_000);
  const writes: ReturnType<Act> = [
    {
      as: asPerson(service.owner),
      target: [update("services", { id: service.id }, { price_cents: service.price, is_active: true, updated_at: now.target })],
      legacy: fixed(update("events", { id: service.id }, { price: service.price, isActive: true, updatedAt: now.legacy })),
    },
  ];
  if (!service.hasStripe) return writes;
  const price = `price_${draw.hex(12)}`;
  return [
    ...writes,
    {
      as: { kind: "job", job: "payments" },
      target: [update("service_stripe", { service_id: service.id }, { stripe_price_id: price })],
      legacy: fixed(update("events", { id: service.id }, { stripePriceId: price })),
    },
  ];
};

/** Only one that nothing names: the target refuses to let meetings go with it. */
export const deleteService: Act = ({ draw, shop }) => {
  const service = draw.pick(shop.services.filter((candidate) => !candidate.used));
  if (!service) return undefined;
  shop.services = shop.services.filter((candidate) => candidate !== service);
  return [
    {
      as: asPerson(service.owner),
      target: [remove("services", { id: service.id })],
      legacy: fixed(remove("events", { id: service.id })),
    },
  ];
};
