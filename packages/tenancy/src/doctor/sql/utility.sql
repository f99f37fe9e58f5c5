-- What the roles $1 could do with commands that need no ownership: is the event trigger on, which of them lack what stops DROP OWNED, which other
-- databases of this server are open to the logins $2, and may transactions be prepared?
select exists (select from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
                where e.evtname = 'rehome_refuse_utility' and e.evtenabled in ('O', 'A') and e.evttags is null and p.proname = 'refuse_utility') as refused,
       array(select r.rolname::text from pg_roles r
              where not r.rolsuper and r.rolname not in ('rehome_owner', 'rehome_guard') and not starts_with(r.rolname, 'rehome_fn_')
                and (r.rolname = any ($1) or starts_with(r.rolname, 'rehome_job_') or exists (select from pg_policy y where r.oid = any (y.polroles)))
                and (not has_column_privilege(r.oid, 'auth.drop_owned_stop', 'held', 'select')
                     or has_table_privilege(r.oid, 'auth.drop_owned_stop', 'select, insert, update, delete, truncate, references, trigger'))
              order by 1) as droppable,
       array(select d.datname::text from pg_database d join pg_roles l on l.rolname = any ($2)
              where d.datallowconn and d.datname <> current_database() and has_database_privilege(l.oid, d.oid, 'connect')
              group by d.datname order by 1) as others,
       current_setting('max_prepared_transactions')::int as prepared
