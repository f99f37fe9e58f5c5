select func.name as object, 'its search_path does not end with pg_temp: temporary tables are looked at before all others' as what,
       format('alter %s %s set search_path = %s, pg_temp', func.kind, func.name, func.path) as mend
  from func
 where func.definer and (func.product or func.guard) and func.path !~ '(^|, ?)"?pg_temp"?$' and func.path not in ('', '""')
