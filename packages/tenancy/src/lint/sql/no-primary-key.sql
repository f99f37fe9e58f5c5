select rel.name as object, 'it has no primary key' as what, format('alter table %s add primary key (<columns>)', rel.name) as mend
  from rel
 where rel.kind in ('r', 'p') and rel.product and not rel.partition
   and not exists (select from pg_index i where i.indrelid = rel.oid and i.indisprimary)
