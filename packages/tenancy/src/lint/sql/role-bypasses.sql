select distinct 'role ' || quote_ident(r.rolname) as object,
       format('it %s', case when r.rolsuper then 'is a superuser' else 'has BYPASSRLS' end) as what,
       format('alter role %I %s', r.rolname, case when r.rolsuper then 'nosuperuser nobypassrls' else 'nobypassrls' end) as mend
  from pg_roles r, option o
 where (r.rolsuper or r.rolbypassrls) and r.rolname <> all (o.bypass)
   and (r.oid in (select oid from becomes)
        or r.oid in (select g.grantee from grants g join rel on rel.oid = g.rel and rel.product)
        or r.oid in (select p.role from policy p join rel on rel.oid = p.rel and rel.product))
