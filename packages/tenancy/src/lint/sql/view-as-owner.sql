select rel.name as object, format('it reads as its owner %s, and so past the policies of %s', rel.owner::regrole,
         (select string_agg(distinct r.role_name, ', ') from reach r where r.rel = rel.oid)) as what,
       format('alter view %s set (security_invoker = true)', rel.name) as mend
  from rel
 where rel.kind = 'v' and not exists (select from unnest(rel.options) option where option ~* '^security_invoker=(t|true|on|y|yes|1)$')
   and exists (select from reach r where r.rel = rel.oid)
