import type { HuntConfig, LintOptions } from "@rehome/tenancy";

const PUBLISHED =
  "The product shows it to everyone; the policy lets published rows through only (docs/who-sees-what.md), and the hunter tries the rest.";
const LOOKS_AT_PROFILE =
  "A published row is one of a published profile: one look into the profile's unique index a row. An array of all published experts would be made anew for each statement.";
const OWN_PERSON =
  "The key is a person's id, and is_own_member lets it be that of a member of the own organization only: what a colleague may learn is that the colleague already has one.";
const ASSIGNED = "The trigger assign_id overwrites the number with the sequence's own, so that nobody chooses one.";
const NARROW =
  "It checks its arguments against the verified identity, and its owner is a role without a login, with policies and columns of its own (docs/security.md).";

const HARNESS = "It makes, moves and proves whole databases, as their superuser or as a test would; the product has none of it.";
const NO_PERSON = "It tries what a role may do with no person behind it, on a superuser's connection that the product does not have.";

/** For `tenancy hunt`, on an empty copy to which only the schema was applied. */
export const hunt: HuntConfig = async (owner) => (await import("./src/hunt/prepare.ts")).prepareElevaHunt(owner);

/** What `tenancy lint` and `tenancy doctor` must know of this schema, and what was looked at and stays. */
export default {
  partyColumns: ["patient_org_id", "buyer_org_id"],
  accept: [
    { rule: "anonymous-reads", object: "public.categories", reason: "Categories are the same for everyone." },
    { rule: "org-column-missing", object: "public.categories", reason: "Categories are the platform's, and the same for everyone." },
    { rule: "always-true-read", object: "public.categories policy *", reason: "Categories are the same for everyone." },
    { rule: "anonymous-reads", object: "public.profiles", reason: PUBLISHED },
    { rule: "anonymous-reads", object: "public.profile_standing", reason: `${PUBLISHED} The columns of the agreement are not granted.` },
    { rule: "anonymous-reads", object: "public.services", reason: PUBLISHED },
    { rule: "anonymous-reads", object: "public.session_packs", reason: PUBLISHED },
    ...["first_name", "last_name"].map((name) => ({
      rule: "confidential-column-open",
      object: `public.profiles.${name}`,
      reason: "The name under which an expert offers services, published with the profile.",
    })),
    { rule: "policy-scans", object: "public.profile_standing policy *", reason: LOOKS_AT_PROFILE },
    { rule: "policy-scans", object: "public.services policy *", reason: LOOKS_AT_PROFILE },
    { rule: "policy-scans", object: "public.session_packs policy *", reason: LOOKS_AT_PROFILE },
    {
      rule: "money-column-writable",
      object: "public.services.price_cents",
      reason: "What experts ask for their own services is theirs to say.",
    },
    {
      rule: "money-column-writable",
      object: "public.session_packs.price_cents",
      reason: "What experts ask for their own packs is theirs to say.",
    },
    { rule: "unique-key-leaks", object: "public.profiles index profiles_workos_user_id_unique", reason: OWN_PERSON },
    { rule: "unique-key-leaks", object: "public.schedules index schedules_workos_user_id_unique", reason: OWN_PERSON },
    { rule: "unique-key-leaks", object: "public.blocked_dates index blocked_dates_pkey", reason: ASSIGNED },
    { rule: "unique-key-leaks", object: "public.scheduling_settings index scheduling_settings_pkey", reason: ASSIGNED },
    {
      rule: "unique-key-leaks",
      object: "public.meetings index meetings_do_not_overlap",
      reason:
        "One expert, one time, in whichever organization. A refusal says when the expert is taken, which busy_intervals says to everyone.",
    },
    { rule: "definer-reachable", object: "public.busy_intervals(*)", reason: `${NARROW} It gives times and nothing of whose they are.` },
    { rule: "definer-reachable", object: "public.is_own_member(*)", reason: NARROW },
    { rule: "definer-reachable", object: "public.may_share_record(*)", reason: NARROW },
    { rule: "definer-reachable", object: "public.service_is_unused(*)", reason: NARROW },
    { rule: "definer-reachable", object: "tenancy.has_feature(*)", reason: `${NARROW} It answers for the own organization.` },
    { rule: "definer-reachable", object: "tenancy.may_switch_to(*)", reason: `${NARROW} It answers for the asking person's memberships.` },
    { rule: "definer-reachable", object: "tenancy.my_organizations(*)", reason: `${NARROW} It lists the asking person's memberships.` },
    {
      rule: "view-as-owner",
      object: "public.meeting_receipts",
      reason:
        "Its owner rehome_fn_receipts reads four columns, of the asking organization's payments only: one role cannot have other columns for other rows.",
    },
  ],
  source: {
    folders: ["src", "demo"],
    allow: [
      {
        rule: "source-opens-database",
        object: "src/product/run-writes.ts",
        reason:
          "The two pools of the product: they log in as rehome_login and as the workers' login, and are given to createTenancy at once.",
      },
      {
        rule: "source-sets-role",
        object: "src/schema/apply.ts",
        reason:
          "The installer makes the tables rehome_owner's, in one transaction that ends with `set local role none`; no product runs it.",
      },
      { rule: "source-opens-database", object: "src/product/testing/*", reason: HARNESS },
      { rule: "source-opens-database", object: "src/testing/*", reason: HARNESS },
      { rule: "source-opens-database", object: "demo/*", reason: HARNESS },
      { rule: "source-sets-role", object: "src/testing/attempt.ts", reason: NO_PERSON },
    ],
  },
} satisfies LintOptions;
