-- Binding an identity to this transaction. It stands in two transaction-local settings, and nothing is written: READ ONLY transactions,
-- replicas and parallel workers have it, too.
--   auth.identity   seal · chr(30) · v2 · until (epoch seconds) · mark of revocations · user · organization · session ·    (parts by chr(31))
--   auth.claims     seal · chr(30) · claims as JSON
-- The seal of an identity covers this transaction's start (microseconds) and all that follows it, so that it is worth nothing in another
-- transaction; that of the claims covers the identity's seal, too. No part holds a control character: token.sql sees to it. The session ends with
-- a chr(31) of its own: whatever somebody appends to the setting is behind the last part that is read.
--
-- A ticket is what jwt_session_ticket gives for a token that was just verified, so that the next request need not verify it again:
--   seal · chr(30) · t1 · until · end of the identity · generation of the seal key · issuer · its revision · kid · user · organization ·
--   session · sub · claims
-- It lives 5 minutes at most and dies with its token, its key, its issuer, and the seal key.
set local role rehome_guard;

do $install$
declare
  -- Expects who, org, session, until, mark, claims and text variables body and identity. Assignments, not PERFORM: they need no executor.
  bind text := replace(replace($make$
  body := concat_ws(chr(31), 'v2', until, mark, who, org, session, '');
  identity := set_config('auth.identity', {identity} || chr(30) || body, true);
  if identity is null or identity = '' then
    raise exception 'the guard has no seal key' using errcode = 'RJ014', hint = 'Run: select auth.rotate_seal_key()';
  end if;
  body := set_config('auth.claims', {claims} || chr(30) || claims, true);
  $make$,
    '{identity}', auth.sealed_sql('i', $$timestamptz_send(transaction_timestamp()) || convert_to(body, 'UTF8')$$)),
    '{claims}', auth.sealed_sql('c', $$timestamptz_send(transaction_timestamp()) || convert_to(split_part(identity, chr(30), 1) || claims, 'UTF8')$$));

  -- Without identity, unless one follows. A frozen snapshot would keep a suspended member's rights for as long as its transaction stays open.
  forget text := $make$
  body := set_config('auth.identity', '', true);
  body := set_config('auth.claims', '', true);
  if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
    raise exception 'an identity needs a READ COMMITTED transaction' using errcode = 'RJ013';
  end if;
  $make$;
begin
  execute replace(replace($make$
create or replace function auth.admit_token(jwt text, out claims text, out who text, out org text, out session text, out until bigint,
  out issuer text, out revision int, out kid text, out sub text)
volatile language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  mark     bigint;
  gone     boolean;
  body     text;
  identity text;
begin
  {forget}
  select v.claims, v.who, v.org, v.claims ->> 'sid', v.until, v.issuer, v.revision, v.kid, v.sub
    into claims, who, org, session, until, issuer, revision, kid, sub from auth.jwt_verify(jwt) v;
  mark := pg_sequence_last_value('auth.revoked');      -- before the look: see revocation.sql
  select exists (select from auth.revoked_session s where s.sid = session), case when r.seen = mark then mark else -1 end into gone, mark
    from auth.revocation r;
  if gone then raise exception 'the session of the token was revoked' using errcode = 'RJ009'; end if;
  {bind}
end $body$
  $make$, '{forget}', forget), '{bind}', bind);

  -- Verifies a token, binds its identity to this transaction and returns a ticket for the next time, which is as good as the token: keep it
  -- where the token is kept. Send both as bind parameters: SQL text is visible to the role's other sessions.
  execute replace($make$
create or replace function auth.jwt_session_ticket(jwt text) returns text
volatile parallel unsafe security definer language plpgsql set search_path = pg_catalog, pg_temp as $body$
declare
  v    record;
  body text;
begin
  v := auth.admit_token(jwt);
  body := concat_ws(chr(31), 't1', least(v.until, floor(extract(epoch from clock_timestamp()))::bigint + 300), v.until,
    pg_sequence_last_value('auth.seal_generation'), v.issuer, v.revision, v.kid, v.who, v.org, v.session, v.sub, v.claims);
  return {ticket} || chr(30) || body;
end $body$
  $make$, '{ticket}', auth.sealed_sql('t', $$convert_to(body, 'UTF8')$$));

  -- Binds the identity of a ticket. RJ015 whatever is wrong with it: then send the token.
  execute replace(replace(replace($make$
create or replace function auth.ticket_session_init(ticket text) returns void
volatile parallel unsafe security definer language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  body     text;
  identity text;
  p        text[];
  until    bigint;
  who      text;
  org      text;
  session  text;
  claims   text;
  mark     bigint;
  gone     boolean;
begin
  {forget}
  if octet_length(ticket) <= 16384 and {good} then
    p := string_to_array(split_part(ticket, chr(30), 2), chr(31));
    if p[1] = 't1' and p[2]::bigint > date_part('epoch', clock_timestamp()) and p[4]::bigint = pg_sequence_last_value('auth.seal_generation') then
      until := p[3];
      who := p[8];
      org := p[9];
      session := p[10];
      claims := p[12];
      mark := pg_sequence_last_value('auth.revoked');      -- before the look: see revocation.sql
      select exists (select from auth.revoked_session s where s.sid = session), case when r.seen = mark then mark else -1 end into gone, mark
        from auth.issuer i join auth.jwk k on k.issuer = i.name cross join auth.revocation r
        where i.name = p[5] and i.enabled and i.revision = p[6]::int
          and k.kid = p[7] and (k.not_after is null or k.not_after > clock_timestamp())
          and (i.kind <> 'clerk' or exists (
            select from auth.identity_map m where m.issuer = i.name and m.sub = p[11] and m.user_id = who and m.org_id = org));
      if gone then raise exception 'the session of the ticket was revoked' using errcode = 'RJ009'; end if;
      if found then
        {bind}
        return;
      end if;
    end if;
  end if;
  raise exception 'the ticket is no good any more' using errcode = 'RJ015';
end $body$
  $make$, '{forget}', forget), '{bind}', bind), '{good}', auth.unsealed_sql('t', 'ticket', $$convert_to(split_part(ticket, chr(30), 2), 'UTF8')$$));
end $install$;

-- Verifies a token and binds its identity to this transaction. Raises class RJ (see token.sql). A person without an active membership is not
-- refused: such a person sees what anonymous sees.
create or replace function auth.jwt_session_init(jwt text) returns void
volatile parallel unsafe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform auth.admit_token(jwt);
end $$;

revoke all on function auth.admit_token(text), auth.jwt_session_init(text), auth.jwt_session_ticket(text), auth.ticket_session_init(text) from public;
grant execute on function auth.jwt_session_init(text), auth.jwt_session_ticket(text), auth.ticket_session_init(text) to authenticated, anonymous;
