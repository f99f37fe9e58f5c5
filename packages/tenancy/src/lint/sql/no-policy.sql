select rel.name as object, 'row security is on and there is no policy: nobody but roles that bypass sees a row' as what,
       format('create policy <name> on %s for select to <role> using (<whose row it is>)', rel.name) as mend
  from rel
 where rel.kind in ('r', 'p') and rel.rls and rel.product and not rel.partition and not exists (select from policy p where p.rel = rel.oid)
