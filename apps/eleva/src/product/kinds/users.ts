import { type Act, asPerson, fixed } from "../scene.ts";
import type { Person } from "../shop.ts";
import { insert, moment, type Statement, update } from "../statement.ts";

const DAY_MS = 86_400_000;

/** Name and country are the target's own (legacy keeps those that it had); what legacy sees of it is that the row was touched. */
export const changeUser: Act = ({ draw, shop, now }) => {
  const person = draw.pick(shop.people);
  if (!person) return undefined;
  person.updatedAt = now.legacy;
  const set = { country: draw.of("PT", "BR", null), first_name: `Name ${draw.hex(2)}`, updated_at: now.target };
  return [
    {
      as: asPerson(person),
      target: [update("users", { workos_user_id: person.workosUserId }, set)],
      // Without a legacy row nothing is there to touch, and none may come into being.
      legacy: fixed(update("users", { clerkUserId: person.legacyUserId }, { updatedAt: now.legacy })),
    },
  ];
};

/** The job that follows WorkOS keeps the columns that only legacy still shows. */
export const syncUser: Act = ({ draw, shop, now }) => {
  const person = draw.pick(shop.people.filter((candidate) => candidate.hasLegacyRow));
  if (!person) return undefined;
  const country = draw.of("PT", "es", null);
  return [
    {
      as: { kind: "job", job: "sync" },
      target: [
        update(
          "users",
          { workos_user_id: person.workosUserId },
          { legacy_country: country, onboarding_completed_at: now.target, updated_at: now.target },
        ),
      ],
      legacy: fixed(
        update("users", { clerkUserId: person.legacyUserId }, { country, onboarding_completed_at: now.legacy, updatedAt: now.legacy }),
      ),
    },
  ];
};

export const changeBilling: Act = ({ draw, shop, now }) => {
  const person = draw.pick(shop.people.filter((candidate) => candidate.hasAccounts));
  if (!person) return undefined;
  const [customer, state] = [`cus_${draw.hex(7)}`, draw.of("active", "past_due", "canceled", null)];
  person.customer = customer;
  const end = moment(now.ms + 30 * DAY_MS, 7);
  const bank = { stripe_connect_payouts_enabled: draw.chance(0.5), stripe_bank_account_last4: "0007", stripe_bank_name: "Banco \\N 🏦" };
  return [
    {
      as: { kind: "job", job: "payments" },
      target: [
        update(
          "billing_accounts",
          { user_row_id: person.rowId },
          {
            stripe_customer_id: customer,
            subscription_status: state,
            subscription_current_period_end: end.target,
            has_had_subscription: true,
          },
        ),
        update("payout_accounts", { user_row_id: person.rowId }, bank),
      ],
      legacy: fixed(
        update(
          "users",
          { clerkUserId: person.legacyUserId },
          {
            ...{
              stripeCustomerId: customer,
              subscriptionStatus: state,
              subscriptionCurrentPeriodEnd: end.legacy,
              hasHadSubscription: true,
            },
            ...bank,
          },
        ),
      ),
    },
  ];
};

export const verifyIdentity: Act = ({ draw, shop, now }) => {
  const person = draw.pick(shop.people.filter((candidate) => candidate.hasAccounts));
  if (!person) return undefined;
  const verified = draw.chance(0.7);
  const both = {
    ...{ stripe_identity_verification_id: `vs_${draw.hex(12)}`, stripe_identity_verified: verified },
    stripe_identity_verification_status: verified ? "verified" : "requires_input",
  };
  return [
    {
      as: { kind: "job", job: "identity" },
      target: [
        update("identity_verifications", { user_row_id: person.rowId }, { ...both, stripe_identity_verification_last_checked: now.target }),
      ],
      legacy: fixed(
        update("users", { clerkUserId: person.legacyUserId }, { ...both, stripe_identity_verification_last_checked: now.legacy }),
      ),
    },
  ];
};

/** Somebody who had no row on legacy gets one: the sync job says so, then the payments job has something to keep. */
export const makeUserRow: Act = ({ draw, shop, now }) => {
  const person = draw.pick(shop.people.filter((candidate) => !candidate.hasLegacyRow));
  if (!person) return undefined;
  person.hasLegacyRow = true;
  person.hasAccounts = true;
  const { rowId, homeId, workosUserId, legacyUserId, email } = person;
  const customer = `cus_${draw.hex(7)}`;
  const account = { user_row_id: rowId, org_id: homeId, workos_user_id: workosUserId };
  return [
    {
      as: { kind: "job", job: "sync" },
      target: [
        update(
          "users",
          { workos_user_id: workosUserId },
          { legacy_row: true, legacy_email: email, legacy_country: "PT", created_at: now.target, updated_at: now.target },
        ),
      ],
      legacy: fixed(userRow({ rowId, legacyUserId, email }, now.legacy)),
    },
    {
      as: { kind: "job", job: "payments" },
      target: [
        insert("billing_accounts", { ...account, stripe_customer_id: customer }),
        insert("payout_accounts", { ...account, stripe_connect_account_id: null }),
      ],
      legacy: fixed(
        update(
          "users",
          { clerkUserId: legacyUserId },
          {
            ...{ stripeCustomerId: customer, hasHadSubscription: false, stripe_connect_details_submitted: false },
            ...{ stripe_connect_charges_enabled: false, stripe_connect_payouts_enabled: false, stripe_connect_onboarding_complete: false },
          },
        ),
      ),
    },
    {
      as: { kind: "job", job: "identity" },
      target: [insert("identity_verifications", { ...account, stripe_identity_verified: false })],
      legacy: fixed(update("users", { clerkUserId: legacyUserId }, { stripe_identity_verified: false })),
    },
  ];
};

/** Legacy's defaults are named as null: on the target they belong to three tables that have no row yet. */
function userRow(person: Pick<Person, "rowId" | "legacyUserId" | "email">, now: string): Statement {
  return insert("users", {
    ...{ id: person.rowId, clerkUserId: person.legacyUserId, email: person.email, country: "PT", createdAt: now, updatedAt: now },
    ...{ hasHadSubscription: null, stripe_connect_details_submitted: null, stripe_connect_charges_enabled: null },
    ...{ stripe_connect_payouts_enabled: null, stripe_connect_onboarding_complete: null, stripe_identity_verified: null },
  });
}
