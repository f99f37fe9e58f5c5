-- Version 3: a change of an issuer or the end of a key moves the mark of revocations, too, so that a ticket with the current mark needs no look.
-- Tickets given before are refused (the client sends the token); identities that are open while this runs are lost.
set local role rehome_owner;

drop function if exists auth.admit_token(text), auth.jwt_verify(text);

-- Not for what cannot end a ticket: a new issuer or key, and the notes of when keys were read.
create constraint trigger note_end after delete or update of name, kind, jwks_url, audience, leeway_s, max_lifetime_s, enabled, azp, revision on auth.issuer
  deferrable initially deferred for each row execute function auth.note_revocation();
create constraint trigger note_end after delete on auth.jwk
  deferrable initially deferred for each row execute function auth.note_revocation();
create constraint trigger note_change after update on auth.jwk
  deferrable initially deferred for each row when (old is distinct from new) execute function auth.note_revocation();
create trigger note_truncate after truncate on auth.issuer execute function auth.note_revocation();
create trigger note_truncate after truncate on auth.jwk execute function auth.note_revocation();
alter table auth.issuer enable always trigger note_end, enable always trigger note_truncate;
alter table auth.jwk enable always trigger note_end, enable always trigger note_change, enable always trigger note_truncate;

-- Tickets die with any change of the issuer: also with one that TRUNCATE or replication makes.
create function auth.revise_issuers() returns trigger
volatile security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update auth.issuer i set revision = i.revision;
  return null;
end $$;
revoke all on function auth.revise_issuers() from public;
create trigger revise_truncate after truncate on auth.issuer_iss execute function auth.revise_issuers();
alter table auth.issuer enable always trigger revise;
alter table auth.issuer_iss enable always trigger revise, enable always trigger revise_truncate;
