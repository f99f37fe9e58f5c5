select func.name as object, format('%s may call it, and it acts as %s', string_agg(c.role_name, ', ' order by c.role_name), func.owner::regrole) as what,
       format('revoke execute on %s %s from public, %s; -- or: alter %1$s %2$s security invoker', func.kind, func.name, string_agg(c.role_sql, ', ' order by c.role_name)) as mend
  from func join callable c on c.func = func.oid
 where func.definer and not func.guard and not func.trigger
 group by func.oid, func.name, func.owner, func.kind
