select rel.name as object, format('%s may read it, and no policy applies to a materialized view', (select string_agg(distinct r.role_name, ', ') from reach r where r.rel = rel.oid)) as what,
       format('revoke all on %s from %s', rel.name, (select string_agg(distinct quote_ident(r.role_name), ', ') from reach r where r.rel = rel.oid)) as mend
  from rel where rel.kind = 'm' and exists (select from reach r where r.rel = rel.oid)
