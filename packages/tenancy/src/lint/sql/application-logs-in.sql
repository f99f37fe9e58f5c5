select 'role ' || a.sql as object, 'it can log in by itself: its session would begin with rights and without cleaning' as what, format('alter role %s nologin', a.sql) as mend
  from actor a join pg_roles r on r.oid = a.oid
 where a.kind in ('application', 'job') and r.rolcanlogin
