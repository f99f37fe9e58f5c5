select format('%s.%I', rel.name, col.name) as object,
       format('%s may update who or what a row is', string_agg(w.role_name, ', ' order by w.role_name)) as what,
       format('revoke update on %1$s from %2$s; grant update (%3$s) on %1$s to %2$s', rel.name, string_agg(quote_ident(w.role_name), ', ' order by w.role_name),
              (select coalesce(string_agg(quote_ident(c.name), ', ' order by c.num), '<columns>') from col c
                where c.rel = rel.oid and not c.says_identity and not c.says_party and not c.says_money)) as mend
  from writes w join rel on rel.oid = w.rel join col on col.rel = rel.oid
 where w.verb = 'update' and rel.product and has_column_privilege(w.role, rel.oid, col.num, 'update')
   and (col.says_identity or col.says_party
        or exists (select from pg_index i where i.indrelid = rel.oid and i.indisprimary and col.num = any (i.indkey)))
 group by rel.oid, rel.name, col.name
