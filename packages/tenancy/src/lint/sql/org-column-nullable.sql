select format('%s.%I', rel.name, col.name) as object, 'it may be null: such a row belongs to nobody, and unique keys over it let duplicates in' as what,
       format('alter table %s alter column %I set not null', rel.name, col.name) as mend
  from rel join col on col.rel = rel.oid
 where rel.kind in ('r', 'p') and rel.product and not rel.partition and col.says_org and not col.not_null
