select format('role %I granted to %I', r.rolname, a.name) as object,
       format('%s %s %s', a.sql, case when m.admin_option then 'may grant to others' when m.set_option then 'may become' else 'has the rights of' end, quote_ident(r.rolname)) as what,
       case when m.admin_option and fits.so then format('revoke admin option for %I from %s', r.rolname, a.sql) else format('revoke %I from %s', r.rolname, a.sql) end as mend
  from pg_auth_members m join actor a on a.oid = m.member join pg_roles r on r.oid = m.roleid, option o,
       lateral (select (a.kind = 'login' and r.rolname = any (o.application)) or (a.kind = 'worker' and r.rolname like o.job)) fits (so)
 where not fits.so or m.admin_option
