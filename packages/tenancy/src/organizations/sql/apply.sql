-- Applies what WorkOS said of some objects: [{kind, id, at, event, deleted, org_id, user_id, state}, …], in any order, any number of times.
-- Run as the installer after memberships.sql; may be run again.
set local role rehome_owner;

-- An object's newer state wins (updated_at). Of ids that are never used again a deletion is final. Two states of one instant leave a doubt: the
-- later event's is taken, of a membership the one that does not count, and the object is to be fetched; a fetched state settles it. So does a
-- state of a membership that is news and yet older than the last comparison of everything, which did not find it: it does not count until it was
-- fetched.
-- An invitation to the address of somebody who was erased, made before, is gone whatever is said of it; so are persons who were erased, and
-- organizations that were deleted here with their invitations, also where nothing of them was ever synced.
-- Everything that follows is computed from the stored states, so that what is missing (a membership's organization, its person) is made up for
-- when it comes. Returns how many objects were news. Sessions are not stored.
create or replace function tenancy.apply(changes jsonb) returns int
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  news    int;
  orgs    text[];       -- whose memberships may look different now
  named   text[];       -- organizations that are news themselves
  people  text[];
  invited text[];
  roles   text[];
  halts   text[];
begin
  -- Before the lock: nobody who holds it delays the end of a session.
  perform tenancy.revoke_session(s.id) from (select k.id from jsonb_to_recordset(changes) as k (kind text, id text) where k.kind = 'session' order by k.id) s;
  if not exists (select from jsonb_to_recordset(changes) as c (kind text) where c.kind <> 'session') then return 0; end if;
  perform from tenancy.lock for update;

  with said as (
    select c.*, c.kind not in ('role', 'permission') as final,
           min(c.state::text) over one is distinct from max(c.state::text) over one as differs
      from (select k.kind, k.id, k.at, k.event, k.deleted or e.erased as deleted, k.org_id, k.user_id, case when not e.erased then k.state end as state
              from jsonb_to_recordset(changes)
                as k (kind text, id text, at timestamptz, event text collate "C", deleted boolean, org_id text, user_id text, state jsonb)
             cross join lateral (select coalesce(k.kind = 'invitation' and not k.deleted
                                                   and tenancy.is_erased(k.state ->> 'email', (k.state ->> 'created')::timestamptz), false)
                                        or k.kind = 'user' and k.id in (select unnest(d.users) from tenancy.deletion d where d.state = 'done')
                                        or k.kind in ('organization', 'invitation') and case k.kind when 'organization' then k.id else k.org_id end
                                             in (select d.org_id from tenancy.deletion d where d.state in ('emptied', 'done')) as erased) e
             where k.kind <> 'session') c
    window one as (partition by c.kind, c.id, c.at)
  ), incoming as (
    select distinct on (s.kind, s.id) s.*
      from said s order by s.kind, s.id, (s.final and s.deleted) desc, s.at desc, (s.kind = 'membership' and s.state ->> 'status' <> 'active') desc, s.event desc
  ), judged as (
    select i.*, coalesce(o.state, '{}') as before,
           -- What a membership was when it ended: the event says so, else what was known of it.
           case when i.kind = 'membership' and i.deleted
                -- A state that is only taken for suspended until it is fetched says nothing.
                then coalesce(i.state ->> 'status', case when o.state ->> 'status' = 'inactive' and not o.halted then 'active' else o.state ->> 'status' end,
                              (select case k.status::text when 'suspended' then 'inactive' end from public.memberships k where k.id = i.id)) end as ending,
           case when i.final and o.deleted then 'old'
                when i.final and i.deleted then 'wins'
                when i.kind = 'membership' and i.event <> '~' and i.at < l.compared and (o.id is null or i.at > o.at) then 'late'
                when o.id is null then 'wins'
                when i.at <> o.at then case when i.at > o.at then 'wins' else 'old' end
                when i.event = '~' then case when o.doubt or (i.deleted, i.state) is distinct from (o.deleted, o.state) then 'wins' else 'old' end
                when i.event = o.event or (i.deleted, i.state) is not distinct from (o.deleted, o.state) then case when i.differs then 'doubted' else 'old' end
                when i.kind = 'membership' and i.state ->> 'status' <> 'active' then 'doubted'
                when i.kind = 'membership' and o.state ->> 'status' <> 'active' or o.event > i.event then 'doubting'
                else 'doubted' end as verdict
      from incoming i cross join tenancy.lock l left join tenancy.object o on o.kind = i.kind and o.id = i.id
  ), put as (
    insert into tenancy.object as o (kind, id, at, event, deleted, doubt, org_id, user_id, state, born, ending)
      select j.kind, j.id, j.at, j.event, j.deleted, not j.deleted and j.event <> '~' and (j.differs or j.verdict in ('doubted', 'doubting', 'late')), j.org_id,
             j.user_id, case when j.deleted then null when j.verdict = 'doubting' then j.before
                             when j.verdict = 'late' then j.state || '{"status": "inactive"}' else j.state end,
             case when j.kind = 'membership' then (j.state ->> 'created')::timestamptz end, j.ending
        from judged j where j.verdict <> 'old' order by j.kind, j.id
      on conflict (kind, id) do update
        -- A membership's end that was only found keeps the instant of what was known of it: what is news of the time before still counts.
        set at = case when o.kind = 'membership' and excluded.deleted and excluded.event = '~' then o.at else greatest(o.at, excluded.at) end, event = excluded.event, deleted = excluded.deleted, doubt = excluded.doubt,
            org_id = coalesce(excluded.org_id, o.org_id), state = excluded.state, born = coalesce(excluded.born, o.born), ending = excluded.ending,
            user_id = case when o.kind = 'organization' and not excluded.deleted then excluded.user_id else coalesce(excluded.user_id, o.user_id) end,
            seen_at = clock_timestamp()
    returning o.kind, o.id, o.org_id, o.user_id
  )
  select count(*)::int,
         coalesce(array_agg(distinct p.org_id) filter (where p.kind = 'membership' and p.org_id is not null), '{}'),
         coalesce(array_agg(p.id) filter (where p.kind = 'organization'), '{}'),
         coalesce(array_agg(p.id) filter (where p.kind = 'user'), '{}')
           || coalesce(array_agg(p.user_id) filter (where p.kind = 'organization' and p.user_id is not null), '{}'),
         coalesce(array_agg(p.id) filter (where p.kind = 'invitation'), '{}'),
         coalesce(array_agg(p.id) filter (where p.kind in ('role', 'permission')), '{}')
    into news, orgs, named, people, invited, roles from put p;
  halts := tenancy.note_halts(changes);
  if news = 0 and halts = '{}' then return 0; end if;
  orgs := orgs || halts;

  if cardinality(roles) > 0 then orgs := orgs || tenancy.apply_roles(roles); end if;
  if cardinality(named) > 0 then perform tenancy.apply_organizations(named); end if;
  if cardinality(people) > 0 then perform tenancy.apply_users(people); end if;
  perform tenancy.mirror_memberships(array(
    select distinct o from (
      select unnest(orgs || named)
      union all
      select m.org_id from tenancy.object m where m.kind = 'membership' and m.user_id = any (people)
      union all
      select m.org_id from public.memberships m where m.workos_user_id = any (people)
    ) as t (o)));
  if cardinality(invited) > 0 or cardinality(named) > 0 then perform tenancy.apply_invitations(invited, named); end if;
  return news;
end $$;

-- Which memberships WorkOS ever suspended, and what those were that have ended: from states that are old news too, so that the order in which
-- things become known does not matter. Returns the organizations it concerns.
create or replace function tenancy.note_halts(changes jsonb) returns text[]
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  orgs text[];
begin
  with said as (
    select k.id, k.at, k.event, k.deleted, k.state ->> 'status' as status
      from jsonb_to_recordset(changes) as k (kind text, id text, at timestamptz, event text collate "C", deleted boolean, state jsonb)
     where k.kind = 'membership' and k.state is not null
  ), heard as (
    select s.id, bool_or(s.status = 'inactive') as halted from said s group by s.id
  ), last as (
    -- The event of the end decides; until it comes, of an end that was only found, the newest state.
    select distinct on (s.id) s.* from said s join tenancy.object o on o.kind = 'membership' and o.id = s.id
     where o.deleted and o.event = '~' and s.event <> '~' and (s.deleted or s.at >= o.at)
     order by s.id, s.deleted desc, s.at desc, s.status = 'inactive' desc
  ), noted as (
    update tenancy.object o
       set halted = o.halted or h.halted, ending = coalesce(l.status, o.ending), at = coalesce(l.at, o.at),
           event = case when l.deleted then l.event else o.event end
      from heard h left join last l on l.id = h.id
     where o.kind = 'membership' and o.id = h.id and (h.halted and not o.halted or l.deleted or l.status <> coalesce(o.ending, ''))
    returning o.org_id
  )
  select coalesce(array_agg(distinct n.org_id), '{}') into orgs from noted n;
  return orgs;
end $$;

-- A row for each organization that is known and has a type: `metadata.type`, else the default. Type and tier are the product's from then on.
create or replace function tenancy.apply_organizations(ids text[]) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  with put as (
    insert into public.organizations (id, type, tier, name, slug, claimed)
      select g.id, t.type::text /*organization type*/, t.tiers[1]::text /*organization tier*/, g.state ->> 'name', 'org-' || lower(right(g.id, 26)), true
        from tenancy.object g cross join tenancy.config c
        join tenancy.organization_type t
          on t.type = coalesce((select k.type from tenancy.organization_type k where k.type = g.state ->> 'type'), c.default_type)
       where g.kind = 'organization' and not g.deleted and g.id = any (ids)
         and not exists (select from tenancy.deletion d where d.org_id = g.id or coalesce(g.user_id, g.state ->> 'founder') = any (d.users))     -- who is erased gets no new one
       order by g.id
      on conflict (id) do nothing
    returning id, type::text as type
  ), free as (
    -- The product may let owners change their organization's row, and so lock it: nobody else's news waits for it.
    select o.id from public.organizations o join tenancy.object g on g.kind = 'organization' and g.id = o.id
     where not g.deleted and g.id = any (ids) and o.name is distinct from g.state ->> 'name'
       and not exists (select from tenancy.deletion d where d.org_id = g.id)
       for no key update of o skip locked
  ), named as (
    update public.organizations o set name = g.state ->> 'name'
      from tenancy.object g join free f on f.id = g.id where g.kind = 'organization' and o.id = g.id
    returning o.id, o.type::text as type
  )
  insert into tenancy.outbox (topic, org_id, data)
    select 'organization.changed', p.id, jsonb_build_object('type', p.type) from (select * from put union all select * from named) p;
  -- What was passed over is fetched again, which tries again.
  update tenancy.object g set doubt = true
    from public.organizations o
   where g.kind = 'organization' and not g.deleted and g.id = any (ids) and o.id = g.id and o.name is distinct from g.state ->> 'name'
     and not exists (select from tenancy.deletion d where d.org_id = g.id);
  insert into tenancy.outbox (topic, org_id)
    select 'organization.gone', g.id from tenancy.object g where g.kind = 'organization' and g.deleted and g.id = any (ids);
end $$;

-- Whether the row says something else of the person than WorkOS; names only where they are not the product's own.
create or replace function tenancy.is_another_person(email text, email_verified boolean, first_name text, last_name text, image_url text, state jsonb,
  product_names boolean) returns boolean
immutable language sql
return email is distinct from state ->> 'email' or email_verified is distinct from (state ->> 'email_verified')::boolean
  or (not product_names and (first_name, last_name, image_url) is distinct from (state ->> 'first_name', state ->> 'last_name', state ->> 'image_url'));

-- A row for each person whose home is known; address and names of those who have one.
create or replace function tenancy.apply_users(ids text[]) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  with known as (
    select u.id, u.state, c.product_names
      from tenancy.object u cross join tenancy.config c
     where u.kind = 'user' and not u.deleted and u.id = any (ids)
  ), made as (
    insert into public.users as p (org_id, workos_user_id, email, email_verified, first_name, last_name, image_url)
      select distinct on (k.id) g.id, k.id, k.state ->> 'email', (k.state ->> 'email_verified')::boolean, k.state ->> 'first_name', k.state ->> 'last_name',
             k.state ->> 'image_url'
        from known k
        join tenancy.object g on g.kind = 'organization' and not g.deleted and g.user_id = k.id
        join public.organizations o on o.id = g.id
        join tenancy.organization_type t on t.type = o.type::text and t.personal
       where not exists (select from tenancy.deletion d where k.id = any (d.users))
         and not exists (select from public.users x where x.org_id = g.id)     -- a home is one person's
       order by k.id, g.id
      on conflict (workos_user_id) do nothing
    returning p.workos_user_id, p.org_id
  ), told as (
    insert into tenancy.outbox (topic, org_id, subject) select 'user.created', m.org_id, m.workos_user_id from made m
  ), free as (
    -- The application may lock a person's row for as long as it likes (whoever may change a name may): nobody else's suspension waits for it.
    select p.workos_user_id as id from public.users p join known k on k.id = p.workos_user_id
     where tenancy.is_another_person(p.email, p.email_verified, p.first_name, p.last_name, p.image_url, k.state, k.product_names)
       for no key update of p skip locked
  )
  update public.users p
     set email = k.state ->> 'email', email_verified = (k.state ->> 'email_verified')::boolean, updated_at = clock_timestamp(),
         first_name = case when k.product_names then coalesce(p.first_name, k.state ->> 'first_name') else k.state ->> 'first_name' end,
         last_name = case when k.product_names then coalesce(p.last_name, k.state ->> 'last_name') else k.state ->> 'last_name' end,
         image_url = case when k.product_names then coalesce(p.image_url, k.state ->> 'image_url') else k.state ->> 'image_url' end
    from known k join free f on f.id = k.id
   where p.workos_user_id = k.id;
  -- Whoever was passed over is fetched again, which tries again.
  update tenancy.object u set doubt = true
    from public.users p cross join tenancy.config c
   where u.kind = 'user' and not u.deleted and u.id = any (ids) and p.workos_user_id = u.id
     and tenancy.is_another_person(p.email, p.email_verified, p.first_name, p.last_name, p.image_url, u.state, c.product_names);
  insert into tenancy.outbox (topic, subject) select 'user.gone', u.id from tenancy.object u where u.kind = 'user' and u.deleted and u.id = any (ids);
end $$;

-- Invitations of known organizations. One to a solo organization is not kept: nobody can accept it here.
create or replace function tenancy.apply_invitations(ids text[], orgs text[]) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  free text[];
begin
  -- Of whoever is just being erased no new one keeps the address.
  perform tenancy.forget_invitations(array(select unnest(d.addresses) from tenancy.deletion d where d.state <> 'done'));
  free := array(select f.id from (select o.id from public.organizations o where o.id in (
      select v.org_id from tenancy.object v where v.kind = 'invitation' and not v.deleted and (v.id = any (ids) or v.org_id = any (orgs)))
    for key share skip locked) f);
  with put as (
    insert into public.invitations as i (id, org_id, email, role_slug, status, inviter_user_id, expires_at, created_at, updated_at)
      select v.id, v.org_id, v.state ->> 'email', v.state ->> 'role', (v.state ->> 'status')::text /*invitation status*/, v.state ->> 'inviter', (v.state ->> 'expires')::timestamptz,
             (v.state ->> 'created')::timestamptz, v.at
        from tenancy.object v
        join public.organizations o on o.id = v.org_id
        left join tenancy.organization_type t on t.type = o.type::text
       where v.kind = 'invitation' and not v.deleted and (v.id = any (ids) or v.org_id = any (orgs))
         and not (t.solo and v.state ->> 'status' = 'pending')
         and v.org_id = any (free)     -- the foreign key would wait for whoever holds the organization's row
       order by v.id
      on conflict (id) do update set status = excluded.status, role_slug = excluded.role_slug, expires_at = excluded.expires_at, updated_at = excluded.updated_at
        where (i.status, i.role_slug, i.expires_at, i.updated_at) is distinct from (excluded.status, excluded.role_slug, excluded.expires_at, excluded.updated_at)
    returning i.id, i.org_id, i.role_slug, i.status, i.inviter_user_id, i.expires_at
  )
  -- Of what became of it later WorkOS does not say who did it.
  insert into tenancy.outbox (topic, org_id, subject, actor, data)
    select 'invitation.' || p.status, p.org_id, p.id, case when p.status::text = 'pending' then p.inviter_user_id end,
           jsonb_build_object('role', p.role_slug, 'expires_at', p.expires_at) from put p;
  update tenancy.object v set doubt = true
   where v.kind = 'invitation' and not v.deleted and (v.id = any (ids) or v.org_id = any (orgs)) and not v.org_id = any (free)
     and exists (select from public.organizations o where o.id = v.org_id);
end $$;

-- Roles and permissions made at WorkOS; what the product declared stays as declared. Returns the organizations it may concern.
create or replace function tenancy.apply_roles(ids text[]) returns text[]
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  delete from tenancy.permission p using tenancy.object o
   where o.kind = 'permission' and o.deleted and o.id = any (ids) and p.slug = o.id and not p.declared;
  insert into tenancy.permission (slug, declared)
    select o.id, false from tenancy.object o where o.kind = 'permission' and not o.deleted and o.id = any (ids)
    on conflict (slug) do nothing;
  delete from tenancy.role r using tenancy.object o
   where o.kind = 'role' and o.deleted and o.id = any (ids) and r.org_id = coalesce(o.org_id, '') and not r.declared
     and r.slug = case when o.org_id is null then o.id else substr(o.id, length(o.org_id) + 2) end;
  insert into tenancy.role as r (org_id, slug, patterns, declared)
    select coalesce(o.org_id, ''), o.state ->> 'slug', array(select jsonb_array_elements_text(o.state -> 'permissions')), false
      from tenancy.object o where o.kind = 'role' and not o.deleted and o.id = any (ids)
    on conflict (org_id, slug) do update set patterns = excluded.patterns where not r.declared;
  return array(select distinct m.org_id from public.memberships m);
end $$;

-- Organizations that had no type to be of until now, with their people; after a new declaration, by the installer, who holds tenancy.lock.
create or replace function tenancy.apply_waiting() returns void
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  orgs constant text[] := array(select o.id from tenancy.object o where o.kind = 'organization' and not o.deleted
                                   and not exists (select from public.organizations g where g.id = o.id));
begin
  if orgs = '{}' then return; end if;
  perform tenancy.apply_organizations(orgs);
  perform tenancy.apply_users(array(select o.user_id from tenancy.object o where o.kind = 'organization' and o.id = any (orgs) and o.user_id is not null));
  perform tenancy.mirror_memberships(orgs);
  perform tenancy.apply_invitations('{}', orgs);
end $$;

revoke all on function tenancy.apply(jsonb), tenancy.note_halts(jsonb), tenancy.apply_organizations(text[]), tenancy.apply_users(text[]), tenancy.apply_invitations(text[], text[]),
  tenancy.apply_roles(text[]), tenancy.apply_waiting(), tenancy.is_another_person(text, boolean, text, text, text, jsonb, boolean) from public;
grant execute on function tenancy.apply(jsonb), tenancy.note_halts(jsonb), tenancy.apply_organizations(text[]), tenancy.apply_users(text[]), tenancy.apply_invitations(text[], text[]),
  tenancy.apply_roles(text[]), tenancy.is_another_person(text, boolean, text, text, text, jsonb, boolean) to rehome_job_sync;

-- WorkOS sends no event when an invitation expires.
create or replace function tenancy.expire_invitations() returns int
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  n int;
begin
  with over as (
    update public.invitations i set status = 'expired'::text /*invitation status*/ where i.status::text = 'pending' and i.expires_at < clock_timestamp()
    returning i.id, i.org_id
  )
  insert into tenancy.outbox (topic, org_id, subject) select 'invitation.expired', o.org_id, o.id from over o;
  get diagnostics n = row_count;
  return n;
end $$;
revoke all on function tenancy.expire_invitations() from public;
grant execute on function tenancy.expire_invitations() to rehome_job_sync;

-- Events whose time is over; a policy refuses younger ones.
create or replace function tenancy.purge_outbox() returns bigint
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  delete from tenancy.outbox o where o.at < clock_timestamp() - (select c.events_keep from tenancy.config c);
  get diagnostics n = row_count;
  return n;
end $$;
revoke all on function tenancy.purge_outbox() from public;
grant execute on function tenancy.purge_outbox() to rehome_job_sync;
