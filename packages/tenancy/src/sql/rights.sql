-- Who may read what. rehome_guard, as which the guard's functions run, writes nothing but requests for keys.
set local role rehome_owner;

grant usage on schema auth to rehome_guard, rehome_keys, rehome_mover, authenticated, anonymous;
grant create on schema auth to rehome_guard;     -- while installing; close.sql takes it back
grant select on auth.issuer, auth.issuer_iss, auth.jwk, auth.revoked_session, auth.revocation, auth.identity_map, auth.key_request to rehome_guard;
grant insert on auth.key_request to rehome_guard;
grant select on sequence auth.seal_generation, auth.seal_0a, auth.seal_0b, auth.seal_1a, auth.seal_1b, auth.revoked to rehome_guard;
revoke all on auth.seal_key from rehome_guard;
grant select (name, jwks_url, enabled, synced_at, tried_at) on auth.issuer to rehome_keys;
grant select (generation, current, made_at) on auth.seal_key to rehome_keys;
