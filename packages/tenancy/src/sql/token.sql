-- What a token must be. SQLSTATE class RJ, one per refusal; messages never quote the token:
--   RJ001 too large      RJ002 form            RJ003 algorithm         RJ004 unknown key     RJ005 unfit key (put_jwks)
--   RJ006 signature      RJ007 claims          RJ008 expired           RJ009 session revoked RJ010 unknown issuer
--   RJ011 not yet valid  RJ012 lives too long  RJ013 isolation level   RJ014 no seal key     RJ015 ticket
--   RJ016 nobody here    RJ017 azp             RJ018 session pending   RJ019 identity gone (check_identity)
set local role rehome_guard;

-- A JSON object with unique keys out of bytes; every way in which bytes are not that is the same refusal.
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

-- Checks a token. `who` and `org` are whom it names here, `until` is when that identity ends: exp and the issuer's leeway, epoch seconds.
-- The claims come without what they say of organization, role and permissions, which never counts. `settled`: nothing but a change of issuer or
-- key, which moves the mark of revocation.sql, can end a ticket for the token before its time.
create or replace function auth.jwt_verify(jwt text, out claims jsonb, out who text, out org text, out until bigint, out issuer text,
  out revision int, out kid text, out sub text, out settled boolean)
stable language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_variable
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
     or (claims ? 'org_id' and cfg.kind <> 'clerk'
         and (jsonb_typeof(claims -> 'org_id') <> 'string' or length(claims ->> 'org_id') not between 1 and 255))
     or concat(claims ->> 'sub', claims ->> 'sid', claims ->> 'org_id') ~ '[[:cntrl:]]'      -- they are parts of a seal
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
  issuer := cfg.name;
  revision := cfg.revision;
  kid := key.kid;
  sub := claims ->> 'sub';
  settled := key.not_after is null and cfg.kind <> 'clerk';
  who := sub;
  org := coalesce(claims ->> 'org_id', '');
  if cfg.kind = 'clerk' then
    if jsonb_typeof(claims -> 'azp') is distinct from 'string' or (claims ->> 'azp' = any (cfg.azp)) is not true then
      raise exception 'the token was issued to a party that is not allowed here' using errcode = 'RJ017';
    end if;
    if claims ? 'sts' and claims -> 'sts' is distinct from '"active"'::jsonb then
      raise exception 'the session of the token is not yet signed in' using errcode = 'RJ018';
    end if;
    select m.user_id, m.org_id into who, org from auth.identity_map m where m.issuer = cfg.name and m.sub = claims ->> 'sub';
    if who is null then raise exception 'the person of the token has no identity here' using errcode = 'RJ016'; end if;
    claims := claims || jsonb_build_object('sub', who);
  end if;
  claims := claims - '{org_id,role,roles,permissions,o,org_slug,org_role,org_permissions}'::text[];
end $$;

revoke all on function auth.json_object(bytea), auth.jwt_verify(text) from public;
