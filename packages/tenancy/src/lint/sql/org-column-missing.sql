select rel.name as object, format('it has no column %s, and %s may use it', o.org_columns[1],
         (select string_agg(distinct r.role_name, ', ') from reach r where r.rel = rel.oid)) as what,
       format('alter table %s add column %I text not null references %s', rel.name, o.org_columns[1], o.organization_table) as mend
  from rel, option o
 where rel.kind in ('r', 'p') and rel.product and not rel.partition and rel.plain <> o.organization_table
   and exists (select from reach r where r.rel = rel.oid)
   and not exists (select from col where col.rel = rel.oid and col.says_org)
