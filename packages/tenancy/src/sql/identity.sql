-- What the application and the policies call. Each accessor is one function: it checks the seal, then asks the product's mirror of WorkOS
-- memberships, each time: a suspended member, a removed membership and a changed role count in the next statement, in transactions already
-- open too. Revoked sessions are looked up only when any was revoked since the identity was bound (see revocation.sql). All null, or empty,
-- unless the user is an active member of the organization.
--
-- installGuard puts the configured relation in place of public.memberships (org_id, workos_user_id, role_slug, permissions text[], status).
-- It is bound when called, not when installed.
set local role rehome_guard;

do $install$
declare
  -- Read are parts of `body` only, which is what the seal covers: nothing before it, and nothing behind it.
  lasting text := $$split_part(body, chr(31), 1) = 'v3' and split_part(body, chr(31), 2)::float8 > date_part('epoch', clock_timestamp())
      and left(current_setting('transaction_isolation'), 4) = 'read'$$;
  -- Sets `good`. Also looks at the isolation level: a seal that was carried into the next transaction of one message must not meet a frozen
  -- snapshot there.
  open text := auth.unsealing_sql('i', 'seal', $$timestamptz_send(transaction_timestamp()) || convert_to(body, 'UTF8')$$,
    'good := case when {good} then {lasting} end;');
  template text := $make$
create or replace function auth.{name} returns {type}
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  seal text := current_setting('auth.identity', true);
  body text := split_part(seal, chr(30), 2);
  who  text := split_part(body, chr(31), 4);
  org  text := split_part(body, chr(31), 5);
  good boolean;
  {declare}
begin
  {open}
  if good then
    if split_part(body, chr(31), 3)::bigint is distinct from pg_sequence_last_value('auth.revoked') then
      if exists (select from auth.revoked_session r where r.sid = split_part(body, chr(31), 6)) then return {nobody}; end if;
    end if;
    select {ask} from public.memberships m where m.org_id = org and m.workos_user_id = who and m.status::text = 'active';
    {answer}
  end if;
  return {nobody};
end $body$
  $make$;
  f record;
begin
  for f in
    select * from (values
      ('user_id()', 'text', 'm.workos_user_id into found', 'found text;', 'return found;', 'null'),
      ('org_id()', 'text', 'm.org_id into found', 'found text;', 'return found;', 'null'),
      -- auth.user_id() where it is a UUID, as pg_session_jwt has it; WorkOS users' ids are none.
      ('uid()', 'uuid', 'm.workos_user_id into found', 'found text;', $$return case when pg_input_is_valid(found, 'uuid') then found::uuid end;$$, 'null'),
      -- Role and permissions come from the mirror, not from the token: a token is up to its lifetime old.
      ('role()', 'text', 'm.role_slug into found', 'found text;', 'return found;', 'null'),
      -- Never null: no identity has no permissions.
      ('permissions()', 'text[]', 'm.permissions into found', 'found text[];', $$return coalesce(found, '{}');$$, $$'{}'$$),
      -- Whether the permissions hold this one, or a wildcard for it: `meetings:*` for all that begins with `meetings:`, `*` for all.
      ('has_permission(wanted text)', 'boolean', 'm.permissions into found', 'found text[];', $$
        if wanted = any (found) then return true; end if;
        return wanted is not null and coalesce((select bool_or(p = '*' or right(p, 2) = ':*' and starts_with(wanted, left(p, -1))) from unnest(found) p), false);
        $$, 'false'),
      -- Every organization the user is an active member of; empty when auth.user_id() is null.
      ('org_ids()', 'text[]', 'm.workos_user_id into who', '', $$
        return array(select m.org_id from public.memberships m where m.workos_user_id = who and m.status::text = 'active' order by 1);
        $$, $$'{}'$$)
    ) as made (name, type, ask, variables, answer, nobody)
  loop
    execute replace(replace(replace(replace(replace(replace(replace(replace(template,
      '{name}', f.name), '{type}', f.type), '{ask}', f.ask), '{declare}', f.variables), '{answer}', f.answer), '{nobody}', f.nobody),
      '{open}', open), '{lasting}', lasting);
  end loop;

  -- The verified claims, for display and audit, never for a policy: they are there for a stranger and for a suspended member too, then
  -- without org_id, role and permissions. `act` names the impersonator. Null without identity and after the session was revoked.
  execute replace(replace($make$
create or replace function auth.session() returns jsonb
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  seal   text := current_setting('auth.identity', true);
  body   text := split_part(seal, chr(30), 2);
  claims text := current_setting('auth.claims', true);
  good   boolean;
  m      record;
begin
  {open}
  if good and encode(sha256(convert_to(claims, 'UTF8')), 'hex') = split_part(body, chr(31), 7) then
    if exists (select from auth.revoked_session r where r.sid = split_part(body, chr(31), 6)) then return null; end if;
    select x.org_id, x.role_slug as role, coalesce(x.permissions, '{}') as permissions into m
      from public.memberships x
      where x.org_id = split_part(body, chr(31), 5) and x.workos_user_id = split_part(body, chr(31), 4) and x.status::text = 'active';
    return case when m.org_id is null then claims::jsonb else claims::jsonb || to_jsonb(m) end;
  end if;
  return null;
end $body$
  $make$, '{open}', open), '{lasting}', lasting);

  -- Refuses when the identity of this transaction has ended: the client's last question before COMMIT. What ran after the end saw what anonymous sees.
  execute replace($make$
create or replace function auth.check_identity() returns void
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  seal text := current_setting('auth.identity', true);
  body text := split_part(seal, chr(30), 2);
  good boolean;
begin
  {open}
  if good is not true then
    raise exception 'no identity is bound to this transaction any more' using errcode = 'RJ019';
  end if;
  if split_part(body, chr(31), 2)::float8 <= date_part('epoch', clock_timestamp()) then
    raise exception 'the token has expired during the transaction' using errcode = 'RJ008';
  end if;
  if split_part(body, chr(31), 3)::bigint is distinct from pg_sequence_last_value('auth.revoked') then
    if exists (select from auth.revoked_session r where r.sid = split_part(body, chr(31), 6)) then
      raise exception 'the session of the token was revoked during the transaction' using errcode = 'RJ009';
    end if;
  end if;
end $body$
  $make$, '{open}', auth.unsealing_sql('i', 'seal', $$timestamptz_send(transaction_timestamp()) || convert_to(body, 'UTF8')$$, 'good := {good};'));
end $install$;

create or replace function auth.jwt() returns jsonb
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return auth.session();
end $$;

revoke all on function auth.user_id(), auth.org_id(), auth.role(), auth.permissions(), auth.has_permission(text), auth.org_ids(),
  auth.uid(), auth.session(), auth.jwt(), auth.check_identity() from public;
grant execute on function auth.user_id(), auth.org_id(), auth.role(), auth.permissions(), auth.has_permission(text), auth.org_ids(),
  auth.uid(), auth.session(), auth.jwt(), auth.check_identity() to authenticated, anonymous;
