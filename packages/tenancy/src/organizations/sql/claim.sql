-- Gives what a guest left to the person who proved the address. Run as the installer; may be run again.
set local role rehome_owner;

-- For the claim job, which asked WorkOS that the address is the person's and verified. Once only: of two at the same time one finds nothing.
-- The guest's organization goes: its foreign keys prove that no row was forgotten, and who books later with that address is a new guest.
-- Returns the rows given by table and column; null when nobody booked with that address.
create or replace function tenancy.claim_guest(person text, address text) returns jsonb
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  home  text;
  guest text;
  c     record;
  n     bigint;
  given jsonb := '{}';
begin
  select u.org_id into home from public.users u where u.workos_user_id = person;
  if home is null then raise exception 'the person has no organization here' using errcode = 'RO008'; end if;
  if exists (select from tenancy.deletion d where d.org_id = home) then raise exception 'organization is being deleted' using errcode = 'RO007'; end if;
  select g.org_id into guest from public.guests g where g.email_key = tenancy.email_key(address) for update;
  if guest is null then return null; end if;
  -- Bookings that are under way end first; later ones find the organization gone.
  perform from public.organizations o where o.id = guest and not o.claimed for update;
  if not found then return null; end if;
  for c in select * from tenancy.organization_columns() o
            where o.rel <> 'public.guests'::regclass and has_column_privilege(o.rel, o.name, 'UPDATE') loop
    execute format('update %s set %I = $1 where %2$I = $2', c.rel, c.name) using home, guest;
    get diagnostics n = row_count;
    if n > 0 then given := given || jsonb_build_object(c.rel || '.' || c.name, n); end if;
  end loop;
  delete from public.guests g where g.org_id = guest;
  delete from public.organizations o where o.id = guest and not o.claimed;
  insert into tenancy.outbox (topic, org_id, subject, actor, data)
    values ('guest.claimed', home, guest, person, given);
  return given;
exception when foreign_key_violation then
  raise exception 'rows of the guest are in a table the claim job has no right on' using errcode = 'RO010';
end $$;

revoke all on function tenancy.claim_guest(text, text) from public;
grant execute on function tenancy.claim_guest(text, text) to rehome_job_claim;
