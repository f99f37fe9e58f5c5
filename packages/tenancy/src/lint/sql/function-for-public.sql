select func.name as object, 'PUBLIC may call it; that is the default of every new function' as what,
       format('revoke execute on %s %s from public', func.kind, func.name) as mend
  from func
 where func.product and (func.definer or not func.trigger)
   and exists (select from aclexplode(coalesce(func.acl, acldefault('f', func.owner))) g where g.grantee = 0)
