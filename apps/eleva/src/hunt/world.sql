-- On top of the small product: the clinic gets an admin, a billing admin and a removed member, and every table a row of each kind that its
-- rules tell apart (own, shared, another's, unclaimed; published, active and expired or not; imported or booked here).
insert into organizations (id, type, name, claimed) values
  ('org_ada', 'patient_personal', 'Ada', true), ('org_bea', 'patient_personal', 'Bea', true), ('org_rem', 'patient_personal', 'Rem', true),
  ('guest_1', 'patient_personal', null, false);
insert into memberships (org_id, workos_user_id, id, role_slug, permissions, status) values
  ('org_ada', 'user_ada', 'om_ada', 'owner', '{*}', 'active'), ('org_bea', 'user_bea', 'om_bea', 'owner', '{*}', 'active'),
  ('org_rem', 'user_rem', 'om_rem', 'owner', '{*}', 'active'),
  ('org_clinic', 'user_ada', 'om_clinic_ada', 'admin', '{profile:*,services:*,schedule:*,meetings:*,records:*,packs:*,billing:*,members:*,organization:read}',
   'active'),
  ('org_clinic', 'user_bea', 'om_clinic_bea', 'billing_admin', '{billing:*,meetings:read}', 'active'),
  -- Ned has a role that somebody made at WorkOS: he reads what he may not write, and no meetings.
  ('org_clinic', 'user_ned', 'om_clinic_ned', 'intern', '{profile:read,schedule:read,packs:read}', 'active');
insert into guests (org_id, email_key, email, name) values ('guest_1', 'gus@example.test', 'gus@example.test', 'Gustavo');
insert into users (id, org_id, workos_user_id, email, username, legacy_row)
  select md5('user ' || n)::uuid, 'org_' || n, 'user_' || n, n || '@example.test', n, false from unnest('{ada,bea,rem}'::text[]) n;
insert into user_emails (org_id, workos_user_id, email, verified) values ('org_rui', 'user_rui', 'third-rui@example.test', false);
insert into billing_accounts (user_row_id, org_id, workos_user_id)
  select id, org_id, workos_user_id from users where username in ('ada', 'bea');
insert into payout_accounts (user_row_id, org_id, workos_user_id)
  select id, org_id, workos_user_id from users where username in ('ada', 'bea');
insert into identity_verifications (user_row_id, org_id, workos_user_id)
  select id, org_id, workos_user_id from users where username in ('ada', 'bea');
insert into expert_setup (org_id, workos_user_id) values ('org_ada', 'user_ada');
insert into services (id, org_id, workos_user_id, name, slug, duration_minutes)
  values (md5('service clinic unused')::uuid, 'org_clinic', 'user_ada', 'clinic unused', 'unused', 30),
         (md5('service ana unused')::uuid, 'org_ana', 'user_ana', 'ana unused', 'unused', 30),
         (md5('service clinic reserved')::uuid, 'org_clinic', 'user_ada', 'clinic reserved', 'reserved', 30),
         -- Used by another organization's imported meeting only.
         (md5('service ana borrowed')::uuid, 'org_ana', 'user_ana', 'ana borrowed', 'borrowed', 30),
         -- Of an expert whose unpublished profile the clinic sees, in the practice of her own.
         (md5('service olga')::uuid, 'org_olga', 'user_olga', 'olga at home', 'home', 30);
insert into session_packs (id, org_id, workos_user_id, service_id, name, sessions_count, price_cents)
  values (md5('pack olga')::uuid, 'org_olga', 'user_olga', md5('service olga')::uuid, 'home pack', 5, 20000);
insert into session_pack_stripe (pack_id, org_id) values (md5('pack olga')::uuid, 'org_olga');
insert into session_packs (id, org_id, workos_user_id, service_id, name, sessions_count, price_cents)
  values (md5('pack clinic')::uuid, 'org_clinic', 'user_olga', md5('service clinic olga')::uuid, 'clinic pack', 5, 20000);
insert into session_pack_stripe (pack_id, org_id) values (md5('pack clinic')::uuid, 'org_clinic');
insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_ada', '2026-03-11');
insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, guest_notes, starts_at, ends_at, timezone)
  select md5('meeting ' || n)::uuid, o, p, md5('service ' || s)::uuid, 'user_' || u, n || '@example.test', n, 'notes of ' || n, b::timestamptz,
         b::timestamptz + interval '1 hour', 'Europe/Lisbon'
    from (values ('booked ana pia', 'org_ana', 'org_pia', 'ana', 'ana', '2026-04-02 10:00Z'),
                 ('booked rui paul', 'org_rui', 'org_paul', 'rui', 'rui', '2026-04-02 10:00Z'),
                 ('booked clinic guest', 'org_clinic', 'guest_1', 'clinic olga', 'olga', '2026-04-03 10:00Z'),
                 -- One patient with one expert in two organizations, and with two experts in one; an expert who is her own patient.
                 ('clinic ana pia', 'org_clinic', 'org_pia', 'clinic', 'ana', '2026-04-05 10:00Z'),
                 ('clinic ana ana', 'org_clinic', 'org_ana_home', 'clinic', 'ana', '2026-04-06 10:00Z'),
                 -- Founders who are patients: of a colleague in the own clinic, and of another expert.
                 ('clinic ana olga', 'org_clinic', 'org_olga_home', 'clinic', 'ana', '2026-04-07 10:00Z'),
                 ('booked rui ana', 'org_rui', 'org_ana_home', 'rui', 'rui', '2026-04-08 10:00Z')) v (n, o, p, s, u, b);
insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone, imported)
  values (md5('meeting rui borrows')::uuid, 'org_rui', 'org_paul', md5('service ana borrowed')::uuid, 'user_rui', 'borrows@example.test', 'rui borrows',
          '2026-03-07 10:00Z', '2026-03-07 11:00Z', 'UTC', true);
insert into records (id, org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
  select md5('record ' || guest_name)::uuid, org_id, patient_org_id, id, expert_user_id, guest_email, 'content of ' || guest_name
    from meetings where guest_name in ('clinic ana pia', 'clinic ana ana', 'clinic ana olga', 'booked rui ana');
insert into slot_reservations (org_id, patient_org_id, service_id, expert_user_id, guest_email, starts_at, ends_at, expires_at)
  values ('org_rui', 'org_pia', md5('service ana')::uuid, 'user_rui', 'y@example.test', '2026-03-15 10:00Z', '2026-03-15 11:00Z', now() + interval '1 day'),
         ('org_clinic', 'org_pia', md5('service clinic reserved')::uuid, 'user_ada', 'z@example.test', '2026-03-16 10:00Z', '2026-03-16 11:00Z',
          now() + interval '1 day');
insert into record_shares (record_id, org_id, grantee_user_id, expires_at)
  values (md5('record clinic paul')::uuid, 'org_paul', 'user_rui', now() + interval '1 day');

-- Eva is being erased, and her school is being deleted: everybody in both is suspended. Her home is somebody's patient and buyer, the school has a row
-- of every other kind.
insert into organizations (id, type, tier, name, claimed) values
  ('org_eva', 'educational_institution', 'professional', 'Eva', true), ('org_eva_home', 'patient_personal', 'free', 'Eva', true),
  ('org_gus_home', 'patient_personal', 'free', 'Gus', true), ('org_erased', 'patient_personal', 'free', null, true),
  ('guest_2', 'patient_personal', 'free', null, false);
insert into guests (org_id, email_key, email) values ('guest_2', 'gone@example.test', 'gone@example.test');
-- Organizations without a row: nothing but the policy keeps them.
insert into organizations (id, type, tier, name, claimed) values
  ('guest_3', 'patient_personal', 'free', null, false), ('guest_4', 'patient_personal', 'free', null, true), ('org_bare', 'patient_personal', 'free', null, false);
insert into memberships (org_id, workos_user_id, id, role_slug, permissions, status) values
  ('org_eva', 'user_eva', 'om_eva', 'owner', '{}', 'suspended'), ('org_eva_home', 'user_eva', 'om_eva_home', 'owner', '{}', 'suspended');
insert into tenancy.deletion (org_id, requested_by, users, addresses, state) values
  ('org_eva_home', 'user_eva', '{user_eva}', '{eva@example.test}', 'emptying'), ('org_eva', 'user_eva', '{}', '{}', 'emptying'),
  ('org_gus_home', 'user_gus', '{user_gus}', '{}', 'archiving'),
  ('guest_2', 'an operator', '{}', '{}', 'requested'),
  ('org_before', 'user_before', '{}', '{before@example.test}', 'done');
insert into invitations (id, org_id, email, role_slug, status, expires_at)
  values ('invitation_eva', 'org_eva', 'lee@example.test', 'member', 'pending', now() + interval '1 day');
insert into users (id, org_id, workos_user_id, email, username) values (md5('user eva')::uuid, 'org_eva_home', 'user_eva', 'eva@example.test', 'eva');
insert into user_emails (org_id, workos_user_id, email, verified) values ('org_eva_home', 'user_eva', 'second-eva@example.test', true);
insert into platform_roles (workos_user_id, role, org_id) values ('user_eva', 'lecturer', 'org_eva_home');
insert into billing_accounts (user_row_id, org_id, workos_user_id) values (md5('user eva')::uuid, 'org_eva_home', 'user_eva');
insert into payout_accounts (user_row_id, org_id, workos_user_id) values (md5('user eva')::uuid, 'org_eva_home', 'user_eva');
insert into identity_verifications (user_row_id, org_id, workos_user_id) values (md5('user eva')::uuid, 'org_eva_home', 'user_eva');
insert into expert_setup (org_id, workos_user_id) values ('org_eva', 'user_eva');
insert into profiles (id, org_id, workos_user_id, first_name, last_name) values (md5('profile eva')::uuid, 'org_eva', 'user_eva', 'Eva', 'Silva');
insert into profile_standing (profile_id, org_id) values (md5('profile eva')::uuid, 'org_eva');
insert into services (id, org_id, workos_user_id, name, slug, duration_minutes)
  values (md5('service eva')::uuid, 'org_eva', 'user_eva', 'eva', 'talk', 30), (md5('service eva bare')::uuid, 'org_eva', 'user_eva', 'bare', 'bare', 30),
         (md5('service of nobody')::uuid, 'org_erased', '', 'of nobody', 'nobody', 30);
insert into service_stripe (service_id, org_id) values (md5('service eva')::uuid, 'org_eva');
insert into schedules (id, org_id, workos_user_id, timezone) values (md5('schedule eva')::uuid, 'org_eva', 'user_eva', 'UTC');
insert into schedule_availabilities (org_id, schedule_id, start_time, end_time, day_of_week)
  values ('org_eva', md5('schedule eva')::uuid, '09:00', '10:00', 'monday');
insert into scheduling_settings (org_id, workos_user_id) values ('org_eva', 'user_eva');
insert into blocked_dates (org_id, workos_user_id, date) values ('org_eva', 'user_eva', '2026-03-12');
insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, starts_at, ends_at, timezone)
  select md5('meeting ' || n)::uuid, o, p, md5('service ' || u)::uuid, 'user_' || u, n || '@example.test', n, b::timestamptz, b::timestamptz + interval '1 hour', 'UTC'
    from (values ('eva pia', 'org_eva', 'org_pia', 'eva', '2026-03-13 10:00Z'), ('rui eva', 'org_rui', 'org_eva_home', 'rui', '2026-03-14 10:00Z'),
                 ('rui nobody', 'org_rui', 'org_erased', 'rui', '2026-03-19 10:00Z')) v (n, o, p, u, b);
insert into meeting_payments (meeting_id, org_id, patient_org_id, stripe_payment_intent_id)
  select id, org_id, patient_org_id, 'pi_' || id from meetings where org_id = 'org_eva' or patient_org_id in ('org_eva_home', 'org_erased');
insert into payment_transfers (org_id, expert_user_id, payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, amount, platform_fee,
    session_start_time, scheduled_transfer_time, guest_name, guest_email, guest_phone, status)
  select org_id, expert_user_id, 'pi_' || s || id, 'cs_' || s || id, id::text, 'acct_1', 4250, 750, starts_at, ends_at, n, e, p, s::payment_transfer_status_enum
    from meetings, (values ('Eva', null, null, 'READY'), (null, 'e@example.test', null, 'COMPLETED'), (null, null, '+351', 'FAILED'),
                           (null, null, null, 'REFUNDED')) v (n, e, p, s)
   where org_id = 'org_eva' or patient_org_id = 'org_eva_home';
insert into records (id, org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
  select md5('record ' || guest_name)::uuid, org_id, patient_org_id, id, expert_user_id, guest_email, 'x' from meetings where org_id = 'org_eva' or patient_org_id = 'org_eva_home';
insert into record_shares (record_id, org_id, grantee_user_id, expires_at) values (md5('record rui eva')::uuid, 'org_eva_home', 'user_olga', now() + interval '1 day');
insert into slot_reservations (org_id, patient_org_id, service_id, expert_user_id, guest_email, starts_at, ends_at, expires_at)
  values ('org_eva', 'org_pia', md5('service eva')::uuid, 'user_eva', 'e@example.test', '2026-03-17 10:00Z', '2026-03-17 11:00Z', now() + interval '1 day'),
         ('org_rui', 'org_eva_home', md5('service rui')::uuid, 'user_rui', 'e@example.test', '2026-03-18 10:00Z', '2026-03-18 11:00Z', now() + interval '1 day');
insert into session_packs (id, org_id, workos_user_id, service_id, name, sessions_count, price_cents)
  values (md5('pack eva')::uuid, 'org_eva', 'user_eva', md5('service eva')::uuid, 'eva', 5, 20000);
insert into session_pack_stripe (pack_id, org_id) values (md5('pack eva')::uuid, 'org_eva');
insert into pack_purchases (org_id, buyer_org_id, pack_id, expert_user_id, buyer_email, promotion_code, max_redemptions)
  values ('org_eva', 'org_pia', md5('pack eva')::uuid, 'user_eva', 'p@example.test', 'CODE eva', 5),
         ('org_rui', 'org_eva_home', md5('pack rui')::uuid, 'user_rui', 'e@example.test', 'CODE for eva', 5),
         ('org_rui', 'org_erased', md5('pack rui')::uuid, 'user_rui', '', 'CODE of nobody', 5);
-- Transfers for packs, which name no meeting: only the address tells whose they are.
insert into payment_transfers (org_id, expert_user_id, payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, amount, platform_fee,
    session_start_time, scheduled_transfer_time, guest_name, guest_email, guest_phone)
  select 'org_rui', 'user_rui', 'pi_pack_' || i, 'cs_pack_' || i, 'pack', 'acct_1', 4250, 750, '2026-03-14 10:00Z', '2026-03-14 11:00Z', n, e, p
    from (values (1, 'Eva', 'Eva@example.test', null), (2, null, 'before@example.test', null), (3, 'Pia', null, null), (4, null, null, '+351')) v (i, n, e, p);

-- Gus, who is erased, too, worked in the clinic too, and was shown a record of Paul's.
insert into users (org_id, workos_user_id, email) values ('org_gus_home', 'user_gus', 'gus@example.test');
insert into user_emails (org_id, workos_user_id, email, verified) values ('org_clinic', 'user_gus', 'second-gus@example.test', true);
insert into platform_roles (workos_user_id, role, org_id) values ('user_gus', 'lecturer', 'org_clinic');
insert into expert_setup (org_id, workos_user_id) values ('org_clinic', 'user_gus');
insert into profiles (id, org_id, workos_user_id, first_name, last_name) values (md5('profile gus')::uuid, 'org_clinic', 'user_gus', 'Gus', 'Silva');
insert into schedules (id, org_id, workos_user_id, timezone) values (md5('schedule gus')::uuid, 'org_clinic', 'user_gus', 'UTC');
insert into scheduling_settings (org_id, workos_user_id) values ('org_clinic', 'user_gus');
insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_gus', '2026-03-13');
insert into record_shares (record_id, org_id, grantee_user_id, expires_at)
  values (md5('record clinic paul')::uuid, 'org_paul', 'user_gus', now() + interval '1 day');
-- Hal, a member of Eva's school, stays a person elsewhere: what he has in it goes with the school.
insert into user_emails (org_id, workos_user_id, email, verified) values ('org_eva', 'user_hal', 'second-hal@example.test', true);
insert into platform_roles (workos_user_id, role, org_id) values ('user_hal', 'lecturer', 'org_eva');
insert into expert_setup (org_id, workos_user_id) values ('org_eva', 'user_hal');
insert into profiles (id, org_id, workos_user_id, first_name, last_name) values (md5('profile hal')::uuid, 'org_eva', 'user_hal', 'Hal', 'Silva');
insert into schedules (id, org_id, workos_user_id, timezone) values (md5('schedule hal')::uuid, 'org_eva', 'user_hal', 'UTC');
insert into scheduling_settings (org_id, workos_user_id) values ('org_eva', 'user_hal');
insert into blocked_dates (org_id, workos_user_id, date) values ('org_eva', 'user_hal', '2026-03-14');

-- Ned is published in the clinic and offers nothing; Ana, who is published at home only, has a pack there.
insert into profiles (id, org_id, workos_user_id, first_name, last_name, published)
  values (md5('profile ned')::uuid, 'org_clinic', 'user_ned', 'Ned', 'Silva', true);
insert into profile_standing (profile_id, org_id) values (md5('profile ned')::uuid, 'org_clinic');
insert into session_packs (id, org_id, workos_user_id, service_id, name, sessions_count, price_cents)
  values (md5('pack clinic ana')::uuid, 'org_clinic', 'user_ana', md5('service clinic')::uuid, 'clinic pack of Ana', 5, 20000);
-- What Ana, who is published at home, does in the clinic shows in no busy interval.
insert into slot_reservations (org_id, patient_org_id, service_id, expert_user_id, guest_email, starts_at, ends_at, expires_at)
  values ('org_clinic', 'org_pia', md5('service clinic')::uuid, 'user_ana', 'c@example.test', '2026-03-16 12:00Z', '2026-03-16 13:00Z', now() + interval '1 day');
insert into blocked_dates (org_id, workos_user_id, date) values ('org_clinic', 'user_ana', '2026-03-18');
-- The clinic sold a pack.
insert into pack_purchases (org_id, buyer_org_id, pack_id, expert_user_id, buyer_email, promotion_code, max_redemptions)
  values ('org_clinic', 'org_pia', md5('pack clinic')::uuid, 'user_olga', 'p@example.test', 'CODE clinic', 5);
-- A NUL in json is legal and cannot be read as text; it is no matter of rights.
update meeting_payments set stripe_metadata = '{"notes": "of a payment"}';
analyze;
