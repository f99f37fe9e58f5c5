import { workosRoles } from "./permissions.ts";

const ownerPermissions = workosRoles.owner.permissions.map((permission) => `'${permission}'`).join(", ");

/** Statements that write Eleva's tables of people from the ledger. Each may be run again. */
export const peopleUpsert = [
  {
    table: "organizations",
    sql: `
insert into organizations (id, type, tier, name, slug, claimed)
select i.workos_organization_id, i.organization_type::organization_type, 'free', i.organization_name, 'org-' || lower(right(i.workos_organization_id, 26)), true
  from rehome.identity i where i.moved and i.workos_organization_id is not null and i.organization_type is not null
    on conflict (id) do update set type = excluded.type, name = excluded.name`,
  },
  {
    table: "organizations",
    // A practice may have become a clinic while the target served: it stays one.
    sql: `
insert into organizations (id, type, tier, name, slug, claimed)
select i.workos_practice_id, i.practice_type::organization_type, 'free', i.practice_name, 'org-' || lower(right(i.workos_practice_id, 26)), true
  from rehome.identity i where i.moved and i.workos_practice_id is not null and i.organization_type is not null
    on conflict (id) do update set name = excluded.name where organizations.type = excluded.type`,
  },
  {
    table: "memberships",
    // Who is in it is the product's affair once somebody is.
    sql: `
insert into memberships (id, org_id, workos_user_id, role_slug, permissions, status)
select i.workos_practice_membership_id, i.workos_practice_id, i.workos_user_id, 'owner', array[${ownerPermissions}], 'active'
  from rehome.identity i
 where i.moved and i.workos_practice_membership_id is not null
   and not exists (select from memberships m where m.org_id = i.workos_practice_id)
    on conflict (org_id, workos_user_id) do nothing`,
  },
  {
    table: "memberships",
    sql: `
insert into memberships (id, org_id, workos_user_id, role_slug, permissions, status)
select i.workos_membership_id, i.workos_organization_id, i.workos_user_id, 'owner', array[${ownerPermissions}], 'active'
  from rehome.identity i where i.moved and i.workos_membership_id is not null
    on conflict (org_id, workos_user_id) do nothing`,
  },
  {
    table: "user_emails",
    sql: `
with gone as (
  delete from user_emails e using rehome.identity i
   where i.moved and i.roles is not null and e.workos_user_id = i.workos_user_id
     and not exists (select from rehome.address a where a.legacy_user_id = i.legacy_user_id and not a.is_primary and a.email = e.email)),
  known as (
  update user_emails e set verified = a.verified from rehome.address a join rehome.identity i using (legacy_user_id)
   where i.moved and not a.is_primary and e.workos_user_id = i.workos_user_id and e.email = a.email and e.verified <> a.verified)
insert into user_emails (org_id, workos_user_id, email, verified)
select i.workos_organization_id, i.workos_user_id, a.email, a.verified
  from rehome.address a join rehome.identity i using (legacy_user_id)
 where i.moved and not a.is_primary and i.workos_organization_id is not null
   and not exists (select from user_emails e where e.workos_user_id = i.workos_user_id and e.email = a.email)`,
  },
  {
    table: "platform_roles",
    sql: `
with gone as (
  delete from platform_roles p using rehome.identity i
   where i.moved and p.workos_user_id = i.workos_user_id and not (p.role = any(i.roles)))
insert into platform_roles (org_id, workos_user_id, role)
select i.workos_organization_id, i.workos_user_id, r.role
  from rehome.identity i, unnest(i.roles) r(role)
 where i.moved and i.workos_organization_id is not null
    on conflict (workos_user_id, role) do nothing`,
  },
];

const FORMER_USERS =
  "select u from rehome.rejudge r, unnest(r.workos_user_ids) u where not exists (select from rehome.identity i where i.workos_user_id = u)";
const FORMER_ORGANIZATIONS = `select o from rehome.rejudge r, unnest(r.workos_organization_ids) o
  where not exists (select from rehome.identity i where i.workos_organization_id = o or i.workos_practice_id = o)`;

/** Takes away what stood above for people who do not move any more; their rows are gone before. */
export const peopleRemove = [
  ...["user_emails", "platform_roles", "expert_setup"].map((table) => ({
    table,
    sql: `delete from ${table} t where t.workos_user_id in (${FORMER_USERS})`,
  })),
  {
    table: "memberships",
    sql: `delete from memberships t where t.workos_user_id in (${FORMER_USERS}) or t.org_id in (${FORMER_ORGANIZATIONS})`,
  },
  { table: "organizations", sql: `delete from organizations t where t.id in (${FORMER_ORGANIZATIONS})` },
];

/** An unclaimed organization and the address, for everyone who booked without an account. */
export const guestUpsert = [
  {
    table: "organizations",
    sql: `
insert into organizations (id, type, tier, name, slug, claimed)
select g.org_id, 'patient_personal', 'free', null, replace(g.org_id, '_', '-'), false
  from rehome.guest g
    on conflict (id) do nothing`,
  },
  {
    table: "guests",
    sql: `
insert into guests (org_id, email_key, email, name)
select g.org_id, g.email_key, g.email, g.name from rehome.guest g
    on conflict (org_id) do nothing`,
  },
];

/** Guests whom the product booked on the target itself, before a way back: the ledger takes their organization over. */
export const guestAdoption = [
  {
    table: "rehome.guest",
    sql: "insert into rehome.guest (email_key, org_id, email, name) select g.email_key, g.org_id, g.email, g.name from guests g on conflict do nothing",
  },
];

/** Whose practices the target holds: who owns one has it, whether it is still of one person or a clinic by now. */
export const practices = `
select m.workos_user_id as user_id, o.id as organization_id, m.id as membership_id, o.type::text as type, o.name
  from memberships m join organizations o on o.id = m.org_id
 where m.role_slug = 'owner' and o.type in ('expert_individual', 'clinic')`;

/** What legacy holds of somebody who works there. The profile's own sign, the rows, and the account that is paid. */
export const practiceSigns = {
  profile: `select "clerkUserId" as id from profiles`,
  expert_rows: `
select "clerkUserId" as id from events union select "clerkUserId" from schedules union select "clerkUserId" from meetings
 union select user_id from scheduling_settings union select clerk_user_id from blocked_dates union select clerk_user_id from session_packs
 union select clerk_user_id from slot_reservations union select expert_id from records union select expert_clerk_user_id from payment_transfers`,
  connect_account: `select "clerkUserId" as id from users where stripe_connect_account_id is not null`,
};

/** Setup flags were browser-writable at Clerk, so they are computed from data. Google starts anew for everybody. */
export const derived = [
  {
    table: "expert_setup",
    sql: `
insert into expert_setup (org_id, workos_user_id, profile, availability, events, identity, payment, google_account)
select i.workos_practice_id, u.workos_user_id,
       exists (select from profiles p where p.workos_user_id = u.workos_user_id and p.published),
       exists (select from schedules s join schedule_availabilities a on a.schedule_id = s.id where s.workos_user_id = u.workos_user_id),
       exists (select from services e where e.workos_user_id = u.workos_user_id),
       coalesce((select v.stripe_identity_verified from identity_verifications v where v.workos_user_id = u.workos_user_id), false),
       coalesce((select a.stripe_connect_charges_enabled and a.stripe_connect_payouts_enabled from payout_accounts a where a.workos_user_id = u.workos_user_id), false),
       false
  from users u join rehome.identity i on i.workos_user_id = u.workos_user_id
 where i.moved and i.workos_practice_id is not null
    on conflict (workos_user_id) do update set org_id = excluded.org_id, profile = excluded.profile, availability = excluded.availability, events = excluded.events,
       identity = excluded.identity, payment = excluded.payment`,
  },
];
