-- Who may do what in schema tenancy, whole: grants are taken back first. Run as the installer; may be run again.
set local role rehome_owner;
revoke all on all tables in schema tenancy from public, authenticated, anonymous, rehome_job_sync, rehome_job_claim, rehome_job_deletion,
  rehome_fn_organizations;
grant usage on schema tenancy to authenticated, rehome_job_sync, rehome_job_claim, rehome_job_deletion, rehome_fn_organizations;

do $$
declare
  r record;
  v text;
begin
  for r in
    select * from (values
      ('lock', 'rehome_job_sync', '{select,update}', 'true'),
      ('object', 'rehome_job_sync', '{select,insert,update}', 'true'),
      ('cursor', 'rehome_job_sync', '{select,insert,update}', 'true'),
      ('outbox', 'rehome_job_sync', '{select,insert,delete}', 'true'),
      ('config', 'rehome_job_sync', '{select}', 'true'),
      ('organization_type', 'rehome_job_sync', '{select}', 'true'),
      ('feature', 'rehome_job_sync', '{select}', 'true'),
      ('permission', 'rehome_job_sync', '{select}', 'true'),
      ('role', 'rehome_job_sync', '{select}', 'true'),
      ('permission', 'rehome_job_sync', '{insert,update,delete}', 'not declared'),
      ('role', 'rehome_job_sync', '{insert,update,delete}', 'not declared'),
      ('transfer', 'rehome_job_sync', '{select,insert,update,delete}', 'true'),
      ('deletion', 'rehome_job_sync', '{select}', 'true'),
      ('deletion', 'rehome_job_sync', '{insert}', $c$state = 'requested'$c$),
      ('organization_column', 'rehome_job_claim', '{select}', 'true'),
      ('product_schema', 'rehome_job_claim', '{select}', 'true'),
      ('outbox', 'rehome_job_claim', '{insert}', $c$topic = 'guest.claimed'$c$),
      ('organization_column', 'rehome_job_deletion', '{select}', 'true'),
      ('product_schema', 'rehome_job_deletion', '{select}', 'true'),
      ('archive_rule', 'rehome_job_deletion', '{select}', 'true'),
      ('release_rule', 'rehome_job_deletion', '{select}', 'true'),
      ('deletion', 'rehome_job_deletion', '{select,update}', 'true'),
      ('archive', 'rehome_job_deletion', '{select,insert,update}', 'true'),
      ('archive', 'rehome_job_deletion', '{delete}', 'keep_until < clock_timestamp()'),
      ('lock', 'rehome_job_deletion', '{select,update}', 'true'),
      ('object', 'rehome_job_deletion', '{select,update}', 'true'),
      ('outbox', 'rehome_job_deletion', '{insert}', $c$topic = 'organization.emptied' or topic = 'organization.deleted'$c$),
      ('config', 'rehome_fn_organizations', '{select}', 'true'),
      ('organization_type', 'rehome_fn_organizations', '{select}', 'true'),
      ('feature', 'rehome_fn_organizations', '{select}', 'true')
    ) as t (rel, role, verbs, rows)
  loop
    foreach v in array r.verbs::text[] loop
      execute format('grant %s on tenancy.%I to %I', v, r.rel, r.role);
      execute format('drop policy if exists %I on tenancy.%I', v || '_' || r.role, r.rel);
      execute format('create policy %I on tenancy.%I for %s to %I %s %s', v || '_' || r.role, r.rel, v, r.role,
        case when v <> 'insert' then format('using (%s)', r.rows) else '' end, case when v in ('insert', 'update') then format('with check (%s)', r.rows) else '' end);
    end loop;
  end loop;
  for r in select c.oid::regclass as name from pg_class c where c.relnamespace = 'tenancy'::regnamespace and c.relkind = 'r' loop
    execute format('alter table %s enable row level security; alter table %s force row level security', r.name, r.name);
  end loop;
end $$;
