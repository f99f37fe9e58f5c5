select rel.name as object,
       format('row security does not bind its owner %s', rel.owner::regrole) as what,
       format('alter table %s force row level security', rel.name) as mend
  from rel
 where rel.kind in ('r', 'p') and rel.rls and not rel.forced and not rel.guard
   and (rel.product or exists (select from reach r where r.rel = rel.oid))
