select func.name as object, format('%s may call a function of the guard that is not for them', string_agg(a.name, ', ' order by a.name)) as what,
       format('revoke execute on function %s from public, %s', func.name, string_agg(a.sql, ', ' order by a.name)) as mend
  from func join actor a on has_function_privilege(a.oid, func.oid, 'execute'), option o
 where func.guard and func.plain <> all (o.guard_functions) and not (a.kind = 'job' and func.plain = 'revoke_session')
 group by func.name
