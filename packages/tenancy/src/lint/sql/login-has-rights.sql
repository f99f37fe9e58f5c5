select format('%s granted to %I', rel.name, a.name) as object, format('%s itself may %s', a.sql, string_agg(distinct g.privilege, ', ' order by g.privilege)) as what,
       format('revoke all on %s from %s', rel.name, a.sql) as mend
  from grants g join rel on rel.oid = g.rel join actor a on a.oid = g.grantee
 where a.kind in ('login', 'worker') and not rel.guard
 group by rel.name, a.name, a.sql
