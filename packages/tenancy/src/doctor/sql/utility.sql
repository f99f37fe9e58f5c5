-- What commands that need no ownership could do: is the event trigger on; which of the roles $1, and of those that have policies here (a job of
-- another database has none), lack what stops DROP OWNED; which other databases of this server are open to the logins $2; and may transactions
-- be prepared?
select exists (select from pg_event_trigger e
                where e.evtname = 'rehome_refuse_utility' and e.evtevent = 'ddl_command_start' and e.evtenabled in ('O', 'A') and e.evttags is null
                  and e.evtfoid = to_regprocedure('auth.refuse_utility()')) as refused,
       array(select quote_ident(r.rolname) from pg_roles r
              where not r.rolsuper and r.rolname not in ('rehome_owner', 'rehome_guard') and not starts_with(r.rolname, 'rehome_fn_')
                and (r.rolname = any ($1) or exists (select from pg_policy y where r.oid = any (y.polroles)))
                and (not exists (select from pg_attribute t cross join aclexplode(t.attacl) x where t.attrelid = 'auth.drop_owned_stop'::regclass and t.attname = 'held' and x.grantee = r.oid)
                     or has_table_privilege(r.oid, 'auth.drop_owned_stop', 'select, insert, update, delete, truncate, references, trigger'))
              order by 1) as droppable,
       array(select quote_ident(d.datname) from pg_database d join pg_roles l on l.rolname = any ($2)
              where d.datallowconn and d.datname <> current_database() and has_database_privilege(l.oid, d.oid, 'connect')
              group by d.datname order by 1) as others,
       array(select quote_ident(r.rolname) from pg_roles r where r.rolname = any ($2)) as logins,
       current_setting('max_prepared_transactions')::int as prepared
