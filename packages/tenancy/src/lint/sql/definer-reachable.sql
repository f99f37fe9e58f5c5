select func.name as object, format('%s may call it, and it acts as %s', string_agg(c.role_name, ', ' order by c.role_name), func.owner::regrole) as what,
       format('revoke execute on %s %s from public, %s; -- or: alter %1$s %2$s security invoker', func.kind, func.name, string_agg(c.role_sql, ', ' order by c.role_name)) as mend
  from func join callable c on c.func = func.oid
  join pg_proc p on p.oid = func.oid
 where func.definer and not func.guard and not func.trigger
   -- Made by afterMigration, and still what it makes: by keys, under the policies of who asks (policyProblems compares each with the declaration).
   and not (func.owner = to_regrole('rehome_fn_confidential') and func.name like 'confidential.%' and func.language = 'plpgsql'
            and p.prosrc ~ '^\s*begin\s+return query select t\.\* from unnest\((\$\d+(, )?)+\) with ordinality k \((key_\d+, )+n\)\s+join \S+ t on (t\.\S+ = k\.key_\d+( and )?)+ order by k\.n;\s*end\s*$')
 group by func.oid, func.name, func.owner, func.kind
