import type { Row } from "../world.ts";
import { DAY_MS, fromNaive, naive } from "./clock.ts";
import type { Draft, Expert } from "./draft.ts";
import { split } from "./meetings.ts";
import { rolesOf } from "./people.ts";
import type { Random } from "./random.ts";
import { nextSerial } from "./schedules.ts";

const STATES = { COMPLETED: 50, PAID_OUT: 25, PENDING: 12, APPROVED: 3, READY: 2, REFUNDED: 5, FAILED: 2, DISPUTED: 1 } as const;

/** One transfer for each paid meeting, tied to it by intent and session only, and 3 % for meetings that are no more. */
export function addTransfers(random: Random, draft: Draft): void {
  const admins = draft.people
    .filter(({ clerk }) => rolesOf(clerk.public_metadata["role"]).some((role) => role.endsWith("admin")))
    .map(({ clerk }) => clerk.id);
  const expertById = new Map(draft.experts.map((expert) => [expert.id, expert]));
  const paid = draft.tables.meetings.filter((meeting) => meeting["stripeApplicationFeeId"] !== null);
  for (const meeting of paid) {
    addTransfer(random, draft, admins, expertById.get(meeting["clerkUserId"] as string) as Expert, meeting, {
      payment_intent_id: meeting["stripePaymentIntentId"] as string,
      checkout_session_id: meeting["stripeSessionId"] as string,
    });
  }
  for (const meeting of random.sample(paid, Math.round(paid.length * 0.03))) {
    addTransfer(random, draft, admins, expertById.get(meeting["clerkUserId"] as string) as Expert, meeting, {
      payment_intent_id: random.id("pi_3", 23),
      checkout_session_id: random.id("cs_live_a1", 56),
    });
  }
}

function addTransfer(random: Random, draft: Draft, admins: readonly string[], expert: Expert, meeting: Row, keys: Row): void {
  const status = random.weighted(STATES);
  const { fee } = split(meeting["stripeAmount"] as number);
  const start = fromNaive(meeting["startTime"] as string);
  const created = fromNaive(meeting["createdAt"] as string);
  const approval = status === "APPROVED" || random.chance(0.03);
  const service = expert.services.find((one) => one["id"] === meeting["eventId"]);
  const snapshot = random.chance(0.6);
  draft.tables.payment_transfers.push({
    id: nextSerial(random, draft.tables.payment_transfers),
    ...keys,
    event_id: meeting["eventId"] as string,
    expert_connect_account_id: expert.connectAccount ?? "",
    expert_clerk_user_id: expert.id,
    amount: meeting["stripeAmount"] as number,
    currency: "eur",
    platform_fee: fee,
    session_start_time: naive(start),
    scheduled_transfer_time: naive(Math.max(fromNaive(meeting["endTime"] as string) + DAY_MS, created + 7 * DAY_MS)),
    status,
    transfer_id: status === "COMPLETED" || status === "PAID_OUT" ? (meeting["stripeTransferId"] ?? random.id("tr_3", 23)) : null,
    payout_id: status === "PAID_OUT" ? random.id("po_1", 23) : null,
    stripe_error_code: status === "FAILED" ? "balance_insufficient" : null,
    stripe_error_message: status === "FAILED" ? "You have insufficient available funds in your Stripe account." : null,
    retry_count: status === "FAILED" ? 3 : random.chance(0.05) ? 1 : 0,
    requires_approval: approval,
    admin_user_id: approval && admins.length > 0 ? random.pick(admins) : null,
    admin_notes: approval ? random.pick(["ok", "Confirmado com a Stripe", null]) : null,
    notified_at: random.chance(0.7) ? naive(created + 1000) : null,
    guest_name: snapshot ? (meeting["guestName"] as string) : null,
    guest_email: snapshot ? (meeting["guestEmail"] as string) : null,
    guest_phone: snapshot ? (meeting["guestPhone"] as string | null) : null,
    service_name: snapshot ? ((service?.["name"] as string | undefined) ?? null) : null,
    created: naive(created),
    updated: naive(Math.min(draft.now, created + random.int(0, 20 * DAY_MS))),
  });
}
