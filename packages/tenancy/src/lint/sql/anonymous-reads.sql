select rel.name as object, format('%s, without an identity, reads rows of it', app.sql) as what,
       format('revoke select on %s from %s', rel.name, app.sql) as mend
  from rel cross join option o join app on app.name = o.anonymous
 where rel.kind in ('r', 'p') and rel.product and rel.rls
   and exists (select from reach r where r.rel = rel.oid and r.role = app.oid and r.verb = 'select')
   and exists (select from policy p where p.rel = rel.oid and p.verb = 'select' and p.permissive and (p.role = 0 or pg_has_role(app.oid, p.role, 'usage')))
