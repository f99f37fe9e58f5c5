-- The durable record of the move. Lives in the target; the product has no right here. May be run again.
create schema if not exists rehome;
create schema if not exists rehome_stage;

-- The form in which addresses are compared. The rule stands in legacy/address.ts (`addressKey`), which also gives the letters for the names with a
-- colon; docs/decisions/addresses.md. Plain ASCII is most of all addresses and takes the short way. What is too long for an address (a guest may
-- type anything) is compared by its digest, because an index entry has a limit.
create or replace function rehome.folded_email(address text) returns text immutable strict parallel safe language sql
  return normalize(translate(btrim(normalize(address), :white_space), :capitals, :smalls));

create or replace function rehome.email_key(address text) returns text immutable strict parallel safe language sql
  return case
    when length(address) > 320 then 'sha256:' || encode(sha256(convert_to(address, 'UTF8')), 'hex')
    when octet_length(address) = length(address) and address !~* '[@.]xn--'
      then translate(btrim(address, E' \t\n\v\f\r'), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
    when rehome.folded_email(address) !~ '@' then rehome.folded_email(address)
    when substring(rehome.folded_email(address) from '[^@]*$') !~ '(^|\.)xn--'
     and (octet_length(substring(rehome.folded_email(address) from '[^@]*$')) = length(substring(rehome.folded_email(address) from '[^@]*$'))
          or substring(rehome.folded_email(address) from '[^@]*$') ~ :decided_domain)
      then rehome.folded_email(address)
    else 'idna:' || rehome.folded_email(address)
  end;

create table if not exists rehome.move (
  one        boolean primary key default true check (one),
  name       text not null,
  -- Where the move stands; see ledger/phases.ts.
  state      text not null default 'preparing'
             check (state in ('preparing', 'copied', 'cutting_over', 'switched', 'rolling_back', 'rolled_back')),
  -- Inside cutover and rollback: the last step that is done.
  step       text,
  -- Raised by every verb that writes; an older verb still running is refused.
  epoch      bigint not null default 0,
  config_sha text not null,
  started_at timestamptz not null default now()
);

-- Which side serves. The product's switch reads it; the fences of both databases follow it.
create table if not exists rehome.switch (
  one   boolean primary key default true check (one),
  side  text not null default 'legacy' check (side in ('legacy', 'target')),
  epoch bigint not null default 1,
  at    timestamptz not null default now()
);
insert into rehome.switch default values on conflict do nothing;

create table if not exists rehome.disposition (
  legacy_user_id text primary key,
  disposition    text not null check (disposition in ('move', 'move_reset_password', 'hold', 'exclude')),
  reason         text not null,
  losses         text[] not null default '{}',
  decided_at     timestamptz not null default now()
);

-- Legacy user id -> WorkOS user, organization, membership; and of one who did not move, a stand-in for references that must not be lost.
create table if not exists rehome.identity (
  legacy_user_id         text primary key,
  moved                  boolean not null,
  row_id                 uuid not null unique default gen_random_uuid(),
  stand_in               text not null unique default 'stayed_' || replace(gen_random_uuid()::text, '-', ''),
  -- Set before the first request for this person: after a crash, look up before creating.
  attempted_at           timestamptz,
  workos_user_id         text unique,
  workos_organization_id text unique,
  workos_membership_id   text unique,
  -- SHA-256 of what WorkOS was sent last. Null: nothing yet, or Clerk served since and all of it is sent again.
  account_print          text,
  totp_print             text,
  email                  text,
  email_verified         boolean,
  username               text,
  first_name             text,
  last_name              text,
  image_url              text,
  country                text,
  security_preferences   json,
  organization_type      text,
  organization_name      text,
  roles                  text[],
  clerk_created_at       timestamptz,
  clerk_updated_at       timestamptz
);

-- Every address of a moved person; a verified one makes rows with that address theirs.
create table if not exists rehome.address (
  legacy_user_id text not null references rehome.identity,
  email          text not null,
  email_key      text not null,
  verified       boolean not null,
  is_primary     boolean not null,
  primary key (legacy_user_id, email)
);
create index if not exists address_key on rehome.address (email_key) where verified;

create table if not exists rehome.guest (
  email_key text primary key,
  org_id    text not null unique default 'guest_' || replace(gen_random_uuid()::text, '-', ''),
  email     text not null,
  name      text
);

-- Units of work: a task's writes and its mark are one transaction.
create table if not exists rehome.task (
  verb    text not null,
  item    text not null,
  done_at timestamptz,
  figures json,
  primary key (verb, item)
);

-- When the next request to WorkOS may be sent, by kind and of all kinds, whatever process sends it; users/pacer.ts.
create table if not exists rehome.pace (
  one          boolean primary key default true check (one),
  write_at     timestamptz not null default now(),
  read_at      timestamptz not null default now(),
  all_at       timestamptz not null default now(),
  paused_until timestamptz not null default now()
);
insert into rehome.pace default values on conflict do nothing;

create table if not exists rehome.left_behind (
  legacy_table text not null,
  key          text not null,
  reason       text not null,
  primary key (legacy_table, key)
);

-- Rows that moved and that rows left behind refer to: the product may not delete them on the target, or the way back would take the others along.
create table if not exists rehome.left_behind_parent (
  legacy_table text not null,
  key          text not null,
  primary key (legacy_table, key)
);

create table if not exists rehome.proof (
  name      text primary key,
  ok        boolean not null,
  checked   bigint not null,
  expected  bigint not null,
  figure    text not null,
  offenders text[] not null,
  proved_at timestamptz not null default now(),
  seconds   double precision not null
);

create table if not exists rehome.event (
  id   bigint generated always as identity primary key,
  at   timestamptz not null default now(),
  verb text not null,
  what text not null,
  seconds double precision
);
