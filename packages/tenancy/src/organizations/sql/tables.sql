-- Schema tenancy: what WorkOS said last of each object, what the product declared, and the state of what takes several steps. No role of the
-- application has any right here. Run as the installer; may be run again. The names public.organizations, public.memberships, public.users,
-- public.invitations and public.guests in these files are replaced by the product's own.
set local role rehome_owner;

-- Held while objects are applied: one writer of the mirror at a time, and so no order of locks to get wrong.
create table if not exists tenancy.lock (
  one      boolean primary key default true check (one),
  compared timestamptz                          -- when everything was listed at WorkOS for the last time: what is older was in the list, or is gone
);

-- The newest known state of each WorkOS object. A deleted one stays as a tombstone without content: ids are never used again.
create table if not exists tenancy.object (
  kind    text not null check (kind in ('organization', 'user', 'membership', 'invitation', 'role', 'permission')),
  id      text not null,
  at      timestamptz not null,                 -- updated_at at WorkOS
  event   text collate "C" not null,            -- of which event; '~' is a state that was fetched
  deleted boolean not null,
  doubt   boolean not null default false,       -- two states of one instant: the later event's is taken, and the object is fetched to be sure
  org_id  text,                                 -- of a membership, invitation or organization's role
  user_id text,                                 -- of a membership; of an organization: whose personal one it is
  state   jsonb,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (kind, id)
);
-- Of a membership, kept in its tombstone too: when it began, whether WorkOS ever suspended it, and what it was when it ended.
alter table tenancy.object add column if not exists born timestamptz;
alter table tenancy.object add column if not exists halted boolean not null default false;
alter table tenancy.object add column if not exists ending text;
create index if not exists object_org_id on tenancy.object (org_id, kind);
create index if not exists object_doubt on tenancy.object (kind, id) where doubt;
create index if not exists object_user_id on tenancy.object (user_id, kind);

create table if not exists tenancy.cursor (
  name       text primary key,
  after      text,                              -- the last event that was applied; null: from `since` on
  since      timestamptz not null,
  reconciled timestamptz                        -- when everything was compared for the last time
);

-- What happened, in the transaction of the change: ids, roles and states only. Nobody changes a row, and nobody removes one before its time
-- (config.events_keep); it names no organization by a foreign key and outlives the one it tells of.
create table if not exists tenancy.outbox (
  id      bigint generated always as identity primary key,
  at      timestamptz not null default clock_timestamp(),
  topic   text not null,
  org_id  text,
  subject text,                                 -- the id of the person, invitation or membership
  actor   text,                                 -- the person who asked for it; null: WorkOS said so
  data    jsonb not null default '{}'
);
create index if not exists outbox_org_id on tenancy.outbox (org_id, id);
create index if not exists outbox_at on tenancy.outbox (at);

create table if not exists tenancy.config (
  one           boolean primary key default true check (one),
  owner_role    text not null,
  former_role   text not null,
  default_type  text,
  product_names boolean not null                -- names and images belong to the product: WorkOS fills only empty ones
);
alter table tenancy.config add column if not exists events_keep interval not null default '7 years';
create table if not exists tenancy.organization_type (
  type    text primary key,
  solo    boolean not null,
  tiers   text[] not null,
  becomes text[] not null
);
-- The type of homes: one organization a person, never anybody else's.
alter table tenancy.organization_type add column if not exists personal boolean not null default false;
create table if not exists tenancy.feature (type text not null, tier text not null, feature text not null, primary key (type, tier, feature));
-- `declared`: by the product, and then WorkOS does not change it.
create table if not exists tenancy.permission (slug text collate "C" primary key, declared boolean not null);
create table if not exists tenancy.role (
  org_id   text not null,                       -- '' is every organization's
  slug     text not null,
  patterns text[] not null,
  declared boolean not null,
  primary key (org_id, slug)
);

-- Which columns name an organization beside foreign keys, what is kept when one is deleted, and which columns let go of it.
create table if not exists tenancy.organization_column (name text primary key, party boolean not null);
create table if not exists tenancy.product_schema (name text primary key);
create table if not exists tenancy.archive_rule (
  rel     text primary key,                     -- schema.table
  keep    interval not null,
  columns text[]                                -- null: all
);
create table if not exists tenancy.release_rule (
  rel    text not null,
  name   text not null,                         -- the column that then names the stand-in
  blank  jsonb not null,                        -- what the columns about the person become
  primary key (rel, name)
);

-- Columns that name a person: rows that go, in other organizations too, when the person is erased.
create table if not exists tenancy.erase_rule (rel text not null, name text not null, primary key (rel, name));

-- Who owns an organization, whatever other owners WorkOS names.
create table if not exists tenancy.owner (
  org_id  text primary key,
  user_id text not null,
  since   timestamptz not null default clock_timestamp()
);
create index if not exists owner_user_id on tenancy.owner (user_id);

-- A transfer that WorkOS has not confirmed yet; here it counts at once. While it is open tenancy.owner names the old owner.
create table if not exists tenancy.transfer (
  org_id    text primary key,
  from_user text not null,
  to_user   text not null,
  asked_at  timestamptz not null default clock_timestamp()
);
-- Which process is telling WorkOS, and until when no other one does.
alter table tenancy.transfer add column if not exists holder text;
alter table tenancy.transfer add column if not exists held_until timestamptz;

-- Who is leaving right now: nobody makes that person the owner meanwhile.
create table if not exists tenancy.departure (
  org_id  text not null,
  user_id text not null,
  at      timestamptz not null default clock_timestamp(),
  primary key (org_id, user_id)
);

create table if not exists tenancy.deletion (
  org_id       text primary key,
  requested_by text,
  requested_at timestamptz not null default clock_timestamp(),
  users        text[] not null,                 -- the person to erase with it
  state        text not null check (state in ('requested', 'archiving', 'emptying', 'emptied', 'done')),
  rows         bigint not null default 0,       -- emptied so far
  finished_at  timestamptz
);

-- The proved addresses of who is being erased, in lower case; emptied when it is done.
alter table tenancy.deletion add column if not exists addresses text[] not null default '{}';

-- The home with whose person this one goes: a practice that nobody else was ever in.
alter table tenancy.deletion add column if not exists part_of text;

-- The key of the hashes below, as the two padded blocks of HMAC (RFC 2104). Only functions that run as rehome_fn_organizations read it.
create table if not exists tenancy.address_key (
  one       boolean primary key default true check (one),
  inner_pad bytea not null,
  outer_pad bytea not null
);

-- HMAC-SHA-256 of the addresses of persons who were erased: what WorkOS says later of an invitation made before is matched, and never stored.
create table if not exists tenancy.erased_address (
  hash bytea primary key,
  at   timestamptz not null                     -- infinity while the erasure goes on
);

-- What law keeps of deleted organizations. Encrypted columns stay as they were.
create table if not exists tenancy.archive (
  org_id     text not null,
  rel        text not null,
  row_key    text not null,                     -- of the primary key, as json
  content    json not null,                     -- not jsonb, which refuses what a product's json may hold
  deleted_at timestamptz not null default now(),
  keep_until timestamptz not null,
  primary key (org_id, rel, row_key)
);
create index if not exists archive_keep_until on tenancy.archive (keep_until);
