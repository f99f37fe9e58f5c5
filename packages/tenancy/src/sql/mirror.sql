-- The product's mirror of WorkOS memberships, asked each time: a suspended member, a removed membership, a changed role and a revoked
-- session count in the next statement, in transactions already open too. installGuard puts the configured relation in place of
-- public.memberships (org_id text, workos_user_id text, role_slug, permissions text[], status). Bound when called, not when installed.
set local role rehome_guard;

create or replace function auth.membership(user_id text, organization text, session text, out active boolean, out role text, out permissions text[])
stable parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  select true, m.role_slug, coalesce(m.permissions, '{}') into active, role, permissions
    from public.memberships m
    where m.org_id = organization and m.workos_user_id = user_id and m.status::text = 'active'
      and not exists (select from auth.revoked_session r where r.sid = session);
end $$;

-- All organizations in which the user is an active member.
create or replace function auth.organizations_of(user_id text) returns text[]
stable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return array(select m.org_id from public.memberships m where m.workos_user_id = user_id and m.status::text = 'active' order by 1);
end $$;

revoke all on function auth.membership(text, text, text), auth.organizations_of(text) from public;
