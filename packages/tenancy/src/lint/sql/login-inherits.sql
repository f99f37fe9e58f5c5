select format('role %I granted to %I', r.rolname, a.name) as object, format('%s has the rights of %I before it becomes it', a.sql, r.rolname) as what,
       format('grant %I to %s with inherit false, set true', r.rolname, a.sql) as mend
  from pg_auth_members m join actor a on a.oid = m.member join pg_roles r on r.oid = m.roleid, option o
 where m.inherit_option and not m.admin_option
   and ((a.kind = 'login' and r.rolname = any (o.application)) or (a.kind = 'worker' and r.rolname like o.job))
