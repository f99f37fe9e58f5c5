-- What an owner asks for at the end. For the sync job, on behalf of the named person. Run as the installer after owner.sql; may be run again.
set local role rehome_owner;

-- Invitations of other organizations to an address of somebody who is being erased keep none, and those that are open end. Events that WorkOS
-- sends of them later do not bring it back: for tenancy.object they are gone.
create or replace function tenancy.forget_invitations(addresses text[]) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  if addresses = '{}' then return; end if;
  insert into tenancy.object as o (kind, id, at, event, deleted, org_id)
    select 'invitation', i.id, now(), '~', true, i.org_id from public.invitations i where tenancy.email_key(lower(i.email)) = any (addresses)
    union
    select 'invitation', v.id, now(), '~', true, v.org_id from tenancy.object v
     where v.kind = 'invitation' and tenancy.email_key(lower(v.state ->> 'email')) = any (addresses)
    on conflict (kind, id) do update set deleted = true, doubt = false, state = null, seen_at = clock_timestamp();
  with ended as (
    update public.invitations i set status = 'revoked'::text /*invitation status*/
     where tenancy.email_key(lower(i.email)) = any (addresses) and i.status::text = 'pending' returning i.id, i.org_id, i.role_slug
  )
  insert into tenancy.outbox (topic, org_id, subject, data)
    select 'invitation.revoked', e.org_id, e.id, jsonb_build_object('role', e.role_slug) from ended e;
  update public.invitations i set email = '' where tenancy.email_key(lower(i.email)) = any (addresses);
end $$;

-- Asks for the deletion: everybody is suspended in the same transaction, so that nothing is written any more by anyone signed in. With
-- erase_people whoever asks is erased, too, and is suspended in every organization: it must be that person's home. With it go the organizations
-- that the person owns and nobody else was ever in; of any other that the person owns the ownership has to be handed on before.
-- `more`: addresses that are proved to be the person's, beside the one known here.
drop function if exists tenancy.request_deletion(text, text, boolean);
create or replace function tenancy.request_deletion(org text, person text, erase_people boolean, more text[]) returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  people text[] := '{}';
  proved text[] := '{}';     -- an address that was never proved may be somebody else's
  parts  text[] := '{}';
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
    if people <> array[person] or not exists (select from public.organizations o join tenancy.organization_type t on t.type = o.type::text and t.personal
                                               where o.id = org) then
      raise exception 'not the home of who asks' using errcode = 'RO003';
    end if;
    parts := array(
      select w.org_id from tenancy.owner w where w.user_id = person
      union
      select m.org_id from public.memberships m cross join tenancy.config c where m.workos_user_id = person and m.role_slug = c.owner_role
      union
      select x.org_id from tenancy.transfer x where person in (x.from_user, x.to_user)
      except
      select d.org_id from tenancy.deletion d
      except
      select org);
    if exists (select from tenancy.object m where m.kind = 'membership' and m.org_id = any (parts) and m.user_id is distinct from person
                                                   and coalesce(m.state ->> 'status', m.ending, 'active') <> 'pending')
       or exists (select from public.memberships m where m.org_id = any (parts) and m.workos_user_id <> person and m.status::text <> 'invited') then
      raise exception 'the person owns an organization of others' using errcode = 'RO005';
    end if;
    parts := array(select o.id from public.organizations o where o.id = any (parts));
    proved := array(select tenancy.email_key(lower(a)) from unnest(more) a
                    union select tenancy.email_key(lower(u.email)) from public.users u where u.workos_user_id = person and u.email_verified);
    perform tenancy.remember_erased(proved);
    perform tenancy.forget_invitations(proved);
  end if;
  insert into tenancy.deletion (org_id, requested_by, users, addresses, state) values (org, person, people, proved, 'requested');
  insert into tenancy.deletion (org_id, requested_by, users, state, part_of) select p, person, '{}', 'requested', org from unnest(parts) p;
  perform tenancy.mirror_memberships(array(select org union select unnest(parts)
                                           union select m.org_id from public.memberships m where m.workos_user_id = any (people)));
  -- What rows of other organizations name once this one is gone. It counts as claimed: nobody may take those rows.
  insert into public.organizations (id, type, tier, name, slug, claimed)
    select 'org_erased', t.type::text /*organization type*/, t.tiers[1]::text /*organization tier*/, null, null, true
      from tenancy.organization_type t where t.personal limit 1 on conflict do nothing;
  insert into tenancy.outbox (topic, org_id, actor) select 'organization.deletion_requested', o, person from unnest(array[org] || parts) o;
end $$;

revoke all on function tenancy.forget_invitations(text[]), tenancy.request_deletion(text, text, boolean, text[]) from public;
grant execute on function tenancy.forget_invitations(text[]), tenancy.request_deletion(text, text, boolean, text[]) to rehome_job_sync;
