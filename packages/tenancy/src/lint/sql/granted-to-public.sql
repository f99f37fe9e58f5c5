select rel.name as object, format('PUBLIC may %s', string_agg(distinct g.privilege, ', ' order by g.privilege)) as what,
       format('revoke all on %s%s from public', case rel.kind when 'S' then 'sequence ' else '' end, rel.name) as mend
  from grants g join rel on rel.oid = g.rel
 where g.grantee = 0
 group by rel.name, rel.kind
