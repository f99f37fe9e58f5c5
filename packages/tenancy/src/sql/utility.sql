-- Refuses every command that defines something (CREATE, ALTER, DROP, GRANT, COMMENT, DROP OWNED …) to the logins of the product before it takes
-- a lock. Several of them lock the table first and ask for the right afterwards: CREATE RULE on any table of a schema that one may use, catalogs
-- included, makes everybody wait, and in pg_authid every login to the server. Event triggers are a superuser's matter; installed as one.
-- The function is the superuser's, too: whoever could change it would run code in every superuser's next command.
create or replace function auth.refuse_utility() returns event_trigger
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  -- A superuser is a member of every role. No role is named that a restored copy may lack.
  if not exists (select from pg_roles r where r.rolname = 'rehome_owner' and pg_has_role(session_user, r.oid, 'member'))
     and not (select r.rolsuper from pg_roles r where r.rolname = session_user)
     and exists (select from pg_roles r
                  where (r.rolname in ('authenticated', 'anonymous', 'rehome_keys') or starts_with(r.rolname, 'rehome_job_'))
                    and pg_has_role(session_user, r.oid, 'member')) then
    raise exception '% is not for the logins of the product', tg_tag using errcode = '42501', hint = 'Run it as the owner of the database.';
  end if;
end $$;
revoke all on function auth.refuse_utility() from public;

do $$
begin
  if not exists (select from pg_event_trigger where evtname = 'rehome_refuse_utility' and evtenabled = 'A' and evtevent = 'ddl_command_start'
                    and evttags is null and evtfoid = 'auth.refuse_utility()'::regprocedure) then
    drop event trigger if exists rehome_refuse_utility;
    create event trigger rehome_refuse_utility on ddl_command_start execute function auth.refuse_utility();
    alter event trigger rehome_refuse_utility enable always;
  end if;
end $$;
