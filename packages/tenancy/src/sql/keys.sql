-- What a job may change: the public keys of an issuer, and the key of the seals. Definer: rehome_owner.
set local role rehome_owner;

-- Writes the keys an issuer publishes now: [{"kid": …, "n": base64url, "e": "AQAB"}, …]. A key that vanished stays good for the longest
-- life a token may still have, then no more; one that came back is good again. All or nothing; returns how many keys are current.
-- Whoever may call this can become anyone: only the job that reads the pinned address, never the web process.
create or replace function auth.put_jwks(issuer_name text, keys jsonb) returns int
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  cfg   auth.issuer;
  key   jsonb;
  b     bytea;
  k     int;
  kids  text[] := '{}';
begin
  select * into cfg from auth.issuer i where i.name = issuer_name for update;   -- one writer at a time
  if cfg.name is null then raise exception 'no such issuer' using errcode = 'RJ010'; end if;
  if jsonb_typeof(keys) <> 'array' or jsonb_array_length(keys) not between 1 and 50 then
    raise exception 'a key set has 1 to 50 keys' using errcode = 'RJ005';
  end if;
  for key in select * from jsonb_array_elements(keys) loop
    if jsonb_typeof(key -> 'kid') is distinct from 'string' or key ->> 'kid' = any (kids) or key ->> 'e' is distinct from 'AQAB' then
      raise exception 'a key needs a kid of its own and exponent 65537' using errcode = 'RJ005';
    end if;
    b := auth.b64url(key ->> 'n');
    k := length(b);
    if k is null or k not between 256 and 512 or get_byte(b, 0) = 0 or (k = 256 and get_byte(b, 0) < 128) or get_byte(b, k - 1) % 2 = 0 then
      raise exception 'a modulus must be odd, of 2048 to 4096 bits, without leading zeros' using errcode = 'RJ005';
    end if;
    insert into auth.jwk as j (issuer, kid, n, bytes, em_base) values (cfg.name, key ->> 'kid', auth.os2ip(b), k, auth.em_base(k))
      on conflict (issuer, kid) do update set not_after = null where j.n = excluded.n;
    if not found then raise exception 'a kid never changes its key' using errcode = 'RJ005'; end if;
    kids := kids || (key ->> 'kid');
  end loop;
  update auth.jwk j set not_after = clock_timestamp() + make_interval(secs => cfg.max_lifetime_s + cfg.leeway_s)
    where j.issuer = cfg.name and j.not_after is null and j.kid <> all (kids);
  delete from auth.jwk j where j.issuer = cfg.name and j.not_after < clock_timestamp() - interval '1 day';
  update auth.issuer i set synced_at = clock_timestamp() where i.name = cfg.name;
  return cardinality(kids);
end $$;

-- A new key of the seals: 366 random bits hashed to 256. The one before it stays until the next rotation; with forget_old it goes at once,
-- and open transactions lose their identity (they see what anonymous sees). Hourly by a job; forget_old after a restore or branch.
-- The key never stands in a variable: see seal.sql.
create or replace function auth.rotate_seal_key(forget_old boolean default false) returns void
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  lock table auth.seal_key in share row exclusive mode;      -- readers go on; one rotation at a time
  delete from auth.seal_key s where forget_old or not s.current;
  update auth.seal_key s set current = false where s.current;
  with fresh as materialized (
    select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as key
  ), padded as materialized (
    select p, case when p < 32 then get_byte(fresh.key, p) else 0 end as byte from fresh, generate_series(0, 63) p
  )
  insert into auth.seal_key (id, current, ipad, opad)
    select left(replace(gen_random_uuid()::text, '-', ''), 8), true,
           string_agg(set_byte(decode('00', 'hex'), 0, byte # 54), decode('', 'hex') order by p),
           string_agg(set_byte(decode('00', 'hex'), 0, byte # 92), decode('', 'hex') order by p)
      from padded;
end $$;

revoke all on function auth.put_jwks(text, jsonb), auth.rotate_seal_key(boolean) from public;
grant execute on function auth.put_jwks(text, jsonb), auth.rotate_seal_key(boolean) to rehome_keys;
grant select (name, jwks_url, enabled, synced_at) on auth.issuer to rehome_keys;
