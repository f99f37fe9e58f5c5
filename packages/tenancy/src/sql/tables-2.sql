-- Version 2: Clerk as a second issuer during a move, asking for keys, a seal key that is read without a query, and a mark that tells whether
-- any session was revoked since an identity was bound. Identities that are open while this runs are lost: they see what anonymous sees.
set local role rehome_owner;

drop function if exists auth.live(), auth.open(text), auth.seal(text, bigint, text), auth.membership(text, text, text),
  auth.organizations_of(text), auth.jwt_verify(text);

alter table auth.issuer
  drop constraint issuer_kind_check,
  add constraint issuer_kind_check check (kind in ('workos', 'oidc', 'clerk')),   -- workos: `act` is allowed; clerk: see auth.identity_map
  add column azp text[],                                                          -- clerk: the origins its tokens may have been issued to
  add column revision int not null default 1,                                     -- moves with each change of this row: tickets die with it
  add column tried_at timestamptz,                                                -- last time its keys were fetched, in vain or not
  add constraint issuer_azp_check check ((kind = 'clerk') = (coalesce(cardinality(azp), 0) > 0));

-- A revision is never used twice, not even by another issuer of the same name: a ticket must not outlive what it was given for.
create sequence auth.issuer_revision as int;
create function auth.revise_issuer() returns trigger
volatile language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  new.revision := nextval('auth.issuer_revision');
  return new;
end $$;
create function auth.revise_issuer_of_iss() returns trigger
volatile language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  update auth.issuer i set revision = 0 where i.name in (old.issuer, new.issuer);
  return null;
end $$;
revoke all on function auth.revise_issuer(), auth.revise_issuer_of_iss() from public;
create trigger revise before insert or update of kind, jwks_url, audience, leeway_s, max_lifetime_s, enabled, azp, revision on auth.issuer
  for each row execute function auth.revise_issuer();
create trigger revise after insert or update or delete on auth.issuer_iss for each row execute function auth.revise_issuer_of_iss();
update auth.issuer set revision = 0;

-- During a move: whom a subject of the old issuer is here. Only people who are in it come in with a token of a clerk issuer.
create table auth.identity_map (
  issuer  text not null references auth.issuer on delete cascade,
  sub     text not null check (length(sub) between 1 and 255),
  user_id text not null check (length(user_id) between 1 and 255 and user_id !~ '[[:cntrl:]]'),
  org_id  text not null check (length(org_id) between 1 and 255 and org_id !~ '[[:cntrl:]]'),
  primary key (issuer, sub)
);

-- What the application asked for. Only ever inserted into by it, so that nobody waits for anybody's lock.
create table auth.key_request (
  issuer   text not null,
  asked_at timestamptz not null default clock_timestamp()
);
create index key_request_asked on auth.key_request (issuer, asked_at);

-- The seal key: 128 random bits in two sequences, because a sequence is read without a query. Two slots take turns: seals of generation g
-- are made with slot g % 2, so that a rotation leaves those of the generation before valid. What a slot holds is the key xor the inner pad
-- of HMAC. A dump, branch or replica holds it too: see auth.rotate_seal_key.
create sequence auth.seal_generation;
create sequence auth.seal_0a minvalue -9223372036854775808;
create sequence auth.seal_0b minvalue -9223372036854775808;
create sequence auth.seal_1a minvalue -9223372036854775808;
create sequence auth.seal_1b minvalue -9223372036854775808;

-- When and where the keys were made; the keys themselves are not here.
drop table auth.seal_key;
create table auth.seal_key (
  generation bigint primary key,
  current    boolean not null,
  made_at    timestamptz not null default clock_timestamp(),
  made_in    text not null                  -- see auth.this_copy: another value says that this is a restored or branched copy
);
create unique index seal_key_one_current on auth.seal_key (current) where current;

-- Has any session been revoked since? The sequence moves before a revocation commits, `seen` with its commit. Equal: none is under way.
create sequence auth.revoked minvalue 0;
create table auth.revocation (
  one  boolean primary key default true check (one),
  seen bigint not null,
  by   xid8
);
insert into auth.revocation (seen) values (1);
do $$ begin perform setval('auth.revoked', 1); end $$;

create function auth.note_revocation() returns trigger language plpgsql as 'begin return null; end';   -- revocation.sql has the body
create constraint trigger note_revocation after insert or update on auth.revoked_session
  deferrable initially deferred for each row execute function auth.note_revocation();
alter table auth.revoked_session enable always trigger note_revocation;
