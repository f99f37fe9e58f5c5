-- A small product on the standard tables: rows of two organizations, children by cascade and without, a column without a foreign key.
create table public.guests (
  org_id text primary key references public.organizations, email_key text not null unique, email text not null, name text);
create table public.services (id int primary key, org_id text not null references public.organizations, name text);
create table public.meetings (
  id int primary key, org_id text not null references public.organizations, patient_org_id text not null references public.organizations,
  service_id int not null references public.services, guest_email text, guest_notes text, amount int);
create table public.records (
  id int primary key, org_id text not null references public.organizations, patient_org_id text not null references public.organizations,
  meeting_id int not null references public.meetings on delete cascade, encrypted_content text not null, metadata json);
create table public.record_shares (
  id int primary key, org_id text not null references public.organizations, record_id int not null references public.records on delete cascade);
create table public.visits (org_id text not null, at timestamptz not null default now(), path text);
create table public.profiles (
  id int primary key generated always as identity, org_id text not null references public.organizations, workos_user_id text not null, bio text);
create table public.categories (id int primary key, name text);
alter table public.guests owner to rehome_owner;
alter table public.services owner to rehome_owner;
alter table public.meetings owner to rehome_owner;
alter table public.records owner to rehome_owner;
alter table public.record_shares owner to rehome_owner;
alter table public.visits owner to rehome_owner;
alter table public.profiles owner to rehome_owner;
do $$
declare
  t text;
begin
  foreach t in array array['guests', 'services', 'meetings', 'records', 'record_shares', 'visits', 'profiles'] loop
    execute format('alter table public.%I enable row level security; alter table public.%1$I force row level security', t);
  end loop;
end $$;
grant select, insert on public.meetings to rehome_job_sync;
