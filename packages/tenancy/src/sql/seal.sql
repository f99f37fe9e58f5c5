-- Binding an identity to this transaction. It stands in two transaction-local settings, and nothing is written: READ ONLY transactions,
-- replicas and parallel workers have it, too.
--   auth.identity   seal · chr(30) · v3 · until (epoch seconds) · mark of revocations · user · organization · session · SHA-256 of the claims
--   auth.claims     claims as JSON                                                                          (parts by chr(31))
-- The seal of an identity covers this transaction's start (microseconds) and all that follows it, so that it is worth nothing in another
-- transaction; by their digest it covers the claims, too. No part holds a control character: token.sql sees to it. The digest ends with a
-- chr(31) of its own: whatever somebody appends to the setting is behind the last part that is read.
--
-- A ticket is what jwt_session_ticket gives for a token that was just verified, so that the next request need not verify it again:
--   seal · chr(30) · head · chr(29) · identity from its user on · chr(29) · claims
--   head: t2 · until · end of the identity · generation of the seal key · mark of revocations · issuer · its revision · kid · sub
-- It lives 5 minutes at most and dies with its token, its key, its issuer, and the seal key. While its mark is the current one, none of these and
-- no session has ended since it was given, and nothing is looked up: see revocation.sql.
set local role rehome_guard;

do $install$
declare
  -- Binds {until}, mark, {person} (user · organization · session · digest) and {claims}; expects variables body and made. Assignments, not PERFORM:
  -- they need no executor. Few of them, and conditions put together: each expression is made ready anew in each transaction.
  bind text := replace($make$
  body := concat_ws(chr(31), 'v3', {until}, mark, {person});
  {identity}
  if made is null or made = '' then
    raise exception 'the guard has no seal key' using errcode = 'RJ014', hint = 'Run: select auth.rotate_seal_key()';
  end if;
  made := set_config('auth.claims', {claims}, true);
  $make$, '{identity}', auth.sealing_sql('i', $$timestamptz_send(transaction_timestamp()) || convert_to(body, 'UTF8')$$,
    $$made := set_config('auth.identity', {seal} || chr(30) || body, true);$$));

  -- A frozen snapshot would keep a suspended member's rights for as long as its transaction stays open.
  isolated text := $$current_setting('transaction_isolation') in ('read committed', 'read uncommitted')$$;
  check_isolation text := format($make$
  if not (%s) then
    raise exception 'an identity needs a READ COMMITTED transaction' using errcode = 'RJ013';
  end if;
  $make$, isolated);
begin
  execute replace(replace($make$
create or replace function auth.admit_token(jwt text, out claims text, out person text, out until bigint, out mark bigint,
  out issuer text, out revision int, out kid text, out sub text, out settled boolean)
volatile language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  who     text;
  org     text;
  session text;
  gone    boolean;
  body    text;
  made    text;
begin
  {check_isolation}
  mark := pg_sequence_last_value('auth.revoked');      -- before every look: see revocation.sql
  -- One statement: were `seen` read by a later one, an end that commits in between would be taken as settled, and its issuer or key as standing.
  select v.claims, v.who, v.org, v.claims ->> 'sid', v.until, v.issuer, v.revision, v.kid, v.sub, v.settled,
      exists (select from auth.revoked_session s where s.sid = v.claims ->> 'sid'),
      case when r.seen = mark and r.by is distinct from pg_current_xact_id_if_assigned() then mark else -1 end
    into claims, who, org, session, until, issuer, revision, kid, sub, settled, gone, mark
    from auth.revocation r cross join lateral auth.jwt_verify(jwt) v;
  if gone then raise exception 'the session of the token was revoked' using errcode = 'RJ009'; end if;
  person := concat_ws(chr(31), who, org, session, encode(sha256(convert_to(claims, 'UTF8')), 'hex'), '');
  {bind}
end $body$
  $make$, '{check_isolation}', check_isolation),
    '{bind}', replace(replace(replace(bind, '{until}', 'until'), '{person}', 'person'), '{claims}', 'claims'));

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
  body := concat_ws(chr(31), 't2', least(v.until, floor(extract(epoch from clock_timestamp()))::bigint + 300), v.until,
    pg_sequence_last_value('auth.seal_generation'), case when v.settled then v.mark else -1 end, v.issuer, v.revision, v.kid, v.sub)
    || chr(29) || v.person || chr(29) || v.claims;
  {ticket}
end $body$
  $make$, '{ticket}', auth.sealing_sql('t', $$convert_to(body, 'UTF8')$$, $$return {seal} || chr(30) || body;$$));

  -- Binds the identity of a ticket. RJ015 whatever is wrong with it: then send the token.
  execute replace(replace(replace(replace($make$
create or replace function auth.ticket_session_init(ticket text) returns void
volatile parallel unsafe security definer language plpgsql set search_path = pg_catalog, pg_temp as $body$
#variable_conflict use_variable
declare
  good    boolean;
  parts   text[];
  head    text[];
  mark    bigint;
  gone    boolean;
  body    text;
  made    text;
begin
  {good}
  if good then
    parts := string_to_array(split_part(ticket, chr(30), 2), chr(29));
    head := string_to_array(parts[1], chr(31));
    if head[1] = 't2' and head[2]::bigint > date_part('epoch', clock_timestamp()) and head[4]::bigint = pg_sequence_last_value('auth.seal_generation')
       and {isolated} then
      mark := head[5];
      if mark is distinct from pg_sequence_last_value('auth.revoked') then
        mark := pg_sequence_last_value('auth.revoked');      -- before the look
        select exists (select from auth.revoked_session s where s.sid = split_part(parts[2], chr(31), 3)),
            case when r.seen = mark and r.by is distinct from pg_current_xact_id_if_assigned() then mark else -1 end
          into gone, mark
          from auth.issuer i join auth.jwk k on k.issuer = i.name cross join auth.revocation r
          where i.name = head[6] and i.enabled and i.revision = head[7]::int
            and k.kid = head[8] and (k.not_after is null or k.not_after > clock_timestamp())
            and (i.kind <> 'clerk' or exists (
              select from auth.identity_map m where m.issuer = i.name and m.sub = head[9]
                and m.user_id = split_part(parts[2], chr(31), 1) and m.org_id = split_part(parts[2], chr(31), 2)));
        good := found;
        if gone then raise exception 'the session of the ticket was revoked' using errcode = 'RJ009'; end if;
      end if;
      if good then
        {bind}
        return;
      end if;
    end if;
  end if;
  {check_isolation}
  raise exception 'the ticket is no good any more' using errcode = 'RJ015';
end $body$
  $make$, '{check_isolation}', check_isolation), '{isolated}', isolated),
    '{bind}', replace(replace(replace(bind, '{until}', 'head[3]'), '{person}', 'parts[2]'), '{claims}', 'parts[3]')),
    '{good}', auth.unsealing_sql('t', 'ticket', $$convert_to(split_part(ticket, chr(30), 2), 'UTF8')$$,
      'good := case when octet_length(ticket) <= 16384 then {good} end;'));
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
