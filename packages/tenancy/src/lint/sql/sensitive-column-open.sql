select format('%s.%I', rel.name, col.name) as object,
       format('%s reads it%s', string_agg(app.name, ', ' order by app.name), case when rel.rls then ', without an identity' else ' of all rows' end) as what,
       format('revoke select on %1$s from %2$s; grant select (<the other columns>) on %1$s to %2$s', rel.name, string_agg(app.sql, ', ' order by app.name)) as mend
  from rel join col on col.rel = rel.oid cross join option o
  join app on has_schema_privilege(app.oid, rel.space, 'usage') and has_column_privilege(app.oid, rel.oid, col.num, 'select')
 where rel.product and rel.kind in ('r', 'p') and col.says_sensitive
   and (not rel.rls or (app.name = o.anonymous and exists (select from policy p where p.rel = rel.oid and p.verb = 'select' and p.permissive
                                                            and (p.role = 0 or pg_has_role(app.oid, p.role, 'usage')))))
 group by rel.name, rel.rls, col.name
