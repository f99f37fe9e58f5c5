-- Addresses of persons who were erased, known by a keyed hash only. Run as the installer after rules.sql; may be run again.
set local role rehome_owner;
grant execute on function tenancy.email_key(text) to rehome_fn_organizations;

set local role rehome_fn_organizations;

-- HMAC-SHA-256 (RFC 2104) of an address, under the key drawn when this was installed. No role of the application may call it.
create or replace function tenancy.address_hash(address text) returns bytea
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return (select sha256(k.outer_pad || sha256(k.inner_pad || convert_to(tenancy.email_key(lower(address)), 'UTF8'))) from tenancy.address_key k);
end $$;

-- Whether something made at this instant is from before the person with the address was erased. WorkOS's clock may go a little ahead of ours.
create or replace function tenancy.is_erased(address text, made timestamptz) returns boolean
stable security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if address is null or not exists (select from tenancy.erased_address) then return false; end if;
  return exists (select from tenancy.erased_address e
                  where e.hash = tenancy.address_hash(address) and coalesce(made, '-infinity') <= e.at + interval '5 minutes');
end $$;

-- From now on, and until the erasure is done, nothing said of these addresses is kept.
create or replace function tenancy.remember_erased(addresses text[]) returns void
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  insert into tenancy.erased_address (hash, at) select distinct tenancy.address_hash(a), 'infinity'::timestamptz from unnest(addresses) a
    on conflict (hash) do update set at = excluded.at;
end $$;

-- A deletion that is done keeps no address, and what is made from then on for one of them is a new beginning.
create or replace function tenancy.end_deletion() returns trigger
security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update tenancy.erased_address e set at = clock_timestamp() where e.hash in (select tenancy.address_hash(a) from unnest(old.addresses) a);
  delete from tenancy.owner w where w.org_id = old.org_id;
  new.addresses := '{}';
  return new;
end $$;

revoke all on function tenancy.address_hash(text), tenancy.is_erased(text, timestamptz), tenancy.remember_erased(text[]), tenancy.end_deletion() from public;
grant execute on function tenancy.is_erased(text, timestamptz), tenancy.remember_erased(text[]) to rehome_job_sync;
grant execute on function tenancy.end_deletion() to rehome_owner;     -- to make the trigger

set local role rehome_owner;
create or replace trigger end_deletion before update of state on tenancy.deletion for each row
  when (new.state = 'done' and old.state <> 'done') execute function tenancy.end_deletion();
