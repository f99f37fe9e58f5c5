select 'role ' || r.rolname::regrole as object, 'every function it makes may be called by PUBLIC, until somebody takes it back' as what,
       format('alter default privileges for role %s revoke execute on functions from public', r.rolname::regrole) as mend
  from pg_roles r
 where r.oid in (select rel.owner from rel where rel.product and rel.kind in ('r', 'p')) and not r.rolsuper
   and not exists (select from pg_default_acl d where d.defaclrole = r.oid and d.defaclnamespace = 0 and d.defaclobjtype = 'f'
                      and not exists (select from aclexplode(d.defaclacl) g where g.grantee = 0))
