-- Sessions that end before their tokens do, and what else ends tickets: see tables-3.sql.
set local role rehome_owner;

-- Fires when the revoking transaction commits, once in it: late, so that the row it locks is the last one it locks and nobody can form a
-- ring with it. First the sequence moves, which everybody sees at once; `seen` follows with the commit. Whoever binds an identity in
-- between finds them unequal and looks every time; whoever bound one before finds the sequence moved and looks, too. So does a ticket.
create or replace function auth.note_revocation() returns trigger
volatile security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  -- Never a number twice, also when the server has lost what it said last (a standby promoted, a backup restored): a ticket may hold it.
  update auth.revocation r
    set seen = greatest(r.seen, pg_sequence_last_value('auth.revoked'), (extract(epoch from clock_timestamp()) * 1000000)::bigint) + 1,
      by = pg_current_xact_id()
    where r.by is distinct from pg_current_xact_id()
    returning r.seen into n;
  if n is not null then perform setval('auth.revoked', n); end if;
  return null;
end $$;

-- Ends a session for the longest life any token may have: a day, and twice the longest leeway, whatever the issuers' caps are now. For the job that hears of it from WorkOS:
-- grant execute on function auth.revoke_session(text) to its role.
create or replace function auth.revoke_session(session text) returns void
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into auth.revoked_session as r (sid, until)
    values (session, clock_timestamp() + make_interval(secs => 86400 + 2 * 60))
    on conflict (sid) do update set until = greatest(r.until, excluded.until);
end $$;

revoke all on function auth.note_revocation(), auth.revoke_session(text) from public;
grant execute on function auth.revoke_session(text) to rehome_keys;
