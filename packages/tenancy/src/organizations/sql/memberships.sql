-- From what WorkOS said to the mirror that the guard asks. Run as the installer after rules.sql; may be run again.
set local role rehome_owner;

-- The memberships of these organizations that are known: one for each person.
--   of two memberships of one person in one organization the younger one counts (WorkOS allows one at a time, so the older one is gone);
--   a membership waits until its organization and its person are known, and ends with either.
-- `held`: the person was suspended there last, and nothing has lifted it since: neither the end of that membership nor a new one does. What lifts
-- it is a membership that WorkOS suspended and then made active again.
-- `home_of`: whose home the organization is.
create or replace function tenancy.known_memberships(orgs text[])
returns table (org_id text, user_id text, id text, status text, created timestamptz, roles text[], doubt boolean, held boolean, solo boolean,
  personal boolean, home_of text)
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return query
  with known as (
    select m.org_id, m.user_id, m.id, m.state ->> 'status' as status, (m.state ->> 'created')::timestamptz as created, m.doubt, false as here,
           array(select jsonb_array_elements_text(m.state -> 'roles')) as roles
      from tenancy.object m
     where m.kind = 'membership' and not m.deleted and m.org_id = any (orgs)
    union all
    -- Rows that were here before the first sync.
    select m.org_id, m.workos_user_id, m.id, case m.status::text when 'suspended' then 'inactive' when 'invited' then 'pending' else 'active' end,
           '-infinity', false, true, array[m.role_slug]
      from public.memberships m
     where m.org_id = any (orgs) and not exists (select from tenancy.object o where o.kind = 'membership' and o.id = m.id)
  ), halted as (
    select distinct on (h.org_id, h.user_id) h.org_id, h.user_id,
           case when h.deleted then coalesce(h.ending, 'inactive') else h.state ->> 'status' end = 'inactive' as held
      from tenancy.object h
     where h.kind = 'membership' and h.org_id = any (orgs) and (h.halted or h.ending = 'inactive')
     order by h.org_id, h.user_id, h.born desc nulls last, h.id desc
  )
  select distinct on (k.org_id, k.user_id) k.org_id, k.user_id, k.id, k.status, k.created, k.roles, k.doubt, coalesce(h.held, false),
         coalesce(t.solo, false), coalesce(t.personal, false),
         case when t.personal then coalesce((select min(u.workos_user_id) from public.users u where u.org_id = k.org_id), g.user_id) end
    from known k
    join public.organizations o on o.id = k.org_id
    left join tenancy.organization_type t on t.type = o.type::text
    left join tenancy.object g on g.kind = 'organization' and g.id = k.org_id
    left join halted h on h.org_id = k.org_id and h.user_id = k.user_id
   where g.deleted is not true
     and not exists (select from tenancy.object u where u.kind = 'user' and u.id = k.user_id and u.deleted)
     and (k.here or exists (select from tenancy.object u where u.kind = 'user' and u.id = k.user_id)
          or exists (select from public.users u where u.workos_user_id = k.user_id))
   order by k.org_id, k.user_id, k.created desc, k.id desc;
end $$;

-- Who owns these organizations from now on. A home is its person's. Elsewhere the first whom WorkOS called owner stays the owner, suspended or not,
-- until the ownership is transferred here, or WorkOS says that this one is no member, or has another role, any more; then the oldest whom WorkOS
-- calls owner is, an active one before others. While a transfer is open nothing changes.
create or replace function tenancy.settle_owners(orgs text[]) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  with may as (
    select k.*, w.user_id is not null as is_owner from tenancy.known_memberships(orgs) k cross join tenancy.config c
      left join tenancy.owner w on w.org_id = k.org_id and w.user_id = k.user_id
     where case when k.home_of is not null then k.user_id = k.home_of
                else c.owner_role = any (k.roles) and k.status <> 'pending' or w.user_id is not null and k.doubt end
  ), chosen as (
    select distinct on (m.org_id) m.org_id, m.user_id from may m
     order by m.org_id, m.is_owner desc, (m.status = 'active' and not m.held) desc, m.created, m.id
  ), settled as (
    select o as org_id, h.user_id from unnest(orgs) o left join chosen h on h.org_id = o
     where not exists (select from tenancy.transfer x where x.org_id = o)
  ), gone as (
    delete from tenancy.owner w using settled s where w.org_id = s.org_id and s.user_id is null
  )
  insert into tenancy.owner as w (org_id, user_id) select s.org_id, s.user_id from settled s where s.user_id is not null
    on conflict (org_id) do update set user_id = excluded.user_id, since = excluded.since where w.user_id <> excluded.user_id;
end $$;

-- What the mirror must say of the memberships of these organizations. It is a function of what is known at WorkOS and here:
--   one active member is the owner: the target of an open transfer, else the one that tenancy.owner names; whom WorkOS calls owner beside that one
--   is one role lower;
--   a solo organization has one active member: in a home the person, elsewhere the owner, and the oldest member only while no owner is known;
--   while an organization is being deleted everybody is suspended in it, and a person who is being erased is suspended everywhere.
create or replace function tenancy.effective_memberships(orgs text[])
returns table (org_id text, workos_user_id text, id text, role_slug text, permissions text[], status text)
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return query
  with known as (
    select k.*, k.status = 'active' and not k.held as counts, c.owner_role, c.former_role,
           exists (select from tenancy.deletion d where d.org_id = k.org_id or k.user_id = any (d.users)) as ending
      from tenancy.known_memberships(orgs) k cross join tenancy.config c
  ), owned as (
    select coalesce(w.org_id, x.org_id) as org_id, coalesce(n.user_id, w.user_id) as owner, x.org_id is not null as handing
      from (select * from tenancy.owner o where o.org_id = any (orgs)) w
      full join (select * from tenancy.transfer t where t.org_id = any (orgs)) x on x.org_id = w.org_id
      left join known n on n.org_id = x.org_id and n.user_id = x.to_user and n.counts
  ), ranked as (
    select e.*, coalesce(e.user_id = w.owner and (w.handing or e.owner_role = any (e.roles)), false) as owns,
           coalesce(e.home_of, w.owner) as seat,
           row_number() over (partition by e.org_id order by e.counts desc, e.created, e.id) as rank
      from known e left join owned w on w.org_id = e.org_id
  ), said as (
    select r.*, case when r.owns then array[r.owner_role] || array_remove(r.roles, r.owner_role)
                     else array_replace(r.roles, r.owner_role, r.former_role) end as counting
      from ranked r
  ), granted as materialized (
    -- Once for each combination of roles, not once a member.
    select d.org_id, d.counting, tenancy.permissions_of(d.org_id, d.counting) as slugs from (select distinct a.org_id, a.counting from said a) d
  )
  select s.org_id, s.user_id, s.id, s.counting[1], g.slugs,
         case when s.ending or s.status = 'inactive' or s.status = 'active' and s.held
                or s.status = 'active' and s.solo and case when s.seat is null then s.rank > 1 else s.user_id <> s.seat end then 'suspended'
              when s.status = 'active' then 'active' else 'invited' end
    from said s join granted g on g.org_id = s.org_id and g.counting = s.counting;
end $$;

-- Brings the mirror of these organizations to that. What weakens comes first: an owner steps down before the next one is made, a seat is
-- free before it is taken. Returns how many rows changed.
create or replace function tenancy.mirror_memberships(orgs text[]) returns int
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  wanted jsonb;
  changed int := 0;
  n int;
  held text[];
begin
  -- A row from before the first sync that says suspended, and that a membership of WorkOS replaces: what it was when it ended is kept, as of any other.
  -- Whatever WorkOS says of that one later is newer.
  insert into tenancy.object (kind, id, at, event, deleted, org_id, user_id, ending)
    select 'membership', m.id, '-infinity', '~', true, m.org_id, m.workos_user_id, 'inactive' from public.memberships m
     where m.org_id = any (orgs) and m.status::text = 'suspended' and not exists (select from tenancy.object o where o.kind = 'membership' and o.id = m.id)
       and exists (select from tenancy.object n where n.kind = 'membership' and n.org_id = m.org_id and n.user_id = m.workos_user_id and not n.deleted);
  perform tenancy.settle_owners(orgs);
  wanted := (select coalesce(jsonb_agg(to_jsonb(e) order by e.org_id, e.workos_user_id), '[]') from tenancy.effective_memberships(orgs) e);

  with gone as (
    delete from public.memberships m
     where m.org_id = any (orgs)
       and not exists (select from jsonb_to_recordset(wanted) as e (org_id text, workos_user_id text)
                        where e.org_id = m.org_id and e.workos_user_id = m.workos_user_id)
    returning m.org_id, m.workos_user_id, m.id
  )
  insert into tenancy.outbox (topic, org_id, subject, data)
    select 'membership.removed', g.org_id, g.workos_user_id, jsonb_build_object('membership', g.id) from gone g;
  get diagnostics n = row_count;
  changed := changed + n;

  update public.memberships m set role_slug = e.role_slug, permissions = e.permissions, status = e.status::text /*membership status*/
    from jsonb_to_recordset(wanted) as e (org_id text, workos_user_id text, role_slug text, permissions text[], status text)
    cross join tenancy.config c
   where m.org_id = any (orgs) and m.org_id = e.org_id and m.workos_user_id = e.workos_user_id and m.status::text = 'active'
     and (e.status <> 'active' or (m.role_slug = c.owner_role and e.role_slug <> c.owner_role));
  get diagnostics n = row_count;
  changed := changed + n;

  -- A new row, and somebody who becomes active, need the organization's row (foreign key, check_membership): where a member holds it, that waits,
  -- and nothing else does.
  held := array(select distinct e.org_id from jsonb_to_recordset(wanted) as e (org_id text, workos_user_id text, status text)
                  left join public.memberships m on m.org_id = e.org_id and m.workos_user_id = e.workos_user_id
                 where m.org_id is null or (e.status = 'active' and m.status::text <> 'active'));
  held := array(select h from unnest(held) h except
                select f.id from (select o.id from public.organizations o where o.id = any (held) for no key update skip locked) f);
  with news as (
    select e.* from jsonb_to_recordset(wanted) as e (org_id text, workos_user_id text, id text, role_slug text, permissions text[], status text)
      left join public.memberships m on m.org_id = e.org_id and m.workos_user_id = e.workos_user_id
     where (m.id, m.role_slug, m.permissions, m.status::text) is distinct from (e.id, e.role_slug, e.permissions, e.status)
       and not (e.org_id = any (held) and (m.org_id is null or (e.status = 'active' and m.status::text <> 'active')))
  ), changed_rows as (
    update public.memberships m set id = e.id, role_slug = e.role_slug, permissions = e.permissions, status = e.status::text /*membership status*/
      from news e where m.org_id = e.org_id and m.workos_user_id = e.workos_user_id
    returning m.org_id, m.workos_user_id, m.role_slug, m.status::text as status
  ), made as (
    insert into public.memberships as m (org_id, workos_user_id, id, role_slug, permissions, status)
      select e.org_id, e.workos_user_id, e.id, e.role_slug, e.permissions, e.status::text /*membership status*/ from news e
       where not exists (select from public.memberships k where k.org_id = e.org_id and k.workos_user_id = e.workos_user_id)
    returning m.org_id, m.workos_user_id, m.role_slug, m.status::text as status
  ), put as (select * from changed_rows union all select * from made)
  insert into tenancy.outbox (topic, org_id, subject, data)
    select 'membership.changed', p.org_id, p.workos_user_id, jsonb_build_object('role', p.role_slug, 'status', p.status) from put p;
  get diagnostics n = row_count;
  -- Whoever waits is fetched again, which tries again.
  if held <> '{}' then
    update tenancy.object o set doubt = true
     where o.kind = 'membership' and not o.deleted and o.org_id = any (held)
       and exists (select from jsonb_to_recordset(wanted) as e (id text, org_id text, workos_user_id text, status text)
                    left join public.memberships m on m.org_id = e.org_id and m.workos_user_id = e.workos_user_id
                    where e.id = o.id and (m.org_id is null or (e.status = 'active' and m.status::text <> 'active')));
  end if;
  return changed + n;
end $$;

revoke all on function tenancy.known_memberships(text[]), tenancy.settle_owners(text[]), tenancy.effective_memberships(text[]),
  tenancy.mirror_memberships(text[]) from public;
grant execute on function tenancy.known_memberships(text[]), tenancy.settle_owners(text[]), tenancy.effective_memberships(text[]),
  tenancy.mirror_memberships(text[]) to rehome_job_sync;

-- The mirror, whatever it is called.
create or replace function tenancy.mirrored() returns table (org_id text, workos_user_id text, id text, role_slug text, status text)
stable language sql set search_path = pg_catalog, pg_temp as $$
  select m.org_id, m.workos_user_id, m.id, m.role_slug, m.status::text from public.memberships m
$$;
revoke all on function tenancy.mirrored() from public;
grant execute on function tenancy.mirrored() to rehome_job_sync;
