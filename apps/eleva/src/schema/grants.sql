-- Who may do what, whole: everything is taken back first, so that a grant which is no longer here is gone. Policies say which rows; grants
-- say which columns. Column grants are for UPDATE and SELECT only: Drizzle names every column of a table on insert.
-- Run as the installer, in one transaction with the rest; may be run again.
revoke all on schema public from public;
grant usage on schema public to rehome_mover, rehome_guard, authenticated, anonymous, rehome_job_booking, rehome_job_payments, rehome_job_sync,
  rehome_job_admin, rehome_job_setup, rehome_job_identity, rehome_job_claim, rehome_fn_busy, rehome_fn_check, rehome_fn_numbers,
  rehome_fn_receipts;

set local role rehome_owner;
alter default privileges for role rehome_owner revoke execute on functions from public;

-- Owned by functions' roles and left out here: meeting_receipts.
do $$
declare
  t record;
  everybody constant text := 'public, authenticated, anonymous, rehome_guard, rehome_mover, rehome_login, rehome_job_booking, rehome_job_payments, '
    'rehome_job_sync, rehome_job_admin, rehome_job_setup, rehome_job_identity, rehome_job_claim, rehome_job_deletion, '
    'rehome_fn_organizations, rehome_fn_busy, rehome_fn_check, rehome_fn_numbers, rehome_fn_receipts, rehome_fn_confidential';
begin
  for t in select c.oid::regclass as name, c.relkind from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'S') and pg_get_userbyid(c.relowner) = 'rehome_owner' loop
    execute format('revoke all on %s %s from %s', case t.relkind when 'S' then 'sequence' else 'table' end, t.name, everybody);
    -- The mover carries rows past the policies, and counts on.
    if t.relkind = 'S' then execute format('grant usage, select, update on sequence %s to rehome_mover', t.name);
    else execute format('grant select, insert, update, delete on %s to rehome_mover', t.name);
    end if;
  end loop;
end $$;

alter default privileges for role rehome_owner in schema public grant select, insert, update, delete on tables to rehome_mover;
alter default privileges for role rehome_owner in schema public grant usage, select, update on sequences to rehome_mover;

-- The guard.
grant select (org_id, workos_user_id, role_slug, permissions, status) on public.memberships to rehome_guard;

-- Everyone.
grant select on public.categories, public.profiles, public.services, public.session_packs to anonymous, authenticated;
-- Without the agreement: its IP address is personal, and whoever sees the profile sees the row.
grant select (profile_id, org_id, is_verified, is_top_expert, display_order) on public.profile_standing to anonymous, authenticated;

-- Verified persons: read. Columns that the schema declares confidential are taken out of this right after this file (confidentialAccess of
-- @rehome/tenancy); they are read by key, through schema confidential.
grant select on public.organizations, public.memberships, public.invitations, public.users, public.user_emails, public.platform_roles, public.billing_accounts,
  public.payout_accounts, public.identity_verifications, public.expert_setup, public.service_stripe, public.schedules,
  public.schedule_availabilities, public.scheduling_settings, public.blocked_dates, public.meetings, public.meeting_payments,
  public.payment_transfers, public.records, public.record_shares, public.slot_reservations, public.session_pack_stripe, public.pack_purchases
  to authenticated;

-- Verified persons: write. Of identity (id, organization, person, parent) nothing can be changed once a row is made.
grant update (first_name, last_name, image_url, country, security_preferences, updated_at) on public.users to authenticated;
grant insert on public.profiles to authenticated;
grant insert, delete on public.services, public.schedules, public.schedule_availabilities, public.scheduling_settings,
  public.blocked_dates, public.session_packs to authenticated;
grant update (profile_picture, first_name, last_name, headline, short_bio, long_bio, primary_category_id, secondary_category_id, social_links,
  published, updated_at) on public.profiles to authenticated;
grant update (name, slug, description, duration_minutes, is_active, display_order, price_cents, currency, updated_at) on public.services to authenticated;
grant update (timezone, updated_at) on public.schedules to authenticated;
grant update (schedule_id, start_time, end_time, day_of_week) on public.schedule_availabilities to authenticated;
grant update (before_event_buffer, after_event_buffer, minimum_notice, time_slot_interval, booking_window_days, updated_at)
  on public.scheduling_settings to authenticated;
grant update (date, timezone, reason, updated_at) on public.blocked_dates to authenticated;
grant update (name, description, sessions_count, price_cents, currency, is_active, expiration_days, updated_at) on public.session_packs to authenticated;
grant update (guest_name, guest_phone, guest_notes, starts_at, ends_at, timezone, meeting_url, calendar_creation_claimed, updated_at)
  on public.meetings to authenticated;
grant insert on public.records, public.record_shares to authenticated;
grant update (encrypted_content, encrypted_metadata, version, last_modified_at) on public.records to authenticated;
grant update (expires_at) on public.record_shares to authenticated;
grant delete on public.record_shares to authenticated;

-- Booking: makes meetings, reservations and guests.
grant select on public.profiles, public.services, public.schedules, public.schedule_availabilities, public.scheduling_settings,
  public.blocked_dates, public.meetings, public.slot_reservations, public.guests, public.organizations to rehome_job_booking;
grant select (workos_user_id, org_id, email, email_verified) on public.users to rehome_job_booking;
grant select (workos_user_id, org_id, email, verified) on public.user_emails to rehome_job_booking;
grant insert on public.organizations, public.meetings to rehome_job_booking;
grant update (meeting_url, calendar_creation_claimed, updated_at) on public.meetings to rehome_job_booking;
grant insert, delete on public.slot_reservations to rehome_job_booking;
grant update (expires_at, stripe_payment_intent_id, stripe_session_id, gentle_reminder_sent_at, urgent_reminder_sent_at, updated_at)
  on public.slot_reservations to rehome_job_booking;
grant insert, update (name) on public.guests to rehome_job_booking;

-- Payments: all that Stripe says. Whose a row is, and for what was paid, stays as it was made.
grant select, insert on public.billing_accounts, public.payout_accounts, public.service_stripe, public.session_pack_stripe,
  public.meeting_payments, public.payment_transfers, public.pack_purchases to rehome_job_payments;
grant update (stripe_customer_id, subscription_id, subscription_status, subscription_price_id, subscription_current_period_end,
  subscription_canceled_at, has_had_subscription) on public.billing_accounts to rehome_job_payments;
grant update (stripe_connect_account_id, stripe_connect_details_submitted, stripe_connect_charges_enabled, stripe_connect_payouts_enabled,
  stripe_connect_onboarding_complete, stripe_bank_account_last4, stripe_bank_name) on public.payout_accounts to rehome_job_payments;
grant update (stripe_product_id, stripe_price_id) on public.service_stripe, public.session_pack_stripe to rehome_job_payments;
grant update (stripe_payment_intent_id, stripe_session_id, stripe_payment_status, stripe_amount, stripe_application_fee_amount,
  stripe_application_fee_id, stripe_refund_id, stripe_metadata, stripe_transfer_id, stripe_transfer_amount, stripe_transfer_status,
  stripe_transfer_scheduled_at, stripe_payout_id, stripe_payout_amount, stripe_payout_failure_code, stripe_payout_failure_message,
  stripe_payout_paid_at, last_processed_at) on public.meeting_payments to rehome_job_payments;
grant update (amount, platform_fee, scheduled_transfer_time, status, transfer_id, payout_id, stripe_error_code, stripe_error_message,
  retry_count, requires_approval, admin_user_id, admin_notes, notified_at, updated_at) on public.payment_transfers to rehome_job_payments;
grant update (buyer_name, buyer_phone, stripe_customer_id, stripe_session_id, stripe_payment_intent_id, stripe_coupon_id,
  stripe_promotion_code_id, currency, gross_amount, platform_fee, net_amount, max_redemptions, redemptions_used, expires_at, status, updated_at)
  on public.pack_purchases to rehome_job_payments;
grant usage on sequence public.payment_transfers_id_seq to rehome_job_payments;
grant select, insert on public.stripe_processed_events to rehome_job_payments;
grant select on public.services, public.session_packs, public.slot_reservations to rehome_job_payments;
grant select (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, guest_phone, starts_at, ends_at, timezone)
  on public.meetings to rehome_job_payments;
grant select (id, workos_user_id, org_id, email, country) on public.users to rehome_job_payments;

-- Sync: the mirror of WorkOS.
grant select, insert, update on public.organizations, public.users, public.invitations to rehome_job_sync;
grant select, insert, update, delete on public.memberships, public.user_emails, public.platform_roles to rehome_job_sync;

-- Admin: what the platform says of profiles, and categories.
grant select, insert, update, delete on public.categories to rehome_job_admin;
grant select, insert on public.profile_standing to rehome_job_admin;
grant update (is_verified, is_top_expert, display_order, practitioner_agreement_accepted_at, practitioner_agreement_version,
  practitioner_agreement_ip_address) on public.profile_standing to rehome_job_admin;
grant select on public.profiles to rehome_job_admin;

-- Set-up: six flags out of data.
grant select, insert, update, delete on public.expert_setup to rehome_job_setup;
grant select (id, workos_user_id, org_id) on public.users to rehome_job_setup;
grant select on public.platform_roles, public.profiles, public.services, public.schedules, public.schedule_availabilities to rehome_job_setup;
grant select (workos_user_id, stripe_connect_charges_enabled, stripe_connect_payouts_enabled) on public.payout_accounts to rehome_job_setup;
grant select (workos_user_id, stripe_identity_verified) on public.identity_verifications to rehome_job_setup;

-- Identity: Stripe Identity.
grant select, insert on public.identity_verifications to rehome_job_identity;
grant update (stripe_identity_verification_id, stripe_identity_verified, stripe_identity_verification_status,
  stripe_identity_verification_last_checked) on public.identity_verifications to rehome_job_identity;
grant select (id, workos_user_id, org_id) on public.users to rehome_job_identity;

-- Claim: gives a guest's rows to whoever proved the address. It reads no content.
grant select, update (claimed), delete on public.organizations to rehome_job_claim;
grant select, update, delete on public.guests to rehome_job_claim;
grant select (workos_user_id, org_id, email, email_verified) on public.users to rehome_job_claim;
grant select (workos_user_id, org_id, email, verified) on public.user_emails to rehome_job_claim;
grant select (id, patient_org_id), update (patient_org_id) on public.meetings, public.records, public.slot_reservations to rehome_job_claim;
grant select (meeting_id, patient_org_id), update (patient_org_id) on public.meeting_payments to rehome_job_claim;
grant select (id, buyer_org_id), update (buyer_org_id) on public.pack_purchases to rehome_job_claim;

-- Deletion: installOrganizations grants it what it needs of every table that names an organization, right after this file. And the patient in
-- transfers to experts: the trigger forget_patient.
grant update (guest_name, guest_email, guest_phone) on public.payment_transfers to rehome_job_deletion;

-- Functions and the view.
grant usage on sequence public.scheduling_settings_id_seq, public.blocked_dates_id_seq to rehome_fn_numbers;
grant select (workos_user_id, org_id, published) on public.profiles to rehome_fn_busy;
grant select (org_id, expert_user_id, starts_at, ends_at) on public.meetings to rehome_fn_busy;
grant select (org_id, expert_user_id, starts_at, ends_at, expires_at) on public.slot_reservations to rehome_fn_busy;
grant select (org_id, workos_user_id, date, timezone) on public.blocked_dates to rehome_fn_busy;
grant select (org_id, workos_user_id, status) on public.memberships to rehome_fn_check;
grant select (id, org_id) on public.services to rehome_fn_check;
grant select (service_id) on public.meetings, public.slot_reservations to rehome_fn_check;
grant select (id, patient_org_id) on public.records to rehome_fn_check;
grant select (meeting_id, patient_org_id, stripe_amount, stripe_payment_status) on public.meeting_payments to rehome_fn_receipts;
grant select (id, service_id) on public.meetings to rehome_fn_receipts;
grant select (id, currency) on public.services to rehome_fn_receipts;

set local role rehome_fn_receipts;
revoke all on public.meeting_receipts from public, anonymous, rehome_mover;
grant select on public.meeting_receipts to authenticated;

reset role;
