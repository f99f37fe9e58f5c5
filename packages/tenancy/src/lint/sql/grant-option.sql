select format('%s granted to %I', rel.name, a.name) as object, format('%s may give %s to others', a.sql, string_agg(distinct g.privilege, ', ' order by g.privilege)) as what,
       format('revoke grant option for all on %s from %s cascade', rel.name, a.sql) as mend
  from grants g join rel on rel.oid = g.rel join actor a on a.oid = g.grantee
 where g.grantable
 group by rel.name, a.name, a.sql
