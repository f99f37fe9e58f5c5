-- Functions and the view that stand on the tables. Run as the installer after the migrations; may be run again.
grant create on schema public to rehome_fn_busy, rehome_fn_receipts, rehome_fn_numbers;     -- taken back below

set local role rehome_fn_busy;

-- The day in its zone. A zone that this server does not know counts as UTC: one bad row must not hide the other busy times.
create or replace function public.day_in_zone(day date, zone text) returns tstzrange
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return tstzrange(day::timestamp at time zone zone, (day + 1)::timestamp at time zone zone);
exception when invalid_parameter_value then
  return tstzrange(day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
end $$;

-- When an expert is taken between two moments, in the organization of the profile: meetings, open reservations and blocked days, merged, without
-- identities or the edges between neighbours. What the same person does in another organization does not show. Who cannot be booked (profile not
-- published, or no such person) is taken all the time, but for the own organization.
create or replace function public.busy_intervals(expert text, from_time timestamptz, to_time timestamptz)
returns table (starts_at timestamptz, ends_at timestamptz)
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  asked tstzmultirange;
  shown_in text;
begin
  if to_time <= from_time or to_time - from_time > interval '400 days' then
    raise exception 'busy_intervals takes a span of up to 400 days' using errcode = '22023';
  end if;
  asked := tstzmultirange(tstzrange(from_time, to_time));
  select p.org_id into shown_in
    from public.profiles p
   where p.workos_user_id = expert
     and (p.published or p.org_id = (select auth.org_id()) or p.workos_user_id = (select auth.user_id()));
  if not found then
    return query select from_time, to_time;
    return;
  end if;
  return query
    with taken (span) as (
      -- Imported rows may end before they start.
      select tstzrange(least(m.starts_at, m.ends_at), greatest(m.starts_at, m.ends_at))
        from public.meetings m
       where m.expert_user_id = expert and m.org_id = shown_in and least(m.starts_at, m.ends_at) < to_time and greatest(m.starts_at, m.ends_at) > from_time
      union all
      select tstzrange(least(r.starts_at, r.ends_at), greatest(r.starts_at, r.ends_at))
        from public.slot_reservations r
       where r.expert_user_id = expert and r.org_id = shown_in and r.expires_at > statement_timestamp()
         and least(r.starts_at, r.ends_at) < to_time and greatest(r.starts_at, r.ends_at) > from_time
      union all
      select public.day_in_zone(b.date, b.timezone)
        from public.blocked_dates b
       where b.workos_user_id = expert and b.org_id = shown_in
         and b.date between (from_time at time zone 'UTC')::date - 1 and (to_time at time zone 'UTC')::date + 1
    )
    select lower(part), upper(part)
      from unnest((select range_agg(taken.span) from taken) * asked) part
     order by 1;
end $$;

revoke all on function public.day_in_zone(date, text), public.busy_intervals(text, timestamptz, timestamptz) from public;
grant execute on function public.busy_intervals(text, timestamptz, timestamptz) to authenticated, anonymous, rehome_job_booking;

set local role rehome_fn_receipts;

-- What the patient's organization sees of a payment. The view reads as its owner, who may read only these columns, and of payments only
-- the rows of the asking organization (policy meeting_payments_select_fn_receipts). An invoker's view would need a policy that opens
-- whole rows of meeting_payments to patients, since one role cannot have other columns for other rows. `offset 0` keeps every condition of a
-- caller outside: a security barrier lets leakproof ones in, and inside they are asked before the policy.
create or replace view public.meeting_receipts with (security_barrier = true) as
  select p.meeting_id, p.stripe_amount as amount, s.currency, p.stripe_payment_status as state
    from public.meeting_payments p
    join public.meetings m on m.id = p.meeting_id
    join public.services s on s.id = m.service_id
   offset 0;

set local role rehome_fn_numbers;

-- A number that a caller chose could meet the sequence later and make another organization's insert fail. The owner holds the sequences:
-- whoever may call nextval on a sequence that all share can use it up for all. (An identity's own default asks for no right.)
create or replace function public.assign_id() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  new.id := nextval(pg_get_serial_sequence(format('%I.%I', tg_table_schema, tg_table_name), 'id'));
  return new;
end $$;
revoke all on function public.assign_id() from public;
grant execute on function public.assign_id() to rehome_owner;     -- to make the triggers

set local role rehome_owner;
do $$
declare
  t regclass;
begin
  foreach t in array array['public.scheduling_settings', 'public.blocked_dates']::regclass[] loop
    -- Only where it is missing: creating one again would wait for every writer. The mover keeps the numbers it brings: `when` is asked as
    -- the writer, in a definer function current_user is the owner.
    if not exists (select from pg_trigger where tgrelid = t and tgname = 'assign_id' and tgenabled <> 'D') then
      execute format($trigger$create or replace trigger assign_id before insert on %s
        for each row when (current_user = 'authenticated') execute function public.assign_id()$trigger$, t);
    end if;
  end loop;
end $$;

-- Transfers to experts repeat the patient's name and address, and name no organization of the patient's, only the meeting. They forget the patient
-- in the statement in which the meeting does, while it still says whose it was (the deletion job may change them only then; payments.ts) …
create or replace function public.forget_patient_of_meeting() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update public.payment_transfers p set guest_name = null, guest_email = null, guest_phone = null where p.event_id = old.id::text;
  return new;
end $$;
-- … and what Stripe says later does not bring the patient back.
create or replace function public.forget_patient_of_transfer() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.event_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
     and exists (select from public.meetings m where m.id = new.event_id::uuid and m.patient_org_id = 'org_erased') then
    new.guest_name := null;
    new.guest_email := null;
    new.guest_phone := null;
  end if;
  return new;
end $$;
revoke all on function public.forget_patient_of_meeting(), public.forget_patient_of_transfer() from public;
do $$
begin
  if not exists (select from pg_trigger where tgrelid = 'public.meetings'::regclass and tgname = 'forget_patient' and tgenabled <> 'D') then
    create or replace trigger forget_patient before update of patient_org_id on public.meetings
      for each row when (new.patient_org_id = 'org_erased') execute function public.forget_patient_of_meeting();
  end if;
  if not exists (select from pg_trigger where tgrelid = 'public.payment_transfers'::regclass and tgname = 'forget_patient' and tgenabled <> 'D') then
    create or replace trigger forget_patient before insert or update on public.payment_transfers
      for each row when (current_user <> 'rehome_mover') execute function public.forget_patient_of_transfer();
  end if;
end $$;

reset role;
revoke create on schema public from rehome_fn_busy, rehome_fn_receipts, rehome_fn_check, rehome_fn_numbers;
