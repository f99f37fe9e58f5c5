select rel.name as object, 'it hides rows and is no barrier: a cheap function in a WHERE sees the hidden ones first' as what,
       format('alter view %s set (security_barrier = true)', rel.name) as mend
  from rel
 where rel.kind = 'v' and not exists (select from unnest(rel.options) option where option ~* '^security_(invoker|barrier)=(t|true|on|y|yes|1)$')
   and exists (select from reach r where r.rel = rel.oid)
