-- A product in small, for the isolation tests. Everybody has a home; experts have a practice beside it (`org_ana`, home `org_ana_home`): Ana
-- (published), Rui (not published), Olga (owner of the clinic, where Ana works too).
-- Sam is suspended in the clinic, Ivo invited. Patients: Pia, Paul; one guest who never signed up. Keys are md5 of a name.
insert into organizations (id, type, tier, name, claimed) values
  ('org_ana', 'expert_individual', 'free', 'Ana', true), ('org_rui', 'expert_individual', 'free', 'Rui', true),
  ('org_olga', 'expert_individual', 'free', 'Olga', true), ('org_ana_home', 'patient_personal', 'free', 'Ana', true),
  ('org_rui_home', 'patient_personal', 'free', 'Rui', true), ('org_olga_home', 'patient_personal', 'free', 'Olga', true), ('org_clinic', 'clinic', 'clinic', 'Clinic', true),
  ('org_pia', 'patient_personal', 'free', 'Pia', true), ('org_paul', 'patient_personal', 'free', 'Paul', true),
  ('org_sam', 'patient_personal', 'free', 'Sam', true), ('org_ivo', 'patient_personal', 'free', 'Ivo', true),
  ('guest_0', 'patient_personal', 'free', null, false);
insert into memberships (org_id, workos_user_id, id, role_slug, permissions, status)
  select o, u, 'om_' || o || u, r, '{}', s::membership_status from (values
    ('org_ana', 'user_ana', 'owner', 'active'), ('org_rui', 'user_rui', 'owner', 'active'), ('org_olga', 'user_olga', 'owner', 'active'),
    ('org_ana_home', 'user_ana', 'owner', 'active'), ('org_rui_home', 'user_rui', 'owner', 'active'), ('org_olga_home', 'user_olga', 'owner', 'active'),
    ('org_pia', 'user_pia', 'owner', 'active'), ('org_paul', 'user_paul', 'owner', 'active'), ('org_sam', 'user_sam', 'owner', 'active'),
    ('org_ivo', 'user_ivo', 'owner', 'active'),
    ('org_clinic', 'user_olga', 'owner', 'active'), ('org_clinic', 'user_ana', 'member', 'active'),
    ('org_clinic', 'user_sam', 'member', 'suspended'), ('org_clinic', 'user_ivo', 'member', 'invited')) v (o, u, r, s);
insert into invitations (id, org_id, email, role_slug, status, inviter_user_id, expires_at) values
  ('invitation_ivo', 'org_clinic', 'ivo@example.test', 'member', 'pending', 'user_olga', now() + interval '7 days');
insert into guests (org_id, email_key, email, name) values ('guest_0', 'gil@example.test', 'Gil@example.test', 'Gil');
insert into users (id, org_id, workos_user_id, email, username, legacy_row)
  select md5('user ' || n)::uuid, 'org_' || n || case when n in ('ana', 'rui', 'olga') then '_home' else '' end, 'user_' || n, n || '@example.test', n, true
    from unnest('{ana,rui,olga,pia,paul,sam,ivo}'::text[]) n;
insert into user_emails (org_id, workos_user_id, email, verified)
  select org_id, workos_user_id, 'second-' || email, true from users where username in ('ana', 'pia');
insert into platform_roles (workos_user_id, role, org_id)
  select workos_user_id, case when username in ('ana', 'rui', 'olga') then 'community_expert' else 'user' end, org_id from users;
insert into platform_roles (workos_user_id, role, org_id) values ('user_olga', 'admin', 'org_olga_home');
insert into billing_accounts (user_row_id, org_id, workos_user_id) select id, org_id, workos_user_id from users;
insert into payout_accounts (user_row_id, org_id, workos_user_id) select id, org_id, workos_user_id from users;
insert into identity_verifications (user_row_id, org_id, workos_user_id) select id, org_id, workos_user_id from users;
insert into expert_setup (org_id, workos_user_id) select 'org_' || username, workos_user_id from users where username in ('ana', 'rui', 'olga');

insert into categories (id, name) values (md5('category')::uuid, 'Pelvic health'), (md5('category 2')::uuid, 'Nutrition');
insert into profiles (id, org_id, workos_user_id, first_name, last_name, published)
  select md5('profile ' || u)::uuid, o, 'user_' || u, u, 'Silva', p
    from (values ('org_ana', 'ana', true), ('org_rui', 'rui', false), ('org_clinic', 'olga', false)) v (o, u, p);
insert into profile_standing (profile_id, org_id) select id, org_id from profiles;
insert into services (id, org_id, workos_user_id, name, slug, duration_minutes, is_active)
  select md5('service ' || n)::uuid, o, 'user_' || u, n, 'consultation', 30, a
    from (values ('ana', 'org_ana', 'ana', true), ('ana old', 'org_ana', 'ana', false), ('rui', 'org_rui', 'rui', true),
                 ('clinic', 'org_clinic', 'ana', true), ('clinic olga', 'org_clinic', 'olga', true), ('rui unused', 'org_rui', 'rui', true)) v (n, o, u, a);
insert into service_stripe (service_id, org_id, stripe_product_id) select id, org_id, 'prod_' || name from services;

insert into schedules (id, org_id, workos_user_id, timezone)
  select md5('schedule ' || u)::uuid, o, 'user_' || u, 'Europe/Lisbon' from (values ('org_ana', 'ana'), ('org_rui', 'rui'), ('org_clinic', 'olga')) v (o, u);
insert into schedule_availabilities (org_id, schedule_id, start_time, end_time, day_of_week) select org_id, id, '9:00', '08:00', 'monday' from schedules;
insert into scheduling_settings (org_id, workos_user_id) select org_id, workos_user_id from schedules;
insert into scheduling_settings (org_id, workos_user_id) select org_id, workos_user_id from schedules;
insert into blocked_dates (org_id, workos_user_id, date, timezone)
  select org_id, workos_user_id, '2026-03-10', case workos_user_id when 'user_rui' then 'Mars/Olympus' else 'Europe/Lisbon' end from schedules;

-- Imported: two of Ana's overlap, one ends before it starts, one names a service of another expert.
insert into meetings (id, org_id, patient_org_id, service_id, expert_user_id, guest_email, guest_name, guest_notes, starts_at, ends_at, timezone, imported)
  select md5('meeting ' || n)::uuid, o, p, md5('service ' || s)::uuid, 'user_' || u, n || '@example.test', n, 'notes', b::timestamptz, e::timestamptz, 'Europe/Lisbon', true
    from (values ('ana pia', 'org_ana', 'org_pia', 'ana', 'ana', '2026-03-02 10:00Z', '2026-03-02 11:00Z'),
                 ('ana guest', 'org_ana', 'guest_0', 'ana', 'ana', '2026-03-02 10:30Z', '2026-03-02 11:30Z'),
                 ('rui guest', 'org_rui', 'guest_0', 'rui', 'rui', '2026-03-03 10:00Z', '2026-03-03 09:00Z'),
                 ('rui pia', 'org_rui', 'org_pia', 'ana', 'rui', '2026-03-04 10:00Z', '2026-03-04 11:00Z'),
                 ('clinic paul', 'org_clinic', 'org_paul', 'clinic', 'ana', '2026-03-05 10:00Z', '2026-03-05 11:00Z'),
                 ('clinic olga', 'org_clinic', 'org_pia', 'clinic olga', 'olga', '2026-03-06 10:00Z', '2026-03-06 11:00Z')) v (n, o, p, s, u, b, e);
insert into meeting_payments (meeting_id, org_id, patient_org_id, stripe_payment_intent_id, stripe_amount, stripe_payment_status, stripe_metadata)
  select id, org_id, patient_org_id, 'pi_' || id, 5000, 'succeeded', '{"notes": "x\u0000"}' from meetings;
insert into payment_transfers (org_id, expert_user_id, payment_intent_id, checkout_session_id, event_id, expert_connect_account_id, amount, platform_fee,
    session_start_time, scheduled_transfer_time)
  select org_id, expert_user_id, 'pi_' || id, 'cs_' || id, 'no uuid', 'acct_1', 4250, 750, starts_at, ends_at from meetings;
insert into records (id, org_id, patient_org_id, meeting_id, expert_user_id, guest_email, encrypted_content)
  select md5('record ' || guest_name)::uuid, org_id, patient_org_id, id, expert_user_id, guest_email, 'x' from meetings where guest_name <> 'rui pia';
insert into record_shares (record_id, org_id, grantee_user_id, expires_at) values
  (md5('record ana pia')::uuid, 'org_pia', 'user_rui', now() + interval '1 day'),
  (md5('record ana pia')::uuid, 'org_pia', 'user_olga', now() - interval '1 day'),
  (md5('record clinic olga')::uuid, 'org_pia', 'user_sam', now() + interval '1 day');
insert into slot_reservations (org_id, patient_org_id, service_id, expert_user_id, guest_email, starts_at, ends_at, expires_at)
  select org_id, p, id, workos_user_id, 'x@example.test', '2026-03-09 10:00Z', '2026-03-09 11:00Z', now() + i
    from services, (values ('ana', 'org_pia', interval '1 day'), ('rui', 'guest_0', interval '-1 day'), ('clinic', 'org_paul', interval '1 day')) v (n, p, i)
   where n = services.name;
insert into session_packs (id, org_id, workos_user_id, service_id, name, sessions_count, price_cents, is_active)
  select md5('pack ' || name)::uuid, org_id, workos_user_id, id, name, 5, 20000, is_active from services where name in ('ana', 'ana old', 'rui');
insert into session_pack_stripe (pack_id, org_id) select id, org_id from session_packs;
insert into pack_purchases (org_id, buyer_org_id, pack_id, expert_user_id, buyer_email, promotion_code, max_redemptions)
  select org_id, case name when 'ana' then 'org_pia' else 'guest_0' end, id, workos_user_id, 'x@example.test', 'CODE ' || name, 5 from session_packs;
insert into stripe_processed_events (event_id, event_type) values ('evt_1', 'payment_intent.succeeded');
