select func.name as object, 'its search_path is the caller''s: the caller chooses which tables, functions and operators its names mean' as what,
       format('alter %s %s set search_path = pg_catalog, pg_temp', func.kind, func.name) as mend
  from func
 where (func.product or func.guard) and func.path is null and not func.bound and func.language not in ('c', 'internal')
