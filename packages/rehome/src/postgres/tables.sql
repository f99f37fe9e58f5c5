-- Every ordinary table that is not the server's, an extension's or the mover's, with what the asking role may do there.
select n.nspname as schema,
       c.relname as name,
       row_security_active(c.oid) as hidden,
       pg_has_role(c.relowner, 'usage') as ours,
       has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p')
   and not c.relispartition
   and n.nspname !~ '^pg_'
   and n.nspname not in ('information_schema', 'rehome', 'rehome_stage')
   and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
 order by n.nspname, c.relname
