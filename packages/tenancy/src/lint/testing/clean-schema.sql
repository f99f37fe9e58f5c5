-- A small guarded schema in which the linter finds nothing at all. {app}, {anon}, {login}, {worker}, {job} and {owner} are names of roles.
revoke usage on schema public from public;
grant usage on schema public to {app}, {anon}, {job};
grant usage, create on schema public to {owner};
grant usage on schema auth to {app}, {anon}, {owner};
grant execute on function auth.org_id(), auth.user_id(), auth.session() to {app}, {anon};
grant {app}, {anon} to {login} with admin false, inherit false, set true;
grant {job} to {worker} with admin false, inherit false, set true;
revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public;
create schema extensions;
alter default privileges for role {owner} revoke execute on functions from public;

set role {owner};
create table public.organizations (id text primary key, name text not null);
create table public.note (
  id uuid default gen_random_uuid(),
  org_id text not null references public.organizations,
  author_id text not null,
  title text not null,
  price_cents int,
  secret text,
  primary key (id),
  unique (org_id, title),
  unique (org_id, id)
);
create index on public.note (author_id);
create table public.remark (
  id int generated always as identity primary key,
  org_id text not null references public.organizations,
  note_id uuid not null,
  body text not null,
  foreign key (org_id, note_id) references public.note (org_id, id)
);
create index on public.remark (org_id, note_id);
create index on public.remark (note_id);
-- Money, written by the job only.
create table public.payout (id uuid primary key default gen_random_uuid(), org_id text not null references public.organizations, amount int not null);
create index on public.payout (org_id);
create view public.note_titles with (security_invoker = true) as select id, title from public.note;
create function public.shout(word text) returns text immutable language sql set search_path = pg_catalog, pg_temp as $$ select upper(word) $$;
revoke all on function public.shout(text) from public;
grant execute on function public.shout(text) to {app};

do $$
declare
  t text;
begin
  foreach t in array array['organizations', 'note', 'remark', 'payout'] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('alter table public.%I force row level security', t);
  end loop;
end $$;

create policy org_read on public.organizations for select to {app} using (id = (select auth.org_id()));
create policy note_read on public.note for select to {app} using (org_id = (select auth.org_id()));
create policy note_add on public.note for insert to {app} with check (org_id = (select auth.org_id()) and author_id = (select auth.user_id()));
create policy note_change on public.note for update to {app} using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));
create policy note_remove on public.note for delete to {app} using (org_id = (select auth.org_id()) and author_id = (select auth.user_id()));
create policy remark_read on public.remark for select to {app} using (org_id = (select auth.org_id()));
create policy remark_add on public.remark for insert to {app} with check (org_id = (select auth.org_id()));
create policy payout_read on public.payout for select to {app} using (org_id = (select auth.org_id()));
create policy payout_job_read on public.payout for select to {job} using (true);
create policy payout_job_add on public.payout for insert to {job} with check (true);

grant select on public.organizations, public.note_titles, public.remark, public.payout to {app};
grant select (id, org_id, author_id, title, price_cents) on public.note to {app};
grant insert (id, org_id, author_id, title, secret), update (title, secret), delete on public.note to {app};
grant insert (org_id, note_id, body) on public.remark to {app};
grant select, insert on public.payout to {job};
reset role;
