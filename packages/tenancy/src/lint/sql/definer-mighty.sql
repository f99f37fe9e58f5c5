select func.name as object, format('it acts as %s, which %s', func.owner::regrole, case when r.rolsuper then 'is a superuser' else 'bypasses row security' end) as what,
       format('alter %s %s owner to <a role without rights but those it needs>', func.kind, func.name) as mend
  from func join pg_roles r on r.oid = func.owner
 where func.definer and (r.rolsuper or r.rolbypassrls)
   and (exists (select from callable c where c.func = func.oid)
        or exists (select from pg_trigger t join rel on rel.oid = t.tgrelid and rel.product where t.tgfoid = func.oid and not t.tgisinternal))
