-- A small product that holds, for planting one fault after the other. Nothing is analyzed: then estimates tell nothing.
create table public.memberships (
  org_id text, workos_user_id text, role_slug text not null, permissions text[] not null default '{}', status text not null,
  primary key (org_id, workos_user_id)) with (autovacuum_enabled = false);
create table public.projects (
  id uuid primary key, org_id text not null, name text not null, constraint projects_pair unique (id, org_id)) with (autovacuum_enabled = false);
create table public.notes (
  id uuid primary key, org_id text not null, project_id uuid not null, body text not null,
  constraint notes_single foreign key (project_id) references public.projects (id),
  constraint notes_pair foreign key (project_id, org_id) references public.projects (id, org_id)) with (autovacuum_enabled = false);
-- Read by everyone; written by an organization's owner.
create table public.notices (id uuid primary key, org_id text not null, title text not null) with (autovacuum_enabled = false);
-- Everyone reads it, but no ids; members add.
create table public.guestbook (id uuid primary key, org_id text not null, line text not null) with (autovacuum_enabled = false);

insert into public.memberships (org_id, workos_user_id, role_slug, status) values
  ('org_alder', 'user_olga', 'owner', 'active'), ('org_alder', 'user_max', 'member', 'active'), ('org_birch', 'user_bea', 'owner', 'active');
insert into public.projects select md5(o || ' project ' || n)::uuid, o, 'Project ' || n || ' of ' || o from unnest('{org_alder,org_birch}'::text[]) o, generate_series(1, 2) n;
insert into public.notes select md5(o || ' note ' || n)::uuid, o, md5(o || ' project 1')::uuid, 'Note ' || n || ' of ' || o
  from unnest('{org_alder,org_birch}'::text[]) o, generate_series(1, 20) n;
insert into public.notices select md5(o || ' notice ' || n)::uuid, o, 'Notice ' || n || ' of ' || o from unnest('{org_alder,org_birch}'::text[]) o, generate_series(1, 2) n;
insert into public.guestbook select md5(o || ' line')::uuid, o, 'Greetings of ' || o from unnest('{org_alder,org_birch}'::text[]) o;

do $$
declare t text;
begin
  foreach t in array '{memberships,projects,notes,notices,guestbook}'::text[] loop
    execute format('alter table public.%I enable row level security', t);
    execute format('alter table public.%I force row level security', t);
    execute format('alter table public.%I owner to rehome_owner', t);
  end loop;
end $$;

create policy memberships_read on public.memberships for select to authenticated using (workos_user_id = (select auth.user_id()));
create policy memberships_guard on public.memberships for select to rehome_guard using (true);
create policy projects_read on public.projects for select to authenticated using (org_id = (select auth.org_id()));
create policy notes_read on public.notes for select to authenticated using (org_id = (select auth.org_id()));
create policy notes_insert on public.notes for insert to authenticated with check (org_id = (select auth.org_id()));
create policy notes_update on public.notes for update to authenticated using (org_id = (select auth.org_id())) with check (org_id = (select auth.org_id()));
create policy notes_delete on public.notes for delete to authenticated using (org_id = (select auth.org_id()));
create policy notices_read on public.notices for select to authenticated, anonymous using (true);
create policy notices_update on public.notices for update to authenticated
  using (org_id = (select auth.org_id()) and (select auth.role()) = 'owner') with check (org_id = (select auth.org_id()) and (select auth.role()) = 'owner');
create policy guestbook_read on public.guestbook for select to public using (true);
create policy guestbook_insert on public.guestbook for insert to authenticated with check (org_id = (select auth.org_id()));

grant select on public.memberships to authenticated, rehome_guard;
grant select on public.projects, public.notes, public.notices to authenticated;
grant select on public.notices to anonymous;
grant insert, update (body), delete on public.notes to authenticated;
grant update (title) on public.notices to authenticated;
grant select (org_id, line) on public.guestbook to public;
grant insert on public.guestbook to authenticated;

create view public.project_names with (security_invoker = true) as select name from public.projects;
grant select on public.project_names to authenticated;
create function public.count_projects() returns bigint stable security definer language sql set search_path = pg_catalog, pg_temp
  return (select count(*) from public.projects p where p.org_id = auth.org_id());
revoke all on function public.count_projects() from public;
grant execute on function public.count_projects() to authenticated;
