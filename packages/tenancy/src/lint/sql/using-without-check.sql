select format('%s policy %I', rel.name, p.polname) as object,
       format('it has USING and no WITH CHECK: what a row may become is only what may be touched%s', case p.polcmd when '*' then ', for INSERT too' else '' end) as what,
       format('alter policy %I on %s with check (%s)', p.polname, rel.name, pg_get_expr(p.polqual, p.polrelid)) as mend
  from pg_policy p join rel on rel.oid = p.polrelid
 where p.polcmd in ('*', 'w') and p.polpermissive and p.polqual is not null and p.polwithcheck is null and rel.product
