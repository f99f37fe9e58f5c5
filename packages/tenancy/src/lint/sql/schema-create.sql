select 'schema ' || quote_ident(space.name) as object, format('%s may create objects in it: a function or table of the same name stands before yours', coalesce(a.sql, 'PUBLIC')) as what,
       format('revoke create on schema %I from %s', space.name, coalesce(a.sql, 'public')) as mend
  from space, aclexplode(space.acl) g left join actor a on a.oid = g.grantee
 where g.privilege_type = 'CREATE' and (g.grantee = 0 or a.oid is not null)
