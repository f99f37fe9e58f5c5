select format('%s granted to %s', rel.name, coalesce(quote_ident(r.rolname), 'PUBLIC')) as object,
       format('%s: %s', string_agg(distinct g.privilege, ', ' order by g.privilege), 'no policy is asked') as what,
       format('revoke %s on %s from %s', lower(string_agg(distinct g.privilege, ', ' order by g.privilege)), rel.name, coalesce(quote_ident(r.rolname), 'public')) as mend
  from grants g join rel on rel.oid = g.rel left join pg_roles r on r.oid = g.grantee, option o
 where rel.kind <> 'S' and g.privilege in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
   and (g.grantee = 0 or not (r.rolsuper or r.rolbypassrls))
 group by rel.name, r.rolname
