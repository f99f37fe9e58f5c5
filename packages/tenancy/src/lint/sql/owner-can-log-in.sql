select rel.name as object,
       format('its owner %s %s', quote_ident(r.rolname), case when r.rolsuper then 'is a superuser' when r.rolbypassrls then 'bypasses row security'
         when r.oid in (select oid from becomes) then 'is a role the product can become' else 'can log in' end) as what,
       format('alter %s %s owner to %I', case rel.kind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table' else 'table' end,
              rel.name, o.owner) as mend
  from rel join pg_roles r on r.oid = rel.owner, option o
 where rel.kind <> 'S' and (rel.product or rel.guard)
   and (r.rolsuper or r.rolbypassrls or r.rolcanlogin or r.oid in (select oid from becomes))
