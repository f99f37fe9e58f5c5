select rel.name as object,
       coalesce('row security is off, and ' || nullif((select string_agg(distinct r.role_name, ', ') from reach r where r.rel = rel.oid), '') || ' may use the table',
                'row security is off') as what,
       format('alter table %1$s enable row level security; alter table %1$s force row level security', rel.name) as mend
  from rel
 where rel.kind in ('r', 'p') and not rel.rls and not rel.guard
   and not exists (select from policy p where p.rel = rel.oid)
   and ((rel.product and not rel.partition) or exists (select from reach r where r.rel = rel.oid))
