select format('%s.%I', rel.name, col.name) as object,
       format('%s may select it, and so compare it with rows that the policies hide', string_agg(distinct app.name, ', ')) as what,
       format('revoke select on %1$s from %2$s; grant select (<the other columns>) on %1$s to %2$s; -- declare it with confidential(), which does that', rel.name,
              string_agg(distinct app.sql, ', ')) as mend
  from rel join col on col.rel = rel.oid cross join option o
  join app on has_schema_privilege(app.oid, rel.space, 'usage') and has_column_privilege(app.oid, rel.oid, col.num, 'select')
 where rel.product and rel.kind in ('r', 'p') and rel.rls and col.name ~ o.confidential and col.name !~ '(^|_)ids?$' and col.type <> all (array['bool', 'timestamp', 'timestamptz']::regtype[])
   -- What no policy shows and anybody reads is sensitive-column-open's.
   and not (col.name ~ o.sensitive and app.name = o.anonymous)
 group by rel.name, col.name
