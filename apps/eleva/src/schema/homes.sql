-- A home is a home: of the personal type for ever, and the only kind of organization that a patient's or a buyer's column names, whoever writes, the
-- mover too. So no colleague and no buyer of a clinic is ever shown what is about its founder as a patient. (docs/who-sees-what.md, rule 6.)
-- Run as the installer after the migrations; may be run again. After the row, so that policies answer first: whoever may not write a row is not told
-- what kind of organization it names. The functions read organizations as the role that answers for them.
grant create on schema public to rehome_fn_organizations;     -- taken back below
set local role rehome_fn_organizations;

-- `org_erased` stands for persons who are gone; a guest's organization is of the personal type.
create or replace function public.check_patient_home() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.patient_org_id <> 'org_erased'
     and not exists (select from public.organizations o where o.id = new.patient_org_id and o.type::text = 'patient_personal') then
    raise exception 'what is about a patient belongs to a home' using errcode = '23514', constraint = 'check_patient_home',
      schema = tg_table_schema, table = tg_table_name, column = 'patient_org_id';
  end if;
  return null;
end $$;

create or replace function public.check_buyer_home() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.buyer_org_id <> 'org_erased'
     and not exists (select from public.organizations o where o.id = new.buyer_org_id and o.type::text = 'patient_personal') then
    raise exception 'what a person bought belongs to a home' using errcode = '23514', constraint = 'check_buyer_home',
      schema = tg_table_schema, table = tg_table_name, column = 'buyer_org_id';
  end if;
  return null;
end $$;

-- Claims, bookings and erasure go by users.org_id.
create or replace function public.check_users_home() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from public.organizations o where o.id = new.org_id and o.type::text = 'patient_personal') then
    raise exception 'a person is at home in a home' using errcode = '23514', constraint = 'check_users_home',
      schema = tg_table_schema, table = tg_table_name, column = 'org_id';
  end if;
  return null;
end $$;

create or replace function public.keep_home() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  raise exception 'a home becomes nothing, and nothing becomes a home' using errcode = '23514', constraint = 'keep_home',
    schema = tg_table_schema, table = tg_table_name, column = 'type';
end $$;
revoke all on function public.check_patient_home(), public.check_buyer_home(), public.check_users_home(), public.keep_home() from public;
grant execute on function public.check_patient_home(), public.check_buyer_home(), public.check_users_home(), public.keep_home()
  to rehome_owner;     -- to make the triggers

set local role rehome_owner;
do $$
declare
  t text;
  c text;
  f text;
begin
  for t, c, f in values ('meetings', 'patient_org_id', 'check_patient_home'), ('meeting_payments', 'patient_org_id', 'check_patient_home'),
                        ('records', 'patient_org_id', 'check_patient_home'), ('slot_reservations', 'patient_org_id', 'check_patient_home'),
                        ('pack_purchases', 'buyer_org_id', 'check_buyer_home'), ('users', 'org_id', 'check_users_home') loop
    -- Only where it is missing or switched off: creating one again would wait for every writer.
    if not exists (select from pg_trigger where tgrelid = format('public.%I', t)::regclass and tgname = f and tgenabled = 'A') then
      execute format('create or replace trigger %I after insert on public.%I for each row execute function public.%I()', f, t, f);
      execute format('alter table public.%I enable always trigger %I', t, f);
    end if;
    if not exists (select from pg_trigger where tgrelid = format('public.%I', t)::regclass and tgname = f || '_update' and tgenabled = 'A') then
      execute format('create or replace trigger %I after update of %I on public.%I for each row when (new.%2$I is distinct from old.%2$I) execute function public.%4$I()',
                     f || '_update', c, t, f);
      execute format('alter table public.%I enable always trigger %I', t, f || '_update');
    end if;
  end loop;
  if not exists (select from pg_trigger where tgrelid = 'public.organizations'::regclass and tgname = 'keep_home' and tgenabled = 'A') then
    create or replace trigger keep_home after update of type on public.organizations
      for each row when (new.type is distinct from old.type and (new.type = 'patient_personal' or old.type = 'patient_personal')) execute function public.keep_home();
    alter table public.organizations enable always trigger keep_home;
  end if;
end $$;

reset role;
revoke create on schema public from rehome_fn_organizations;
