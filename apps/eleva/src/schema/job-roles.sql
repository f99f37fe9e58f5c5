-- Roles of the jobs and of the definer functions; see roles.ts. They belong to the whole server: several databases may be set up at once,
-- and the slower one finds them made. A caller that is no superuser must be able to act as the owners of functions.
do $$
declare
  wanted text;
begin
  foreach wanted in array array[
    'rehome_job_booking', 'rehome_job_payments', 'rehome_job_sync', 'rehome_job_admin', 'rehome_job_setup', 'rehome_job_identity',
    'rehome_job_claim', 'rehome_job_deletion', 'rehome_fn_busy', 'rehome_fn_check', 'rehome_fn_numbers', 'rehome_fn_receipts', 'rehome_fn_organizations'
  ] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin noinherit nosuperuser nocreatedb nocreaterole nobypassrls', wanted);
      exception when duplicate_object or unique_violation then null;
      end;
    end if;
    if wanted like 'rehome\_fn\_%' and not pg_has_role(current_user, wanted, 'SET') then
      execute format('grant %I to current_user with inherit false, set true', wanted);
    end if;
  end loop;
end $$;
