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

-- Makes another active member the owner, at once; what remains is to tell WorkOS (tenancy.transfer). Asking again changes nothing.
create or replace function tenancy.transfer_ownership(org text, from_person text, to_person text) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from tenancy.lock for update;
  if exists (select from tenancy.transfer t where t.org_id = org and t.from_user = from_person and t.to_user = to_person) then return; end if;
  perform tenancy.require_owner(org, from_person);
  if from_person = to_person then return; end if;
  if not exists (select from public.memberships m where m.org_id = org and m.workos_user_id = to_person and m.status::text = 'active') then
    raise exception 'the new owner is no active member' using errcode = 'RO004';
  end if;
  insert into tenancy.transfer (org_id, from_user, to_user) values (org, from_person, to_person)
    on conflict (org_id) do update set from_user = excluded.from_user, to_user = excluded.to_user, asked_at = clock_timestamp();
  perform tenancy.mirror_memberships(array[org]);
  insert into tenancy.outbox (topic, org_id, subject, actor) values ('organization.transferred', org, to_person, from_person);
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

-- The membership that ends when this person leaves.
create or replace function tenancy.leaving(org text, person text) returns text
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  m record;
begin
  perform from tenancy.lock for update;
  select k.id, k.role_slug, k.status::text as status into m from public.memberships k where k.org_id = org and k.workos_user_id = person;
  if m.id is null then raise exception 'no membership' using errcode = 'RO004'; end if;
  if m.status = 'active' and m.role_slug = (select c.owner_role from tenancy.config c) then
    raise exception 'the owner cannot leave' using errcode = 'RO005';
  end if;
  return m.id;
end $$;

-- Whether this organization may invite somebody with this role now; refuses with the reason.
create or replace function tenancy.check_inviting(org text, role_slug text) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  is_solo boolean;
begin
  select t.solo into is_solo from public.organizations o left join tenancy.organization_type t on t.type = o.type::text where o.id = org;
  if not found then raise exception 'no such organization' using errcode = 'RO008'; end if;
  if exists (select from tenancy.deletion d where d.org_id = org) then raise exception 'organization is being deleted' using errcode = 'RO007'; end if;
  if is_solo then raise exception 'a solo organization has one member' using errcode = 'RO002'; end if;
  if not exists (select from tenancy.role r where r.slug = check_inviting.role_slug and r.org_id in ('', org)) then
    raise exception 'no such role' using errcode = 'RO009';
  end if;
end $$;

-- Invitations of other organizations to an address of somebody who is being erased keep none, and those that are open end. Events that WorkOS
-- sends of them later do not bring it back: for tenancy.object they are gone.
create or replace function tenancy.forget_invitations(addresses text[]) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if addresses = '{}' then return; end if;
  insert into tenancy.object as o (kind, id, at, event, deleted, org_id)
    select 'invitation', i.id, now(), '~', true, i.org_id from public.invitations i where lower(i.email) = any (addresses)
    union
    select 'invitation', v.id, now(), '~', true, v.org_id from tenancy.object v where v.kind = 'invitation' and lower(v.state ->> 'email') = any (addresses)
    on conflict (kind, id) do update set deleted = true, doubt = false, state = null, seen_at = clock_timestamp();
  with ended as (
    update public.invitations i set status = 'revoked'::text /*invitation status*/
     where lower(i.email) = any (addresses) and i.status::text = 'pending' returning i.id, i.org_id, i.role_slug
  )
  insert into tenancy.outbox (topic, org_id, subject, data)
    select 'invitation.revoked', e.org_id, e.id, jsonb_build_object('role', e.role_slug) from ended e;
  update public.invitations i set email = '' where lower(i.email) = any (addresses);
end $$;

-- Asks for the deletion: everybody is suspended in the same transaction, so that nothing is written any more by anyone signed in. With
-- erase_people whoever asks is erased, too, and is suspended in every organization: it must be that person's personal one, and nobody else's.
create or replace function tenancy.request_deletion(org text, person text, erase_people boolean) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  people text[] := '{}';
  proved text[] := '{}';     -- an address that was never proved may be somebody else's
begin
  perform from tenancy.lock for update;
  if exists (select from tenancy.deletion d where d.org_id = org) then
    if erase_people and not exists (select from tenancy.deletion d where d.org_id = org and person = any (d.users)) then
      raise exception 'a deletion without erasure was asked for before' using errcode = 'RO007';
    end if;
    return;
  end if;
  perform tenancy.require_owner(org, person);
  if erase_people then
    people := array(select u.workos_user_id from public.users u where u.org_id = org);
    if people <> array[person] then raise exception 'not the personal organization of who asks' using errcode = 'RO003'; end if;
    if exists (select from public.memberships m cross join tenancy.config c
                where m.workos_user_id = person and m.org_id <> org and m.status::text = 'active' and m.role_slug = c.owner_role) then
      raise exception 'the person owns another organization' using errcode = 'RO005';
    end if;
    proved := array(select lower(u.email) from public.users u where u.workos_user_id = person and u.email_verified);
    perform tenancy.forget_invitations(proved);
  end if;
  insert into tenancy.deletion (org_id, requested_by, users, addresses, state) values (org, person, people, proved, 'requested');
  perform tenancy.mirror_memberships(array(select org union select m.org_id from public.memberships m where m.workos_user_id = any (people)));
  -- What rows of other organizations name once this one is gone. It counts as claimed: nobody may take those rows.
  insert into public.organizations (id, type, tier, name, slug, claimed)
    select 'org_erased', t.type::text /*organization type*/, t.tiers[1]::text /*organization tier*/, null, null, true
      from tenancy.organization_type t order by t.solo desc, t.type limit 1 on conflict do nothing;
  insert into tenancy.outbox (topic, org_id, actor) values ('organization.deletion_requested', org, person);
end $$;

revoke all on function tenancy.require_owner(text, text), tenancy.transfer_ownership(text, text, text), tenancy.change_type(text, text, text, text),
  tenancy.leaving(text, text), tenancy.check_inviting(text, text), tenancy.forget_invitations(text[]), tenancy.request_deletion(text, text, boolean) from public;
grant execute on function tenancy.require_owner(text, text), tenancy.transfer_ownership(text, text, text), tenancy.change_type(text, text, text, text),
  tenancy.leaving(text, text), tenancy.check_inviting(text, text), tenancy.forget_invitations(text[]), tenancy.request_deletion(text, text, boolean)
  to rehome_job_sync;
