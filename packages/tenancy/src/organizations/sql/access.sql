-- Who may do what in schema tenancy, whole: grants are taken back first. Run as the installer; may be run again.
set local role rehome_owner;
revoke all on all tables in schema tenancy from public, authenticated, anonymous, rehome_job_sync, rehome_job_claim, rehome_job_deletion,
  rehome_fn_organizations;
grant usage on schema tenancy to authenticated, rehome_job_sync, rehome_job_claim, rehome_job_deletion, rehome_fn_organizations;

do $$
declare
  r record;
  v text;
  what text;
  made text;
  name text;
  -- Of an organization that is being deleted right now.
  ending constant text := $c$org_id = any (array(select d.org_id from tenancy.deletion d where d.state <> 'done'))$c$;
  mine constant text := '(' || ending || replace(' or kind = $k$organization$k$ and ' || ending, ' org_id', ' id')
    || ' or kind = $k$user$k$ and id in (select unnest(d.users) from tenancy.deletion d where d.state <> $k$done$k$)'
    || ' or kind = $k$organization$k$ and user_id in (select unnest(d.users) from tenancy.deletion d where d.state <> $k$done$k$))';
begin
  for r in
    select t.rel, t.role, t.verbs, t.rows, coalesce(t.columns, '') as columns, coalesce(t.checked, t.rows) as checked from (values
      ('lock', 'rehome_job_sync', '{select,update}', 'true', null, null),
      ('object', 'rehome_job_sync', '{select,insert,update}', 'true', null, null),
      ('cursor', 'rehome_job_sync', '{select,insert,update}', 'true', null, null),
      -- When an event happened, the clock says.
      ('outbox', 'rehome_job_sync', '{select}', 'true', null, null),
      ('outbox', 'rehome_job_sync', '{insert}', 'true', '(topic, org_id, subject, actor, data)', null),
      ('outbox', 'rehome_job_sync', '{delete}', 'at < clock_timestamp() - (select c.events_keep from tenancy.config c)', null, null),
      ('config', 'rehome_job_sync', '{select}', 'true', null, null),
      ('organization_type', 'rehome_job_sync', '{select}', 'true', null, null),
      ('feature', 'rehome_job_sync', '{select}', 'true', null, null),
      ('permission', 'rehome_job_sync', '{select}', 'true', null, null),
      ('role', 'rehome_job_sync', '{select}', 'true', null, null),
      ('permission', 'rehome_job_sync', '{insert,update,delete}', 'not declared', null, null),
      ('role', 'rehome_job_sync', '{insert,update,delete}', 'not declared', null, null),
      ('owner', 'rehome_job_sync', '{select,insert,update,delete}', 'true', null, null),
      ('transfer', 'rehome_job_sync', '{select,insert,update,delete}', 'true', null, null),
      ('departure', 'rehome_job_sync', '{select,insert,update,delete}', 'true', null, null),
      ('deletion', 'rehome_job_sync', '{select}', 'true', null, null),
      ('deletion', 'rehome_job_sync', '{insert}', $c$state = 'requested'$c$, null, null),
      ('deletion', 'rehome_job_claim', '{select}', 'true', null, null),
      ('organization_column', 'rehome_job_claim', '{select}', 'true', null, null),
      ('product_schema', 'rehome_job_claim', '{select}', 'true', null, null),
      ('outbox', 'rehome_job_claim', '{insert}', $c$topic = 'guest.claimed'$c$, '(topic, org_id, subject, actor, data)', null),
      ('organization_column', 'rehome_job_deletion', '{select}', 'true', null, null),
      ('product_schema', 'rehome_job_deletion', '{select}', 'true', null, null),
      ('archive_rule', 'rehome_job_deletion', '{select}', 'true', null, null),
      ('release_rule', 'rehome_job_deletion', '{select}', 'true', null, null),
      ('erase_rule', 'rehome_job_deletion', '{select}', 'true', null, null),
      -- Which organization, and whom to erase with it, was said by the sync on the owner's word, and stays.
      ('deletion', 'rehome_job_deletion', '{select}', 'true', null, null),
      ('deletion', 'rehome_job_deletion', '{update}', $c$state <> 'done'$c$, '(state, rows, finished_at)', 'true'),
      -- It keeps copies of what it may read. How long, the declaration says, and no copy goes before.
      ('archive', 'rehome_job_deletion', '{select}', ending || ' or keep_until < clock_timestamp()', null, null),
      ('archive', 'rehome_job_deletion', '{insert}', ending
        || ' and exists (select from tenancy.archive_rule a where a.rel = archive.rel and archive.keep_until > now() + a.keep - interval $i$1 day$i$)', null, null),
      ('archive', 'rehome_job_deletion', '{update}', replace(ending, $c$d.state <> 'done'$c$, $c$d.state in ('archiving', 'emptying')$c$), '(content)', null),
      ('archive', 'rehome_job_deletion', '{delete}', 'keep_until < clock_timestamp()', null, null),
      -- To lock it; when all was compared is the sync's to say.
      ('lock', 'rehome_job_deletion', '{select}', 'true', null, null),
      ('lock', 'rehome_job_deletion', '{update}', 'true', '(one)', null),
      -- Of what WorkOS said it sees whose it is, and can only make it a tombstone.
      ('object', 'rehome_job_deletion', '{select}', mine, '(kind, id, org_id, user_id)', null),
      ('object', 'rehome_job_deletion', '{update}', mine, '(deleted, state, seen_at)', mine || ' and deleted and state is null'),
      ('outbox', 'rehome_job_deletion', '{insert}', $c$topic = 'organization.emptied' or topic = 'organization.deleted'$c$, '(topic, org_id, subject, actor, data)', null),
      ('config', 'rehome_fn_organizations', '{select}', 'true', null, null),
      ('address_key', 'rehome_fn_organizations', '{select}', 'true', null, null),
      ('erased_address', 'rehome_fn_organizations', '{select,insert,update}', 'true', null, null),
      ('owner', 'rehome_fn_organizations', '{select,delete}', 'true', null, null),
      ('organization_type', 'rehome_fn_organizations', '{select}', 'true', null, null),
      ('feature', 'rehome_fn_organizations', '{select}', 'true', null, null)
    ) as t (rel, role, verbs, rows, columns, checked)
  loop
    foreach v in array r.verbs::text[] loop
      execute format('grant %s %s on tenancy.%I to %I', v, r.columns, r.rel, r.role);
      name := v || '_' || r.role;
      what := format('for %s to %I %s %s', v, r.role,
        case when v <> 'insert' then format('using (%s)', r.rows) else '' end, case when v in ('insert', 'update') then format('with check (%s)', r.checked) else '' end);
      select obj_description(p.oid, 'pg_policy') into made from pg_policy p where p.polrelid = format('tenancy.%I', r.rel)::regclass and p.polname = name;
      -- Made anew only when it differs: that takes a lock for which everybody would wait.
      continue when made = md5(what);
      execute format('drop policy if exists %I on tenancy.%I', name, r.rel);
      execute format('create policy %I on tenancy.%I %s', name, r.rel, what);
      execute format('comment on policy %I on tenancy.%I is %L', name, r.rel, md5(what));
    end loop;
  end loop;
  for r in select c.oid::regclass as name from pg_class c where c.relnamespace = 'tenancy'::regnamespace and c.relkind = 'r'
              and not (c.relrowsecurity and c.relforcerowsecurity) loop
    execute format('alter table %s enable row level security; alter table %s force row level security', r.name, r.name);
  end loop;
end $$;
