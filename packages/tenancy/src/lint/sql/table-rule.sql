select format('%s rule %I', rel.name, w.rulename) as object, 'a rewrite rule runs with the rights of the table''s owner' as what,
       format('drop rule %I on %s', w.rulename, rel.name) as mend
  from pg_rewrite w join rel on rel.oid = w.ev_class
 where rel.kind in ('r', 'p') and rel.product and w.rulename <> '_RETURN'
