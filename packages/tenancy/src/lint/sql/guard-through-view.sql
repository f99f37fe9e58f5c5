select distinct rel.name as object, format('it shows %s', guarded.name) as what,
       format('revoke all on %s from %s', rel.name, (select string_agg(app.sql, ', ' order by app.name) from app)) as mend
  from rel join pg_rewrite w on w.ev_class = rel.oid
  join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
  join rel guarded on guarded.oid = d.refobjid and guarded.guard
 where rel.kind in ('v', 'm') and not rel.guard and exists (select from reach r where r.rel = rel.oid)
