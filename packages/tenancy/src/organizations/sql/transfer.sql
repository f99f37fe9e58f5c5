-- How ownership goes on. For the sync job, on behalf of the named person. Run as the installer after owner.sql; may be run again.
set local role rehome_owner;

-- Makes another active member the owner, at once; what remains is that WorkOS confirms it (tenancy.transfer). Asking again changes nothing; a
-- second transfer has to wait for the first.
create or replace function tenancy.transfer_ownership(org text, from_person text, to_person text) returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  open tenancy.transfer;
begin
  perform from tenancy.lock for update;
  select * into open from tenancy.transfer t where t.org_id = org;
  if (open.from_user, open.to_user) = (from_person, to_person) then return; end if;
  if open.org_id is not null then raise exception 'another transfer is open' using errcode = 'RO012'; end if;
  perform tenancy.require_owner(org, from_person);
  if from_person = to_person then return; end if;
  if not exists (select from public.memberships m where m.org_id = org and m.workos_user_id = to_person and m.status::text = 'active')
     or exists (select from tenancy.departure d where d.org_id = org and d.user_id = to_person and d.at > clock_timestamp() - interval '15 minutes') then
    raise exception 'the new owner is no active member' using errcode = 'RO004';
  end if;
  insert into tenancy.owner as w (org_id, user_id) values (org, from_person) on conflict (org_id) do update set user_id = excluded.user_id
    where w.user_id <> excluded.user_id;
  insert into tenancy.transfer (org_id, from_user, to_user) values (org, from_person, to_person);
  perform tenancy.mirror_memberships(array[org]);
  insert into tenancy.outbox (topic, org_id, subject, actor) values ('organization.transferred', org, to_person, from_person);
end $$;

-- Whether this transfer is still open and the caller is the only one who tells WorkOS of it: asked before each request. Nobody else is for the next
-- fifteen minutes, which is longer than a request may take, so that none arrives after a later transfer.
create or replace function tenancy.hold_transfer(org text, from_person text, to_person text, by_holder text) returns boolean
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from tenancy.lock for update;
  update tenancy.transfer t set holder = by_holder, held_until = clock_timestamp() + interval '15 minutes'
   where t.org_id = org and t.from_user = from_person and t.to_user = to_person
     and (t.holder = by_holder or t.held_until is null or t.held_until < clock_timestamp());
  return found;
end $$;

-- Another process may go on.
create or replace function tenancy.release_transfer(org text, by_holder text) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update tenancy.transfer t set holder = null, held_until = null where t.org_id = org and t.holder = by_holder;
end $$;

-- Ends an open transfer: WorkOS confirmed the new owner, or that one is no active member there any more and the old owner stays.
create or replace function tenancy.close_transfer(org text, by_holder text, confirmed boolean) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  ended tenancy.transfer;
begin
  perform from tenancy.lock for update;
  delete from tenancy.transfer t where t.org_id = org and t.holder = by_holder returning * into ended;
  if ended.org_id is null then return; end if;
  insert into tenancy.owner as w (org_id, user_id)
    select o.id, case when confirmed then ended.to_user else ended.from_user end from public.organizations o where o.id = org
    on conflict (org_id) do update set user_id = excluded.user_id, since = clock_timestamp();
  perform tenancy.mirror_memberships(array[org]);
  if not confirmed then
    insert into tenancy.outbox (topic, org_id, subject, actor) values ('organization.transfer_undone', org, ended.to_user, ended.from_user);
  end if;
end $$;

revoke all on function tenancy.transfer_ownership(text, text, text), tenancy.hold_transfer(text, text, text, text), tenancy.release_transfer(text, text),
  tenancy.close_transfer(text, text, boolean) from public;
grant execute on function tenancy.transfer_ownership(text, text, text), tenancy.hold_transfer(text, text, text, text),
  tenancy.release_transfer(text, text), tenancy.close_transfer(text, text, boolean) to rehome_job_sync;
