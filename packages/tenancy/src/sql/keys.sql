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
  select * into cfg from auth.issuer i where i.name = issuer_name for no key update;   -- one writer at a time
  if cfg.name is null then raise exception 'no such issuer' using errcode = 'RJ010'; end if;
  if jsonb_typeof(keys) <> 'array' or jsonb_array_length(keys) not between 1 and 50 then
    raise exception 'a key set has 1 to 50 keys' using errcode = 'RJ005';
  end if;
  for key in select * from jsonb_array_elements(keys) loop
    if jsonb_typeof(key -> 'kid') is distinct from 'string' or key ->> 'kid' ~ '[[:cntrl:]]' or key ->> 'kid' = any (kids)
       or key ->> 'e' is distinct from 'AQAB' then
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
  update auth.jwk j set not_after = clock_timestamp() + make_interval(secs => cfg.max_lifetime_s + 2 * cfg.leeway_s)
    where j.issuer = cfg.name and j.not_after is null and j.kid <> all (kids);
  delete from auth.jwk j where j.issuer = cfg.name and j.not_after < clock_timestamp() - interval '1 day';
  update auth.issuer i set synced_at = clock_timestamp() where i.name = cfg.name;
  return cardinality(kids);
end $$;

-- The issuers whose keys are to be read now: never read, read longer ago than `every`, or asked for since the last try. Each is given out at
-- most once in 30 seconds, whoever asks, so that several keepers agree.
create or replace function auth.keys_due(every interval) returns table (name text, jwks_url text)
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
  return query
    update auth.issuer i set tried_at = clock_timestamp()
      where i.enabled and (i.tried_at is null or i.tried_at < clock_timestamp() - interval '30 seconds')
        and (i.synced_at is null or i.synced_at < clock_timestamp() - every
             or exists (select from auth.key_request r where r.issuer = i.name and r.asked_at > coalesce(i.tried_at, '-infinity')))
      returning i.name, i.jwks_url;
end $$;

-- Names this copy of the database: another server, timeline or database is another copy. A service that hides the first two leaves the third.
-- A branch made by copying storage may keep all three. Neon names its branch in a setting that only its server can change; elsewhere it is not
-- there. A session could make one up for itself: only the keeper and who rotates by hand come here, and the worst is one rotation too many.
create or replace function auth.this_copy() returns text
stable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  server text := '';
  branch text := nullif(current_setting('neon.timeline_id', true), '');
begin
  begin
    select s.system_identifier || '/' || c.timeline_id into server from pg_control_system() s, pg_control_checkpoint() c;
  exception when insufficient_privilege then
    null;
  end;
  return concat_ws('/', server, (select d.oid from pg_database d where d.datname = current_database()), branch);
end $$;

-- A new key of the seals. The one before it stays until the next rotation; with forget_old it goes at once, and open transactions lose their
-- identity (they see what anonymous sees). Tickets die either way. Hourly by a job; forget_old after a restore or branch. Sequences do not
-- roll back: nor does a rotation.
-- The key never stands in a variable: see seal.sql.
create or replace function auth.rotate_seal_key(forget_old boolean default false) returns void
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  next_generation bigint;
begin
  -- One rotation at a time. A row, not the table: whoever may name a table in a statement can lock it (PREPARE of an INSERT, without any right).
  perform from auth.version v for update;
  next_generation := coalesce(pg_sequence_last_value('auth.seal_generation'), 0) + 1;
  if next_generation % 2 = 0 or forget_old then
    perform setval('auth.seal_0a', auth.random_bigint()), setval('auth.seal_0b', auth.random_bigint());
  end if;
  if next_generation % 2 = 1 or forget_old then
    perform setval('auth.seal_1a', auth.random_bigint()), setval('auth.seal_1b', auth.random_bigint());
  end if;
  perform setval('auth.seal_generation', next_generation);
  delete from auth.seal_key s where forget_old or not s.current;
  update auth.seal_key s set current = false where s.current;
  insert into auth.seal_key (generation, current, made_in) values (next_generation, true, auth.this_copy());
end $$;

-- 64 random bits: of 244 that gen_random_uuid() takes from the system's generator. Volatile, so that no plan ever holds its answer.
create or replace function auth.random_bigint() returns bigint
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return ('x' || left(encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'), 16))::bit(64)::bigint;
end $$;

-- What has to be done again and again: rotates the seal key when it is older than `rotate_after` or made in another copy of this database,
-- deletes revocations past their end and old requests, and settles the mark of revocations after one that was rolled back.
create or replace function auth.keep(rotate_after interval default '1 hour', out rotated boolean, out forgot boolean, out deleted int)
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  key auth.seal_key;
begin
  perform from auth.version v for update;
  select * into key from auth.seal_key s where s.current;
  forgot := key.generation is null or key.made_in <> auth.this_copy();
  rotated := forgot or key.made_at < clock_timestamp() - rotate_after;
  if rotated then perform auth.rotate_seal_key(forgot); end if;
  delete from auth.revoked_session r where r.until < clock_timestamp();
  get diagnostics deleted = row_count;
  delete from auth.key_request r where r.asked_at < clock_timestamp() - interval '1 hour';
  update auth.revocation r set seen = pg_sequence_last_value('auth.revoked') where r.seen < pg_sequence_last_value('auth.revoked');
end $$;

revoke all on function auth.put_jwks(text, jsonb), auth.keys_due(interval), auth.this_copy(), auth.random_bigint(),
  auth.rotate_seal_key(boolean), auth.keep(interval) from public;
grant execute on function auth.put_jwks(text, jsonb), auth.keys_due(interval), auth.rotate_seal_key(boolean), auth.keep(interval) to rehome_keys;
