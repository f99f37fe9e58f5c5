-- What the application and the policies call. Nothing is written: READ ONLY transactions, replicas and parallel workers have an identity too.
set local role rehome_guard;

-- Verifies a token and binds its identity to this transaction. Send the token as a bind parameter: SQL text is visible to the role's other
-- sessions. Raises class RJ (see token.sql). A person without an active membership is not refused: such a person sees what anonymous sees.
create or replace function auth.jwt_session_init(jwt text) returns void
volatile parallel unsafe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  claims jsonb;
  until  bigint;
begin
  perform set_config('auth.identity', '', true);
  -- A frozen snapshot would keep a suspended member's rights for as long as the transaction stays open.
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'an identity needs a READ COMMITTED transaction' using errcode = 'RJ013';
  end if;
  select v.claims, v.until into claims, until from auth.jwt_verify(jwt) v;
  if exists (select from auth.revoked_session r where r.sid = claims ->> 'sid') then
    raise exception 'the session of the token was revoked' using errcode = 'RJ009';
  end if;
  perform auth.seal('i', until, claims::text);
end $$;

-- The identity as it counts now: all null unless the token's user is an active member of the token's organization.
create or replace function auth.live(out claims jsonb, out user_id text, out org_id text, out role text, out permissions text[])
stable parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  m record;
begin
  claims := auth.open('i')::jsonb;
  if claims is null then return; end if;
  m := auth.membership(claims ->> 'sub', claims ->> 'org_id', claims ->> 'sid');
  if m.active then
    user_id := claims ->> 'sub';
    org_id := claims ->> 'org_id';
    role := m.role;
    permissions := m.permissions;
  end if;
end $$;

create or replace function auth.user_id() returns text
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (auth.live()).user_id;
end $$;

create or replace function auth.org_id() returns text
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (auth.live()).org_id;
end $$;

-- Role and permissions come from the mirror, not from the token: a token is up to its lifetime old.
create or replace function auth.role() returns text
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (auth.live()).role;
end $$;

-- Never null: no identity has no permissions.
create or replace function auth.permissions() returns text[]
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce((auth.live()).permissions, '{}');
end $$;

-- Every organization the user is an active member of; empty when auth.user_id() is null.
create or replace function auth.org_ids() returns text[]
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce(auth.organizations_of((auth.live()).user_id), '{}');
end $$;

-- auth.user_id() where it is a UUID, as pg_session_jwt has it; WorkOS users' ids are none.
create or replace function auth.uid() returns uuid
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  u text := (auth.live()).user_id;
begin
  return case when pg_input_is_valid(u, 'uuid') then u::uuid end;
end $$;

-- The verified claims, for display and audit, never for a policy: they are there for a stranger and for a suspended member too, then
-- without org_id, role and permissions. `act` names the impersonator. Null without identity and after the session was revoked.
create or replace function auth.session() returns jsonb
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  l record := auth.live();
  c jsonb := l.claims - '{org_id,role,roles,permissions}'::text[];
begin
  if c is null or exists (select from auth.revoked_session r where r.sid = c ->> 'sid') then return null; end if;
  if l.user_id is null then return c; end if;
  return c || jsonb_build_object('org_id', l.org_id, 'role', l.role, 'permissions', l.permissions);
end $$;

create or replace function auth.jwt() returns jsonb
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return auth.session();
end $$;

revoke all on function auth.jwt_session_init(text), auth.live(), auth.user_id(), auth.org_id(), auth.role(), auth.permissions(), auth.org_ids(),
  auth.uid(), auth.session(), auth.jwt() from public;
grant execute on function auth.jwt_session_init(text), auth.user_id(), auth.org_id(), auth.role(), auth.permissions(), auth.org_ids(),
  auth.uid(), auth.session(), auth.jwt() to authenticated, anonymous;
