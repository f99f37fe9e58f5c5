select distinct format('%s policy %I', rel.name, p.name) as object, 'it is for PUBLIC: for every role there is and will be' as what,
       format('alter policy %I on %s to %s', p.name, rel.name, (select string_agg(app.sql, ', ' order by app.name) from app)) as mend
  from policy p join rel on rel.oid = p.rel
 where p.role = 0 and p.permissive
