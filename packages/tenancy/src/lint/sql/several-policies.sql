select format('%s %s by %I', rel.name, p.verb, app.name) as object,
       format('policies %s are joined by OR: the widest decides', string_agg(quote_ident(p.name), ', ' order by p.name)) as what,
       format('-- write one policy on %s for %s to %s that says both', rel.name, p.verb, app.sql) as mend
  from policy p join rel on rel.oid = p.rel
  join app on p.role = 0 or pg_has_role(app.oid, p.role, 'usage')
 where p.permissive and rel.product
 group by rel.name, p.verb, app.name, app.sql having count(distinct p.oid) > 1
