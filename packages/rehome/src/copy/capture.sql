-- Change capture and the write fence, the same on legacy and on the target. Owned by the mover; the product has no right on schema rehome.
-- May be run again.
create schema if not exists rehome;

-- Keys of rows that the product wrote and that were not carried over yet. Current rows are read when they are carried, so a key is enough.
create table if not exists rehome.change (
  id  bigint generated always as identity primary key,
  tbl text not null,
  key text not null
);

-- Nothing is ever in it: every writing transaction holds ROW SHARE on it, a freeze takes EXCLUSIVE and so waits for all of them.
-- A table lock and not an advisory one: the product has no right on this table, so it cannot take the lock by itself. It holds it while a transaction
-- that wrote is open, however little: a freeze waits for those, and gives up after its patience.
create table if not exists rehome.fence (nothing boolean);

-- Which run of the mover may write here; a run that was overtaken holds an older one and is refused. Used on legacy: the target has the ledger's.
create table if not exists rehome.epoch (
  one   boolean primary key default true check (one),
  epoch bigint not null default 0
);
insert into rehome.epoch default values on conflict do nothing;

-- 1 = this database takes the product's writes, 2 = it does not. A sequence, because reading one is outside MVCC: a transaction with an
-- old snapshot sees it closed too.
create sequence if not exists rehome.fence_state minvalue 1 maxvalue 2;

revoke all on schema rehome from public;

create or replace function rehome.fence() returns trigger language plpgsql security definer set search_path = '' as $$
begin
  if session_user = tg_argv[0] and current_setting('rehome.apply', true) = 'on' then
    return null;
  end if;
  begin
    lock table rehome.fence in row share mode nowait;
  exception when lock_not_available then
    raise exception 'Writes are paused for a moment: a switch of databases is under way.' using errcode = 'RH001', hint = 'Retry the transaction.';
  end;
  if (select last_value from rehome.fence_state) = 2 then
    raise exception 'This database does not take writes: the other one serves.' using errcode = 'RH002', hint = 'Ask the switch which database serves.';
  end if;
  return null;
end $$;

-- TRUNCATE names no keys, so what it removed could not be carried.
create or replace function rehome.refuse_truncate() returns trigger language plpgsql set search_path = '' as $$
begin
  raise exception 'TRUNCATE is refused while rehome follows changes.' using errcode = 'RH004', hint = 'DELETE the rows instead.';
end $$;
