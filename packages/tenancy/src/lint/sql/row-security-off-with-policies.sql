select rel.name as object,
       format('it has %s policies, and row security is off', (select count(distinct p.oid) from policy p where p.rel = rel.oid)) as what,
       format('alter table %1$s enable row level security; alter table %1$s force row level security', rel.name) as mend
  from rel
 where rel.kind in ('r', 'p') and not rel.rls and exists (select from policy p where p.rel = rel.oid)
