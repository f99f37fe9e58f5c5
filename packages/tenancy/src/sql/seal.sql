-- A verified value bound to one transaction. The seal stands in the transaction-local setting auth.identity:
--   HMAC (64 hex) · key id (8) · tag (1) · until (10 digits, epoch seconds) · value
-- The HMAC covers this transaction's start (microseconds) and all that follows it, so that a seal is worth nothing in another transaction.
--
-- The key is only ever a column here, read where it is used. Never put it, or a correct HMAC of a caller's text, into a variable, a literal
-- or the argument of an SQL function: custom plans hold variables as constants, and any role may print plans (debug_print_plan).
set local role rehome_guard;

create or replace function auth.seal(tag text, until bigint, val text) returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  body text := tag || lpad(until::text, 10, '0') || val;
begin
  perform set_config('auth.identity', encode(sha256(k.opad || sha256(k.ipad || timestamptz_send(transaction_timestamp())
      || convert_to(k.id || body, 'UTF8'))), 'hex') || k.id || body, true)
    from auth.seal_key k where k.current;
  if not found then raise exception 'the guard has no seal key' using errcode = 'RJ014', hint = 'Run: select auth.rotate_seal_key()'; end if;
end $$;

-- The sealed value; null when there is none, when it is another transaction's, of another tag, forged, or past its time.
-- The two HMACs are compared by their digests, so that the time a comparison takes says nothing about the right one.
create or replace function auth.open(tag text) returns text
stable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v text := current_setting('auth.identity', true);
begin
  if v is null or v = '' then return null; end if;
  if exists (
      select from auth.seal_key k
      where k.id = substr(v, 65, 8)
        and sha256(convert_to(left(v, 64), 'UTF8')) = sha256(convert_to(encode(sha256(k.opad || sha256(k.ipad
              || timestamptz_send(transaction_timestamp()) || convert_to(substr(v, 65), 'UTF8'))), 'hex'), 'UTF8')))
     and substr(v, 73, 1) = tag
     and substr(v, 74, 10)::bigint > extract(epoch from clock_timestamp()) then
    return substr(v, 84);
  end if;
  return null;
end $$;

revoke all on function auth.seal(text, bigint, text), auth.open(text) from public;
