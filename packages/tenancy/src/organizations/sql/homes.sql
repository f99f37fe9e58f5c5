-- A person's home and what the person founds. Run as the installer after apply.sql; may be run again.
set local role rehome_owner;

-- The type of homes.
create or replace function tenancy.personal_type() returns text
stable language sql set search_path = pg_catalog, pg_temp as $$
  select t.type from tenancy.organization_type t where t.personal
$$;

-- The person's own organization, once person, organization and membership are all here.
create or replace function tenancy.personal_organization(person text) returns text
stable strict language sql set search_path = pg_catalog, pg_temp as $$
  select u.org_id from public.users u
   where u.workos_user_id = person and exists (select from public.memberships m where m.org_id = u.org_id and m.workos_user_id = person)
$$;

-- The home that was once made for the person, whatever has become of the membership there.
create or replace function tenancy.home_of(person text) returns text
stable strict language sql set search_path = pg_catalog, pg_temp as $$
  select u.org_id from public.users u where u.workos_user_id = person
$$;

-- The organization of exactly this type that the person owns, suspended or not: the oldest, by its id. Not one that is being deleted.
create or replace function tenancy.founded_organization(person text, of_type text) returns text
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from tenancy.organization_type t where t.type = of_type and not t.personal) then
    raise exception 'nobody founds an organization of this type' using errcode = 'RO006';
  end if;
  return (select m.org_id from public.memberships m join public.organizations o on o.id = m.org_id cross join tenancy.config c
           where m.workos_user_id = person and m.role_slug = c.owner_role and o.type::text = of_type
             and not exists (select from tenancy.deletion d where d.org_id = m.org_id)
             and not exists (select from public.users u where u.org_id = m.org_id)
           order by m.org_id collate "C" limit 1);
end $$;

-- Whether a person may be made the member of an organization that was found by its creation key: nobody else is or was in it, no membership of
-- that person in it has ended, and it is still of the type it was made as.
create or replace function tenancy.may_join(org text, person text, of_type text) returns boolean
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return not exists (select from tenancy.object m where m.kind = 'membership' and m.org_id = org and (m.user_id is distinct from person or m.deleted))
     and not exists (select from public.memberships m where m.org_id = org and m.workos_user_id <> person)
     and not exists (select from public.organizations o where o.id = org and o.type::text <> of_type)
     and not exists (select from public.users u where u.org_id = org and u.workos_user_id <> person)
     and not exists (select from tenancy.deletion d where d.org_id = org)
     and not exists (select from tenancy.object g where g.kind = 'organization' and g.id = org and g.deleted);
end $$;

-- Whether the person was suspended in the organization last, though no membership there is left.
create or replace function tenancy.is_held(org text, person text) returns boolean
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return coalesce((select case when m.deleted then coalesce(m.ending, 'inactive') else m.state ->> 'status' end = 'inactive'
                     from tenancy.object m where m.kind = 'membership' and m.org_id = org and m.user_id = person and (m.halted or m.ending = 'inactive')
                    order by m.born desc nulls last, m.id desc limit 1), false);
end $$;

revoke all on function tenancy.personal_type(), tenancy.home_of(text), tenancy.personal_organization(text), tenancy.founded_organization(text, text),
  tenancy.may_join(text, text, text), tenancy.is_held(text, text) from public;
grant execute on function tenancy.personal_type(), tenancy.home_of(text), tenancy.personal_organization(text), tenancy.founded_organization(text, text),
  tenancy.may_join(text, text, text), tenancy.is_held(text, text) to rehome_job_sync;

set local role rehome_fn_organizations;

-- For the deletion job, which sees no organization but those that are being deleted: whether one has a row here.
create or replace function tenancy.is_known_organization(org text) returns boolean
stable strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return exists (select from public.organizations o where o.id = org);
end $$;
revoke all on function tenancy.is_known_organization(text) from public;
grant execute on function tenancy.is_known_organization(text) to rehome_job_deletion;
