-- What the declaration means: permissions, features, types. Run as the installer after tables.sql; may be run again.
set local role rehome_owner;

-- Which permissions a list of slugs and wildcards is: `*` is all, `meetings:*` all of meetings. The only place that expands them, so that none is in
-- the mirror (auth.has_permission reads those of mirrors that keep them); what is unknown counts for nothing. (plpgsql, here and in memberships.sql: its plans are kept, those of SQL functions are made every time.)
create or replace function tenancy.expand_permissions(patterns text[]) returns text[]
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (select coalesce(array_agg(p.slug order by p.slug), '{}')
            from tenancy.permission p
           where exists (select from unnest(patterns) w where w = p.slug or w = '*' or (right(w, 2) = ':*' and starts_with(p.slug, left(w, -1)))));
end $$;

-- The permissions of a member with these roles.
create or replace function tenancy.permissions_of(org text, roles text[]) returns text[]
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return tenancy.expand_permissions(array(
    select w from tenancy.role r cross join lateral unnest(r.patterns) w where r.org_id in (org, '') and r.slug = any (roles)));
end $$;

-- How addresses are compared: white space around them removed, ASCII letters in lower case.
create or replace function tenancy.email_key(email text) returns text
immutable strict parallel safe language sql set search_path = pg_catalog, pg_temp as $$
  select translate(btrim(email, E' \t\n\v\f\r'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
$$;

-- A session that ended at WorkOS: its tokens are refused from the next statement on. Hearing of it again writes nothing.
create or replace function tenancy.revoke_session(session text) returns void
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from auth.revoked_session r where r.sid = session) then perform auth.revoke_session(session); end if;
end $$;

revoke all on function tenancy.expand_permissions(text[]), tenancy.permissions_of(text, text[]), tenancy.email_key(text), tenancy.revoke_session(text)
  from public;
grant execute on function tenancy.expand_permissions(text[]), tenancy.permissions_of(text, text[]), tenancy.revoke_session(text) to rehome_job_sync;
grant execute on function tenancy.email_key(text) to rehome_job_sync, rehome_job_claim, rehome_job_deletion;

set local role rehome_fn_organizations;

-- Whether an organization's type has a feature on its tier. For jobs: the application asks for its own organization only.
create or replace function tenancy.has_feature(org text, feature_name text) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.organizations o join tenancy.feature f on f.type = o.type::text and f.tier = o.tier::text
                  where o.id = org and f.feature = feature_name);
end $$;

create or replace function tenancy.has_feature(feature_name text) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce(tenancy.has_feature((select auth.org_id()), feature_name), false);
end $$;

-- Every organization of the verified person, whatever the state of the membership; the names of the others are seen nowhere else.
create or replace function tenancy.my_organizations()
returns table (org_id text, name text, slug text, type text, tier text, role text, status text, is_current boolean)
stable security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return query
    select m.org_id, o.name, o.slug, o.type::text, o.tier::text, m.role_slug, m.status::text, m.org_id = (select auth.org_id())
      from public.memberships m join public.organizations o on o.id = m.org_id
     where m.workos_user_id = (select auth.user_id())
     order by o.name, m.org_id;
end $$;

-- Whether the verified person may continue in another organization.
create or replace function tenancy.may_switch_to(org text) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.memberships m
                  where m.org_id = org and m.workos_user_id = (select auth.user_id()) and m.status::text = 'active');
end $$;

-- Type and tier: declared, fitting each other, and reached by a declared transition. A solo type only with at most one active member.
create or replace function tenancy.check_organization() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  wanted tenancy.organization_type;
  before tenancy.organization_type;
begin
  select * into wanted from tenancy.organization_type t where t.type = new.type::text;
  if wanted.type is null or not new.tier::text = any (wanted.tiers) then
    raise exception 'type or tier is not declared' using errcode = 'RO006', schema = tg_table_schema, table = tg_table_name;
  end if;
  if tg_op = 'UPDATE' and old.type::text <> new.type::text then
    select * into before from tenancy.organization_type t where t.type = old.type::text;
    if not new.type::text = any (coalesce(before.becomes, '{}')) then
      raise exception 'this type does not become that one' using errcode = 'RO006', schema = tg_table_schema, table = tg_table_name;
    end if;
    if wanted.solo and (select count(*) from public.memberships m where m.org_id = new.id and m.status::text = 'active') > 1 then
      raise exception 'a solo organization has one member' using errcode = 'RO002', schema = tg_table_schema, table = tg_table_name;
    end if;
  end if;
  return new;
end $$;

-- A second active member of a solo organization is refused. The organization's row is locked, so that of two at once one waits and then sees
-- the other, and its type cannot change meanwhile.
create or replace function tenancy.check_membership() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  kind text;
begin
  if new.org_id = 'org_erased' then
    raise exception 'nobody is a member of the stand-in' using errcode = 'RO008', schema = tg_table_schema, table = tg_table_name;
  end if;
  if new.status::text <> 'active' then return new; end if;
  if tg_op = 'UPDATE' and old.status::text = 'active' and (old.org_id, old.workos_user_id) = (new.org_id, new.workos_user_id) then return new; end if;
  select o.type::text into kind from public.organizations o where o.id = new.org_id for no key update;
  if exists (select from tenancy.organization_type t where t.type = kind and t.solo)
     and exists (select from public.memberships m where m.org_id = new.org_id and m.workos_user_id <> new.workos_user_id and m.status::text = 'active') then
    raise exception 'a solo organization has one member' using errcode = 'RO002', schema = tg_table_schema, table = tg_table_name;
  end if;
  return new;
end $$;

create or replace function tenancy.check_invitation() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if new.status::text = 'pending' and exists (select from public.organizations o join tenancy.organization_type t on t.type = o.type::text
                                               where o.id = new.org_id and t.solo) then
    raise exception 'a solo organization has one member' using errcode = 'RO002', schema = tg_table_schema, table = tg_table_name;
  end if;
  return new;
end $$;

revoke all on function tenancy.has_feature(text, text), tenancy.has_feature(text), tenancy.my_organizations(), tenancy.may_switch_to(text),
  tenancy.check_organization(), tenancy.check_membership(), tenancy.check_invitation() from public;
grant execute on function tenancy.has_feature(text), tenancy.my_organizations(), tenancy.may_switch_to(text) to authenticated;
grant execute on function tenancy.has_feature(text, text) to rehome_job_sync, rehome_job_claim, rehome_job_deletion;
grant execute on function tenancy.check_organization(), tenancy.check_membership(), tenancy.check_invitation() to rehome_owner;     -- to make triggers
