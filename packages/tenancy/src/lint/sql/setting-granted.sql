select 'setting ' || p.parname as object, format('%s may change it', coalesce(a.sql, 'PUBLIC')) as what,
       format('revoke all on parameter %I from %s', p.parname, coalesce(a.sql, 'public')) as mend
  from pg_parameter_acl p, aclexplode(p.paracl) g left join actor a on a.oid = g.grantee
 where g.grantee = 0 or a.oid is not null
