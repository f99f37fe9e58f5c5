-- RS256 (RSASSA-PKCS1-v1_5 with SHA-256, RFC 8017 8.2.2) in plain SQL. No extension; Postgres >= 16 reads '0x…' as numeric.
-- No backslash in any body: their meaning in a literal depends on standard_conforming_strings, which the caller may set.
set local role rehome_owner;

-- Unsigned big-endian bytes to a number.
create or replace function auth.os2ip(b bytea) returns numeric
immutable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return ('0x' || encode(b, 'hex'))::numeric;
end $$;

-- Base64url without padding, canonical form only: other spellings of the same bytes are refused, so that one signed token has exactly
-- one text. Postgres's own decoder skips white space and stray bits.
create or replace function auth.b64url(s text) returns bytea
immutable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  b bytea;
begin
  if s !~ '^[A-Za-z0-9_-]+$' or length(s) % 4 = 1 then
    raise exception 'a token part is not base64url' using errcode = 'RJ002';
  end if;
  b := decode(rpad(translate(s, '-_', '+/'), (length(s) + 3) / 4 * 4, '='), 'base64');
  if rtrim(translate(encode(b, 'base64'), '+/' || chr(10), '-_'), '=') <> s then
    raise exception 'a token part is not canonical base64url' using errcode = 'RJ002';
  end if;
  return b;
end $$;

-- 0x0001 FF..FF 00 DigestInfo(SHA-256) and 32 zero bytes, as a number: the padded message of a key of that size but for the digest.
create or replace function auth.em_base(bytes int) returns numeric
immutable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return ('0x0001' || repeat('ff', bytes - 54) || '00' || '3031300d060960864801650304020105000420' || repeat('00', 32))::numeric;
end $$;

-- Does this key (exponent 65537, modulus n of 2048 to 4096 bits, `bytes` long) give this signature of the message?
-- s^65537 mod n is compared with the one number a right signature can give; nothing of the padding is parsed.
-- em_base is auth.em_base(bytes), stored with the key to save computing it.
create or replace function auth.rs256_verify(message bytea, signature bytea, n numeric, bytes int, em_base numeric default null)
returns boolean
immutable parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  s numeric;
  x numeric;
begin
  if message is null or signature is null or n is null or bytes is null then return false; end if;
  if bytes not between 256 and 512 or length(signature) <> bytes then return false; end if;
  if n < 2::numeric ^ 2047 then return false; end if;
  s := ('0x' || encode(signature, 'hex'))::numeric;
  if s >= n or s <= 1 then return false; end if;
  x := s;
  for i in 1..16 loop
    x := x * x % n;
  end loop;
  return x * s % n = coalesce(em_base, auth.em_base(bytes)) + ('0x' || encode(sha256(message), 'hex'))::numeric;
end $$;

revoke all on function auth.os2ip(bytea), auth.b64url(text), auth.em_base(int), auth.rs256_verify(bytea, bytea, numeric, int, numeric) from public;
grant execute on function auth.os2ip(bytea), auth.b64url(text), auth.em_base(int), auth.rs256_verify(bytea, bytea, numeric, int, numeric) to rehome_guard;
