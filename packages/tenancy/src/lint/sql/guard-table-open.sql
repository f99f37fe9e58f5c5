select format('%s granted to %I', rel.name, a.name) as object,
       format('%s may use a %s of the guard', a.sql, case rel.kind when 'S' then 'sequence' else 'table' end) as what,
       format('revoke all on %s%s from %s', case rel.kind when 'S' then 'sequence ' else '' end, rel.name, a.sql) as mend
  from rel cross join actor a
 where rel.guard and rel.name not like '%.drop_owned_stop'                          -- where a right is wanted: see the doctor
   and case rel.kind when 'S' then has_sequence_privilege(a.oid, rel.oid, 'usage, select, update')
       else has_any_column_privilege(a.oid, rel.oid, 'select, insert, update') or has_table_privilege(a.oid, rel.oid, 'delete, truncate') end
   and not exists (select from grants g where g.rel = rel.oid and g.grantee = 0)     -- see granted-to-public
