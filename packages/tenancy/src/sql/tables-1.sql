-- Tables of the guard, version 1, all owned by rehome_owner. The application role reads none of them; rehome_guard, as which the guard's functions
-- run, reads them and writes none. Schema and table auth.version are made by installGuard before this file (psql: create them first).
set local role rehome_owner;

-- Who may sign tokens. A key verifies only tokens of its own issuer.
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

-- The spellings of `iss` an issuer uses; no two issuers share one.
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

-- Sessions that ended before their tokens did. A row counts as long as it is there; after `until` it may be removed.
create table if not exists auth.revoked_session (
  sid   text primary key,
  until timestamptz not null
);

-- The two 64-byte pads of HMAC-SHA256. The key before the current one stays until the next rotation, so that open transactions keep their
-- identity. A dump, branch or replica holds these rows: call auth.rotate_seal_key(true) after every restore or branch.
create table if not exists auth.seal_key (
  id      text primary key check (length(id) = 8),
  current boolean not null,
  ipad    bytea not null check (length(ipad) = 64),
  opad    bytea not null check (length(opad) = 64),
  made_at timestamptz not null default clock_timestamp()
);
create unique index if not exists seal_key_one_current on auth.seal_key (current) where current;
