select 'server ' || quote_ident(s.srvname) as object, format('%s may use it: rows come and go past every policy here', string_agg(a.name, ', ' order by a.name)) as what,
       format('revoke usage on foreign server %I from public, %s', s.srvname, string_agg(a.sql, ', ' order by a.name)) as mend
  from pg_foreign_server s join actor a on has_server_privilege(a.oid, s.oid, 'usage')
 group by s.srvname
union all
select format('%s.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)), format('%s may call it: it reads or writes outside of this database', string_agg(a.name, ', ' order by a.name)),
       format('revoke execute on function %I.%I(%s) from public, %s', n.nspname, p.proname, oidvectortypes(p.proargtypes), string_agg(a.sql, ', ' order by a.name))
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace join app a on has_schema_privilege(a.oid, n.oid, 'usage') and has_function_privilege(a.oid, p.oid, 'execute')
 where (p.proname in ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'lo_import', 'lo_export', 'pg_file_write') and n.nspname = 'pg_catalog')
    or p.proname in ('dblink', 'dblink_exec', 'dblink_connect', 'dblink_send_query')
 group by n.nspname, p.proname, p.oid, p.proargtypes
