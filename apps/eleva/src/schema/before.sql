-- What the migrations need: their record, the extension of the exclusion constraint, and the functions that policies name. Run as the installer, in the
-- transaction of the migrations, which may be the first of all: the tables these functions read are bound when they are called.
create schema if not exists drizzle authorization rehome_owner;     -- what was applied; see apply.ts
create schema if not exists extensions;
create extension if not exists btree_gist schema extensions;

grant usage, create on schema public to rehome_owner;
grant create on schema public to rehome_fn_check;     -- functions.sql takes it back

set local role rehome_owner;
grant usage on schema auth to rehome_fn_check, rehome_fn_busy;
set local role rehome_guard;
grant execute on function auth.org_id(), auth.user_id() to rehome_fn_check, rehome_fn_busy;

set local role rehome_fn_check;

-- An active member of the organization of the verified token. Rows are made for oneself or for such a person, never in a stranger's name.
create or replace function public.is_own_member(user_id text) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return exists (
    select from public.memberships m
     where m.org_id = (select auth.org_id()) and m.workos_user_id = user_id and m.status = 'active');
end $$;

-- A service of the own organization that no meeting and no reservation names. Another organization's counts as used.
create or replace function public.service_is_unused(service uuid) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.services s where s.id = service and s.org_id = (select auth.org_id()))
     and not exists (select from public.meetings m where m.service_id = service)
     and not exists (select from public.slot_reservations r where r.service_id = service);
end $$;

-- A record about the patient whose organization the verified token names.
create or replace function public.may_share_record(record uuid) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.records r where r.id = record and r.patient_org_id = (select auth.org_id()));
end $$;

revoke all on function public.is_own_member(text), public.service_is_unused(uuid), public.may_share_record(uuid) from public;
grant execute on function public.is_own_member(text), public.service_is_unused(uuid), public.may_share_record(uuid) to authenticated;

reset role;
