-- Version 1 of the guard, word for word as it was installed: what an upgrade starts from.
set local role rehome_owner;

create table if not exists auth.issuer (
  name           text primary key check (name ~ '^[a-z][a-z0-9_]{0,40}$'),
  kind           text not null check (kind in ('workos', 'oidc')),          -- workos: `act` (impersonation) is allowed
  jwks_url       text not null check (jwks_url ~ '^https?://'),             -- the only address its keys come from
  audience       text,                                                      -- null: `aud` is not looked at (WorkOS tokens have none)
  leeway_s       int not null default 5 check (leeway_s between 0 and 60),
  max_lifetime_s int not null default 3600 check (max_lifetime_s between 60 and 86400),  -- cap on exp - iat
  enabled        boolean not null default true,
  synced_at      timestamptz                                                -- last successful reading of the keys
);

create table if not exists auth.issuer_iss (
  iss    text primary key,
  issuer text not null references auth.issuer on delete cascade
);

create table if not exists auth.jwk (
  issuer    text not null references auth.issuer on delete cascade,
  kid       text not null check (length(kid) between 1 and 255),
  n         numeric not null,               -- modulus
  bytes     int not null check (bytes between 256 and 512),
  em_base   numeric not null,               -- what a right signature gives, for a digest of zero: see auth.em_base
  not_after timestamptz,                    -- end of the rotation overlap; null while the issuer publishes the key
  primary key (issuer, kid)
);

create table if not exists auth.revoked_session (
  sid   text primary key,
  until timestamptz not null
);

create table if not exists auth.seal_key (
  id      text primary key check (length(id) = 8),
  current boolean not null,
  ipad    bytea not null check (length(ipad) = 64),
  opad    bytea not null check (length(opad) = 64),
  made_at timestamptz not null default clock_timestamp()
);
create unique index if not exists seal_key_one_current on auth.seal_key (current) where current;

grant usage on schema auth to rehome_guard, rehome_keys, authenticated, anonymous;
grant create on schema auth to rehome_guard;     -- while installing; close.sql takes it back
grant select on auth.issuer, auth.issuer_iss, auth.jwk, auth.revoked_session, auth.seal_key to rehome_guard;
set local role rehome_owner;

create or replace function auth.os2ip(b bytea) returns numeric
immutable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return ('0x' || encode(b, 'hex'))::numeric;
end $$;

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

create or replace function auth.em_base(bytes int) returns numeric
immutable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return ('0x0001' || repeat('ff', bytes - 54) || '00' || '3031300d060960864801650304020105000420' || repeat('00', 32))::numeric;
end $$;

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
set local role rehome_owner;

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
set local role rehome_guard;

create or replace function auth.json_object(b bytea) returns jsonb
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  t text;
begin
  t := convert_from(b, 'UTF8');
  if t is json object with unique keys then return t::jsonb; end if;
  raise exception 'not an object';
exception when others then
  raise exception 'a token part is not a JSON object with unique keys in UTF-8' using errcode = 'RJ002';
end $$;

create or replace function auth.jwt_verify(jwt text, out claims jsonb, out until bigint)
stable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  parts   text[];
  header  jsonb;
  sig     bytea;
  cfg     auth.issuer;
  key     auth.jwk;
  now_s   numeric := extract(epoch from clock_timestamp());
  exp     numeric;
  iat     numeric;
begin
  if jwt is null then raise exception 'no token' using errcode = 'RJ002'; end if;
  if octet_length(jwt) > 8192 then raise exception 'the token is longer than 8192 bytes' using errcode = 'RJ001'; end if;
  parts := string_to_array(jwt, '.');
  if coalesce(cardinality(parts), 0) <> 3 then raise exception 'a token has three parts' using errcode = 'RJ002'; end if;
  header := auth.json_object(auth.b64url(parts[1]));
  claims := auth.json_object(auth.b64url(parts[2]));
  if header -> 'alg' is distinct from '"RS256"'::jsonb or header ? 'crit' then
    raise exception 'only RS256, without crit, is accepted' using errcode = 'RJ003';
  end if;
  sig := auth.b64url(parts[3]);

  -- The issuer first: its name decides which keys count.
  select i.* into cfg from auth.issuer_iss s join auth.issuer i on i.name = s.issuer
    where jsonb_typeof(claims -> 'iss') = 'string' and s.iss = claims ->> 'iss' and i.enabled;
  if cfg.name is null then raise exception 'the issuer of the token is not known here' using errcode = 'RJ010'; end if;
  select k.* into key from auth.jwk k
    where k.issuer = cfg.name and jsonb_typeof(header -> 'kid') = 'string' and k.kid = header ->> 'kid'
      and (k.not_after is null or k.not_after > clock_timestamp());
  if key.kid is null then raise exception 'the key of the token is not known here' using errcode = 'RJ004'; end if;
  if not auth.rs256_verify(convert_to(parts[1] || '.' || parts[2], 'UTF8'), sig, key.n, key.bytes, key.em_base) then
    raise exception 'the signature of the token is wrong' using errcode = 'RJ006';
  end if;

  if jsonb_typeof(claims -> 'sub') is distinct from 'string' or length(claims ->> 'sub') not between 1 and 255
     or jsonb_typeof(claims -> 'sid') is distinct from 'string' or length(claims ->> 'sid') not between 1 and 255
     or (claims ? 'org_id' and (jsonb_typeof(claims -> 'org_id') <> 'string' or length(claims ->> 'org_id') not between 1 and 255))
     or jsonb_typeof(claims -> 'exp') is distinct from 'number' or jsonb_typeof(claims -> 'iat') is distinct from 'number'
     or coalesce(jsonb_typeof(claims -> 'nbf'), 'number') <> 'number'
     or (cfg.kind <> 'workos' and claims ? 'act') then
    raise exception 'a claim is missing or of the wrong type' using errcode = 'RJ007';
  end if;
  if cfg.audience is not null and not coalesce(case jsonb_typeof(claims -> 'aud')
       when 'string' then claims ->> 'aud' = cfg.audience
       when 'array' then claims -> 'aud' ? cfg.audience
       else false end, false) then
    raise exception 'the token is for another audience' using errcode = 'RJ007';
  end if;
  exp := (claims -> 'exp')::numeric;
  iat := (claims -> 'iat')::numeric;
  if exp not between 1000000000 and 9999999999 or iat not between 1000000000 and 9999999999 or exp <= iat then
    raise exception 'exp or iat is no time' using errcode = 'RJ007';
  end if;
  if exp + cfg.leeway_s <= now_s then raise exception 'the token has expired' using errcode = 'RJ008'; end if;
  if iat - cfg.leeway_s > now_s or (claims -> 'nbf')::numeric - cfg.leeway_s > now_s then
    raise exception 'the token is not yet valid' using errcode = 'RJ011';
  end if;
  if exp - iat > cfg.max_lifetime_s then raise exception 'the token lives longer than its issuer may grant' using errcode = 'RJ012'; end if;
  until := floor(exp) + cfg.leeway_s;
end $$;

revoke all on function auth.json_object(bytea), auth.jwt_verify(text) from public;
set local role rehome_guard;

create or replace function auth.membership(user_id text, organization text, session text, out active boolean, out role text, out permissions text[])
stable parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  select true, m.role_slug, coalesce(m.permissions, '{}') into active, role, permissions
    from public.memberships m
    where m.org_id = organization and m.workos_user_id = user_id and m.status::text = 'active'
      and not exists (select from auth.revoked_session r where r.sid = session);
end $$;

create or replace function auth.organizations_of(user_id text) returns text[]
stable strict parallel safe language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return array(select m.org_id from public.memberships m where m.workos_user_id = user_id and m.status::text = 'active' order by 1);
end $$;

revoke all on function auth.membership(text, text, text), auth.organizations_of(text) from public;
set local role rehome_guard;

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

create or replace function auth.role() returns text
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (auth.live()).role;
end $$;

create or replace function auth.permissions() returns text[]
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce((auth.live()).permissions, '{}');
end $$;

create or replace function auth.org_ids() returns text[]
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce(auth.organizations_of((auth.live()).user_id), '{}');
end $$;

create or replace function auth.uid() returns uuid
stable parallel safe security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  u text := (auth.live()).user_id;
begin
  return case when pg_input_is_valid(u, 'uuid') then u::uuid end;
end $$;

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
set local role rehome_owner;
revoke create on schema auth from rehome_guard;
select auth.rotate_seal_key() where not exists (select from auth.seal_key);
