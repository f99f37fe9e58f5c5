select format('%s policy %I', rel.name, p.name) as object,
       format('%s may not %s here', string_agg(distinct r.rolname, ', '), string_agg(distinct upper(p.verb), ', ')) as what,
       format('drop policy %I on %s; -- or grant what is missing', p.name, rel.name) as mend
  from policy p join rel on rel.oid = p.rel join pg_roles r on r.oid = p.role
 where rel.product and p.permissive and p.cmd <> '*'
   and not has_table_privilege(r.oid, rel.oid, p.verb) and not (p.verb <> 'delete' and has_any_column_privilege(r.oid, rel.oid, p.verb))
 group by rel.name, p.name
