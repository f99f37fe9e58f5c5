select format('default privileges of %I for %s%s', d.defaclrole::regrole, coalesce(a.sql, 'PUBLIC'), coalesce(' in schema ' || quote_ident(n.nspname), '')) as object,
       format('%s %s made later: %s', coalesce(a.sql, 'PUBLIC'), case d.defaclobjtype when 'r' then 'gets rights on every table' when 'S' then 'gets rights on every sequence'
         when 'f' then 'may call every function' when 'T' then 'may use every type' when 'n' then 'gets rights on every schema' else 'gets rights on every large object' end, g.privilege_type) as what,
       format('alter default privileges for role %s %srevoke %s on %s from %s', d.defaclrole::regrole, coalesce(format('in schema %I ', n.nspname), ''), lower(g.privilege_type),
              case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else 'large objects' end,
              coalesce(a.sql, 'public')) as mend
  from pg_default_acl d left join pg_namespace n on n.oid = d.defaclnamespace, aclexplode(d.defaclacl) g left join actor a on a.oid = g.grantee
 where (a.oid is not null or g.grantee = 0)
   and not (g.grantee = 0 and d.defaclnamespace = 0 and d.defaclobjtype in ('f', 'T'))     -- Postgres's own default; see function-default
