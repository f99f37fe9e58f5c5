select distinct on (y.indexrelid) format('%s index %I', rel.name, b.relname) as object, format('it is the same as index %I', a.relname) as what,
       coalesce((select distinct on (y.indexrelid) format('alter table %s drop constraint %I', rel.name, c.conname) from pg_constraint c where c.conindid = y.indexrelid and c.contype in ('u', 'p', 'x') limit 1),
                format('drop index %s.%I', rel.space::regnamespace, b.relname)) as mend
  from pg_index x join pg_index y on y.indrelid = x.indrelid and y.indexrelid <> x.indexrelid
  join pg_class a on a.oid = x.indexrelid join pg_class b on b.oid = y.indexrelid join rel on rel.oid = x.indrelid
 where rel.product and not rel.partition and a.relam = b.relam
   and x.indkey::text = y.indkey::text and x.indclass::text = y.indclass::text and x.indcollation::text = y.indcollation::text and x.indoption::text = y.indoption::text
   and x.indnkeyatts = y.indnkeyatts and not x.indisexclusion and not y.indisexclusion
   and coalesce(pg_get_expr(x.indexprs, x.indrelid), '') = coalesce(pg_get_expr(y.indexprs, y.indrelid), '')
   and coalesce(pg_get_expr(x.indpred, x.indrelid), '') = coalesce(pg_get_expr(y.indpred, y.indrelid), '')
   -- The one that stays: the stronger, then the older.
   and (x.indisprimary, x.indisunique, -x.indexrelid::int8) > (y.indisprimary, y.indisunique, -y.indexrelid::int8)
   and (x.indisunique or not y.indisunique)
 order by y.indexrelid, x.indisprimary desc, x.indisunique desc, x.indexrelid
