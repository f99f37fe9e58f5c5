select 'schema ' || quote_ident(space.name) as object, 'PUBLIC may use it: every role on the server sees what is open in it' as what,
       format('revoke usage on schema %I from public; -- and grant it to the roles that need it', space.name) as mend
  from space, aclexplode(space.acl) g
 where (space.product or space.guard) and g.privilege_type = 'USAGE' and g.grantee = 0
