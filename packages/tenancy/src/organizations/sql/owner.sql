-- What an owner may do, and whoever leaves. For the sync job, on behalf of the named person. Run as the installer; may be run again.
set local role rehome_owner;

-- Locks the organization and refuses unless the person owns it and nobody is deleting it.
create or replace function tenancy.require_owner(org text, person text) returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from tenancy.lock for update;
  perform from public.organizations o where o.id = org for no key update nowait;      -- 55P03: nobody waits with the lock in hand
  if not found then raise exception 'no such organization' using errcode = 'RO008'; end if;
  if exists (select from tenancy.deletion d where d.org_id = org) then raise exception 'organization is being deleted' using errcode = 'RO007'; end if;
  if not exists (select from public.memberships m cross join tenancy.config c
                  where m.org_id = org and m.workos_user_id = person and m.status::text = 'active' and m.role_slug = c.owner_role) then
    raise exception 'not the owner' using errcode = 'RO003';
  end if;
end $$;

-- Type, and the first tier of the new type unless the present one fits or another is named. The trigger refuses what is not declared.
create or replace function tenancy.change_type(org text, person text, to_type text, to_tier text) returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  o record;
  tiers_there text[];
begin
  perform tenancy.require_owner(org, person);
  select g.type::text as type, g.tier::text as tier into o from public.organizations g where g.id = org;
  select t.tiers into tiers_there from tenancy.organization_type t where t.type = to_type;
  if tiers_there is null then raise exception 'type is not declared' using errcode = 'RO006'; end if;
  to_tier := coalesce(to_tier, case when o.tier = any (tiers_there) then o.tier end, tiers_there[1]);
  if o.type = to_type and o.tier = to_tier then return; end if;
  update public.organizations g set type = to_type::text /*organization type*/, tier = to_tier::text /*organization tier*/ where g.id = org;
  insert into tenancy.outbox (topic, org_id, actor, data)
    values ('organization.type_changed', org, person, jsonb_build_object('from', o.type, 'to', to_type, 'tier', to_tier));
end $$;

-- The membership that ends when this person leaves. Owners stay, suspended or not, and so does whoever is suspended: leaving ends no suspension.
create or replace function tenancy.leaving(org text, person text) returns text
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  m record;
begin
  perform from tenancy.lock for update;
  select k.id, k.role_slug, k.status::text as status into m from public.memberships k where k.org_id = org and k.workos_user_id = person;
  if m.id is null then raise exception 'no membership' using errcode = 'RO004'; end if;
  if m.role_slug = (select c.owner_role from tenancy.config c)
     or exists (select from tenancy.owner w where w.org_id = org and w.user_id = person)
     or exists (select from public.users u where u.org_id = org and u.workos_user_id = person) then
    raise exception 'the owner cannot leave' using errcode = 'RO005';
  end if;
  if m.status <> 'active' then raise exception 'not an active member' using errcode = 'RO004'; end if;
  insert into tenancy.departure as d (org_id, user_id) values (org, person) on conflict (org_id, user_id) do update set at = clock_timestamp();
  return m.id;
end $$;

-- Whether this organization may invite somebody with this role now; refuses with the reason.
create or replace function tenancy.check_inviting(org text, role_slug text) returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_solo boolean;
begin
  select t.solo into is_solo from public.organizations o left join tenancy.organization_type t on t.type = o.type::text where o.id = org;
  if not found then raise exception 'no such organization' using errcode = 'RO008'; end if;
  if exists (select from tenancy.deletion d where d.org_id = org) then raise exception 'organization is being deleted' using errcode = 'RO007'; end if;
  if is_solo then raise exception 'a solo organization has one member' using errcode = 'RO002'; end if;
  if check_inviting.role_slug = (select c.owner_role from tenancy.config c) then
    raise exception 'nobody is invited as the owner' using errcode = 'RO013';
  end if;
  if not exists (select from tenancy.role r where r.slug = check_inviting.role_slug and r.org_id in ('', org)) then
    raise exception 'no such role' using errcode = 'RO009';
  end if;
end $$;

-- Refuses an invitation that is not this organization's, or is not known here.
create or replace function tenancy.check_invitation_of(org text, invitation text) returns void
stable language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if not exists (select from public.invitations i where i.id = invitation and i.org_id = org) then
    raise exception 'no such invitation in this organization' using errcode = 'RO014';
  end if;
end $$;

revoke all on function tenancy.require_owner(text, text), tenancy.change_type(text, text, text, text), tenancy.leaving(text, text),
  tenancy.check_inviting(text, text), tenancy.check_invitation_of(text, text) from public;
grant execute on function tenancy.require_owner(text, text), tenancy.change_type(text, text, text, text), tenancy.leaving(text, text),
  tenancy.check_inviting(text, text), tenancy.check_invitation_of(text, text) to rehome_job_sync;
