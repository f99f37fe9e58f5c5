select 'database' as object, format('%s may %s', coalesce(a.sql, 'PUBLIC'), case g.privilege_type when 'CREATE' then 'create schemas' else 'create temporary tables, which shadow yours' end) as what,
       format('revoke %s on database %I from %s', lower(g.privilege_type), d.datname, coalesce(a.sql, 'public')) as mend
  from pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) g left join actor a on a.oid = g.grantee
 where d.datname = current_database() and g.privilege_type in ('CREATE', 'TEMPORARY') and (g.grantee = 0 or a.oid is not null)
