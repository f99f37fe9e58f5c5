import { type Act, asPerson, fixed, ODD_JSON, ODD_TEXTS } from "../scene.ts";
import { emailKey } from "../shop.ts";
import { insert, moment, update } from "../statement.ts";

const DAY_MS = 86_400_000;

/** A webhook: what it changed, and the event it must not handle twice. */
export const changePayment: Act = ({ draw, shop, now }) => {
  const meeting = draw.pick(shop.meetings.filter((candidate) => candidate.paid));
  if (!meeting) return undefined;
  const state = draw.of("succeeded", "failed", "refunded");
  const event = `evt_${draw.hex(12)}`;
  const [refund, metadata] = [state === "refunded" ? `re_${draw.hex(12)}` : null, draw.of<string | null>(...ODD_JSON)];
  const payout = { stripe_payout_id: `po_${draw.hex(12)}`, stripe_payout_amount: draw.int(1, 99_999) };
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [
        update(
          "meeting_payments",
          { meeting_id: meeting.id },
          {
            ...{ stripe_payment_status: state, stripe_refund_id: refund, stripe_metadata: metadata, last_processed_at: now.target },
            ...{ ...payout, stripe_payout_paid_at: now.target },
          },
        ),
        insert("stripe_processed_events", { event_id: event, event_type: "charge.updated", processed_at: now.target }),
      ],
      legacy: fixed(
        update(
          "meetings",
          { id: meeting.id },
          {
            ...{ stripePaymentStatus: state, stripeRefundId: refund, stripeMetadata: metadata, lastProcessedAt: now.legacy },
            ...{ ...payout, stripe_payout_paid_at: now.legacy },
          },
        ),
        insert("stripe_processed_events", { event_id: event, event_type: "charge.updated", processed_at: now.legacy }),
      ),
    },
  ];
};

/** The key comes from the target's sequence. `event_id` need not be a service. */
export const addTransfer: Act = ({ draw, shop, now }) => {
  const meeting = draw.pick(shop.meetings);
  if (!meeting) return undefined;
  const { owner } = meeting;
  const [starts, due] = [moment(now.ms + DAY_MS), moment(now.ms + 8 * DAY_MS, 999)];
  const both = {
    ...{ payment_intent_id: `pi_${draw.hex(12)}`, checkout_session_id: `cs_test_${draw.hex(28)}`, event_id: draw.of("pack", draw.uuid()) },
    ...{ expert_connect_account_id: `acct_${draw.hex(8)}`, amount: draw.int(0, 30_000), platform_fee: draw.int(0, 3000), currency: "eur" },
    ...{ guest_email: meeting.guestEmail, guest_name: draw.of(...ODD_TEXTS), service_name: draw.of(...ODD_TEXTS) },
  };
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [
        insert(
          "payment_transfers",
          {
            ...{ ...both, org_id: owner.orgId, expert_user_id: owner.workosUserId },
            ...{ session_start_time: starts.target, scheduled_transfer_time: due.target, created_at: now.target, updated_at: now.target },
          },
          "id",
        ),
      ],
      legacy: ([made]) => [
        insert("payment_transfers", {
          ...{ ...both, id: Number(made?.["id"]), expert_clerk_user_id: owner.legacyUserId },
          ...{ session_start_time: starts.legacy, scheduled_transfer_time: due.legacy, created: now.legacy, updated: now.legacy },
        }),
      ],
    },
  ];
};

/** Approved by somebody who moved, or by somebody whom only the ledger's stand-in names. */
export const approveTransfer: Act = ({ draw, shop, now }) => {
  const id = draw.pick(shop.transfers);
  if (id === undefined) return undefined;
  const mover = draw.pick(shop.people);
  const stayed = draw.pick(shop.standIns);
  const admin = stayed && draw.chance(0.3) ? { target: stayed.standIn, legacy: stayed.legacyUserId } : null;
  const both = {
    status: draw.of("READY", "COMPLETED", "FAILED", "PAID_OUT"),
    admin_notes: draw.of(...ODD_TEXTS),
    retry_count: draw.int(0, 5),
  };
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [
        update(
          "payment_transfers",
          { id: Number(id) },
          { ...both, admin_user_id: admin?.target ?? mover?.workosUserId ?? null, updated_at: now.target },
        ),
      ],
      legacy: fixed(
        update(
          "payment_transfers",
          { id: Number(id) },
          { ...both, admin_user_id: admin?.legacy ?? mover?.legacyUserId ?? null, updated: now.legacy },
        ),
      ),
    },
  ];
};

/** The expert offers a pack; then Stripe's ids for it arrive. */
export const offerPack: Act = ({ draw, shop, now }) => {
  const service = draw.pick(shop.services);
  if (!service) return undefined;
  service.used = true;
  const { owner } = service;
  const [sessions, price] = [draw.int(2, 10), draw.int(1000, 90_000)];
  const both = {
    id: draw.uuid(),
    name: `Pack ${draw.hex(3)}`,
    sessions_count: sessions,
    currency: "eur",
    expiration_days: draw.of(null, 180),
  };
  const stripe = { stripe_product_id: `prod_${draw.hex(7)}`, stripe_price_id: `price_${draw.hex(12)}` };
  shop.packs.push({ id: both.id, owner, sessions, price, name: both.name });
  return [
    {
      as: asPerson(owner),
      target: [
        insert("session_packs", {
          ...{ ...both, org_id: owner.orgId, workos_user_id: owner.workosUserId, service_id: service.id, price_cents: price },
          ...{ created_at: now.target, updated_at: now.target },
        }),
      ],
      legacy: fixed(
        insert("session_packs", {
          ...{ ...both, event_id: service.id, clerk_user_id: owner.legacyUserId, price, created_at: now.legacy, updated_at: now.legacy },
        }),
      ),
    },
    {
      as: { kind: "job", job: "payments" },
      target: [insert("session_pack_stripe", { pack_id: both.id, org_id: owner.orgId, ...stripe })],
      legacy: fixed(update("session_packs", { id: both.id }, stripe)),
    },
  ];
};

/** By an address that is known already: the payments job may make no guest. */
export const sellPack: Act = ({ draw, shop, now }) => {
  const pack = draw.pick(shop.packs);
  const email = draw.of(draw.pick(shop.meetings)?.guestEmail, draw.pick(shop.people)?.email);
  const buyerOrg = email === undefined ? undefined : shop.parties.get(emailKey(email));
  if (!pack || email === undefined || buyerOrg === undefined) return undefined;
  const expires = moment(now.ms + 180 * DAY_MS);
  const both = {
    ...{ id: draw.uuid(), pack_id: pack.id, buyer_email: email, buyer_name: draw.of(...ODD_TEXTS), pack_name_snapshot: pack.name },
    ...{ stripe_session_id: `cs_test_${draw.hex(28)}`, currency: "eur", gross_amount: pack.price, platform_fee: 0, net_amount: pack.price },
    ...{ promotion_code: `PACK-${draw.hex(6)}`, max_redemptions: pack.sessions, status: "active" },
  };
  shop.purchases.push({ id: both.id, left: pack.sessions });
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [
        insert("pack_purchases", {
          ...{ ...both, org_id: pack.owner.orgId, buyer_org_id: buyerOrg, expert_user_id: pack.owner.workosUserId },
          ...{ expires_at: expires.target, created_at: now.target, updated_at: now.target },
        }),
      ],
      legacy: fixed(
        insert("pack_purchases", {
          ...{ ...both, expert_clerk_user_id: pack.owner.legacyUserId },
          ...{ expires_at: expires.legacy, created_at: now.legacy, updated_at: now.legacy },
        }),
      ),
    },
  ];
};

export const redeemPack: Act = ({ draw, shop, now }) => {
  const purchase = draw.pick(shop.purchases.filter((candidate) => candidate.left > 0));
  if (!purchase) return undefined;
  purchase.left -= 1;
  const text = "update pack_purchases set redemptions_used = redemptions_used + 1, status = $2, updated_at = $3 where id = $1";
  const status = purchase.left === 0 ? "fully_redeemed" : "active";
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [{ text, params: [purchase.id, status, now.target] }],
      legacy: fixed({ text, params: [purchase.id, status, now.legacy] }),
    },
  ];
};
