select format('%s %s by %I', rel.name, asked, app.name) as object, format('%s, without an identity, may %s', app.sql, upper(asked)) as what,
       format('revoke %s on %s from %s', asked, rel.name, app.sql) as mend
  from rel cross join unnest(array['insert', 'update', 'delete']) asked cross join option o join app on app.name = o.anonymous
 where exists (select from reach r where r.rel = rel.oid and r.role = app.oid and r.verb = asked)
