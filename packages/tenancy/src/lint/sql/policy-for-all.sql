select distinct format('%s policy %I', rel.name, p.name) as object, 'one expression decides who reads, makes, changes and deletes' as what,
       format('drop policy %I on %s; -- then one policy each for select, insert, update, delete', p.name, rel.name) as mend
  from policy p join rel on rel.oid = p.rel
 where p.cmd = '*' and p.permissive and rel.product
