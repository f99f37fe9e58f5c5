import { type Act, asPerson, fixed, ODD_JSON, ODD_TEXTS, type Scene } from "../scene.ts";
import { emailKey } from "../shop.ts";
import { insert, moment, remove, type TargetStatement, update } from "../statement.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** The booking job makes the meeting (and the guest, if nobody is known by this address); then Stripe's answer arrives. */
export const bookMeeting: Act = (scene) => {
  const { draw, shop, now } = scene;
  const service = draw.pick(shop.services);
  if (!service) return undefined;
  const { owner } = service;
  service.used = true;
  const email = guestEmail(scene);
  const { orgId: patientOrg, statements } = partyOf(scene, email);
  const id = draw.uuid();
  const start = Math.max(shop.freeFrom.get(owner.workosUserId) ?? 0, now.ms + DAY_MS) + draw.int(1, 180) * MINUTE_MS;
  const [starts, ends] = [moment(start), moment(start + Math.max(15, service.minutes) * MINUTE_MS)];
  shop.freeFrom.set(owner.workosUserId, ends.ms);
  shop.meetings.push({ id, owner, patientOrg, guestEmail: email, paid: true });
  const guest = {
    name: draw.of("Ana Lopes", "Ольга", ...ODD_TEXTS),
    notes: draw.of(null, "Dor há 2 semanas.\r\n\tÉ a primeira consulta."),
    phone: null,
  };
  const url = `https://meet.example.test/${draw.hex(5)}`;
  const paid = service.price > 0;
  const payment = {
    status: paid ? draw.of("succeeded", "processing") : "pending",
    intent: paid ? `pi_${draw.hex(12)}` : null,
    session: paid ? `cs_test_${draw.hex(28)}` : null,
    amount: paid ? service.price : null,
    fee: paid ? Math.floor(service.price * 0.15) : null,
    metadata: draw.of<string | null>(...ODD_JSON),
  };
  return [
    {
      as: { kind: "job", job: "booking" },
      target: [
        ...statements,
        insert("meetings", {
          ...{ id, org_id: owner.orgId, patient_org_id: patientOrg, service_id: service.id, expert_user_id: owner.workosUserId },
          ...{ guest_email: email, guest_name: guest.name, guest_phone: guest.phone, guest_notes: guest.notes },
          ...{ starts_at: starts.target, ends_at: ends.target, timezone: "Europe/Lisbon", meeting_url: url },
          ...{ imported: false, created_at: now.target, updated_at: now.target },
        }),
      ],
      legacy: fixed(
        insert("meetings", {
          ...{ id, eventId: service.id, clerkUserId: owner.legacyUserId },
          ...{ guestEmail: email, guestName: guest.name, guestPhone: guest.phone, guestNotes: guest.notes },
          ...{ startTime: starts.legacy, endTime: ends.legacy, timezone: "Europe/Lisbon", meetingUrl: url },
          // Legacy's defaults say `pending`; on the target these columns come with the row of the payments job.
          ...{ stripePaymentStatus: null, stripeTransferStatus: null, createdAt: now.legacy, updatedAt: now.legacy },
        }),
      ),
    },
    {
      as: { kind: "job", job: "payments" },
      target: [
        insert("meeting_payments", {
          ...{ meeting_id: id, org_id: owner.orgId, patient_org_id: patientOrg },
          ...{ stripe_payment_intent_id: payment.intent, stripe_session_id: payment.session, stripe_payment_status: payment.status },
          ...{ stripe_amount: payment.amount, stripe_application_fee_amount: payment.fee, stripe_metadata: payment.metadata },
          ...{ stripe_transfer_scheduled_at: ends.target },
        }),
      ],
      legacy: fixed(
        update(
          "meetings",
          { id },
          {
            ...{ stripePaymentIntentId: payment.intent, stripeSessionId: payment.session, stripePaymentStatus: payment.status },
            ...{ stripeAmount: payment.amount, stripeApplicationFeeAmount: payment.fee, stripeMetadata: payment.metadata },
            ...{ stripeTransferStatus: "pending", stripeTransferScheduledAt: ends.legacy },
          },
        ),
      ),
    },
  ];
};

/** Somebody new, a guest known before, or somebody who moved, in the same or in other letters. */
function guestEmail({ draw, shop }: Scene): string {
  const known = draw.of(draw.pick(shop.meetings)?.guestEmail, draw.pick(shop.people)?.email);
  if (known === undefined || draw.chance(0.4)) return `new.guest.${draw.hex(5)}@example.test`;
  return draw.chance(0.3) ? ` ${known.toUpperCase()}` : known;
}

/** The organization that an address leads to, and the statements that make it for a new guest. */
function partyOf({ draw, shop, now }: Scene, email: string): { orgId: string; statements: TargetStatement[] } {
  const key = emailKey(email);
  const known = shop.parties.get(key);
  if (known !== undefined) return { orgId: known, statements: [] };
  const orgId = `guest_${draw.hex(16)}`;
  shop.parties.set(key, orgId);
  const organization = { id: orgId, type: "patient_personal", tier: "free", claimed: false, slug: orgId.replace("_", "-") };
  return {
    orgId,
    statements: [
      insert("organizations", { ...organization, created_at: now.target }),
      insert("guests", { org_id: orgId, email_key: key, email }),
    ],
  };
}

/** The expert writes to what is in the meeting; who and when stays. */
export const noteMeeting: Act = ({ draw, shop, now }) => {
  const meeting = draw.pick(shop.meetings);
  if (!meeting) return undefined;
  const [notes, url] = [draw.of<string | null>(null, ...ODD_TEXTS), draw.of(null, `https://meet.example.test/${draw.hex(6)}`)];
  return [
    {
      as: asPerson(meeting.owner),
      target: [update("meetings", { id: meeting.id }, { guest_notes: notes, meeting_url: url, updated_at: now.target })],
      legacy: fixed(update("meetings", { id: meeting.id }, { guestNotes: notes, meetingUrl: url, updatedAt: now.legacy })),
    },
  ];
};

export const claimCalendar: Act = ({ draw, shop, now }) => {
  const meeting = draw.pick(shop.meetings);
  if (!meeting) return undefined;
  return [
    {
      as: { kind: "job", job: "booking" },
      target: [update("meetings", { id: meeting.id }, { calendar_creation_claimed: true, updated_at: now.target })],
      legacy: fixed(update("meetings", { id: meeting.id }, { calendar_creation_claimed: true, updatedAt: now.legacy })),
    },
  ];
};

export const holdSlot: Act = (scene) => {
  const { draw, shop, now } = scene;
  const service = draw.pick(shop.services);
  if (!service) return undefined;
  service.used = true;
  const { owner } = service;
  const email = guestEmail(scene);
  const { orgId: patientOrg, statements } = partyOf(scene, email);
  const id = draw.uuid();
  const start = now.ms + draw.int(9, 60) * DAY_MS + draw.int(0, DAY_MS); // to the millisecond: no two on one key
  const [starts, ends, expires] = [moment(start), moment(start + 45 * MINUTE_MS), moment(now.ms + 7 * DAY_MS)];
  const both = { id, guest_email: email, stripe_payment_intent_id: `pi_${draw.hex(12)}` };
  shop.reservations.push({ id, serviceId: service.id });
  return [
    {
      as: { kind: "job", job: "booking" },
      target: [
        ...statements,
        insert("slot_reservations", {
          ...{ ...both, org_id: owner.orgId, patient_org_id: patientOrg, service_id: service.id, expert_user_id: owner.workosUserId },
          ...{ starts_at: starts.target, ends_at: ends.target, expires_at: expires.target, created_at: now.target, updated_at: now.target },
        }),
      ],
      legacy: fixed(
        insert("slot_reservations", {
          ...{ ...both, event_id: service.id, clerk_user_id: owner.legacyUserId, start_time: starts.legacy, end_time: ends.legacy },
          ...{ expires_at: expires.legacy, created_at: now.legacy, updated_at: now.legacy },
        }),
      ),
    },
  ];
};

export const releaseSlot: Act = ({ draw, shop }) => {
  const held = draw.pick(shop.reservations);
  if (!held) return undefined;
  shop.reservations = shop.reservations.filter((candidate) => candidate !== held);
  return [
    {
      as: { kind: "job", job: "booking" },
      target: [remove("slot_reservations", { id: held.id })],
      legacy: fixed(remove("slot_reservations", { id: held.id })),
    },
  ];
};
