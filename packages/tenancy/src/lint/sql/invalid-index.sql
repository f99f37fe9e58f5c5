select format('%s index %I', rel.name, c.relname) as object, 'it is not valid: no query uses it, and a unique one does not keep duplicates out' as what,
       format('reindex index concurrently %s.%I', rel.space::regnamespace, c.relname) as mend
  from pg_index i join rel on rel.oid = i.indrelid join pg_class c on c.oid = i.indexrelid
 where not (i.indisvalid and i.indisready) and (rel.product or rel.guard)
