select 'large objects' as object, format('%s may make large objects: a store outside of every policy', string_agg(app.name, ', ' order by app.name)) as what,
       'revoke execute on function lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea) from public; -- a superuser''s right; lost by pg_upgrade' as mend
  from app
 where has_function_privilege(app.oid, 'pg_catalog.lo_create(oid)', 'execute') or has_function_privilege(app.oid, 'pg_catalog.lo_from_bytea(oid, bytea)', 'execute')
having count(*) > 0
