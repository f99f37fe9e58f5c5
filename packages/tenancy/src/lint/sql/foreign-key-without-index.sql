select format('%s constraint %I', rel.name, c.conname) as object, 'no index begins with its columns: a delete over there reads this whole table' as what,
       format('create index on %s (%s)', rel.name, (select string_agg(quote_ident(col.name), ', ' order by k.ord)
                                                      from unnest(c.conkey) with ordinality k (num, ord) join col on col.rel = c.conrelid and col.num = k.num)) as mend
  from pg_constraint c join rel on rel.oid = c.conrelid
 where c.contype = 'f' and rel.product and not rel.partition
   and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indpred is null
                      and (select array_agg(k) from unnest(i.indkey[0:cardinality(c.conkey) - 1]) k) <@ c.conkey
                      and i.indnatts >= cardinality(c.conkey))
