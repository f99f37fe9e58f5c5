select format('%s constraint %I', src.name, c.conname) as object, format('it points at %s, which an upgrade of the guard may empty or replace', dst.name) as what,
       format('alter table %s drop constraint %I', src.name, c.conname) as mend
  from pg_constraint c join rel src on src.oid = c.conrelid join rel dst on dst.oid = c.confrelid
 where c.contype = 'f' and dst.guard and not src.guard
