select rel.name as object, format('%s may use it: its numbers count all organizations'' rows, and one caller can use them up for all', string_agg(app.name, ', ' order by app.name)) as what,
       format('revoke all on sequence %s from %s; -- a column "generated always as identity" needs no right', rel.name, string_agg(app.sql, ', ' order by app.name)) as mend
  from rel cross join app
 where rel.kind = 'S' and not rel.guard and has_schema_privilege(app.oid, rel.space, 'usage')
   and (has_sequence_privilege(app.oid, rel.oid, 'usage') or has_sequence_privilege(app.oid, rel.oid, 'select') or has_sequence_privilege(app.oid, rel.oid, 'update'))
   and not exists (select from grants g where g.rel = rel.oid and g.grantee = 0)     -- see granted-to-public
 group by rel.name
