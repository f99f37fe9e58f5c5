select format('%s.%I', rel.name, col.name) as object, format('%s may %s money', string_agg(distinct w.role_name, ', '), string_agg(distinct w.verb, ' and ')) as what,
       format('revoke insert, update on %1$s from %2$s; grant insert (%3$s), update (%3$s) on %1$s to %2$s; -- and write money by a job', rel.name,
              string_agg(distinct quote_ident(w.role_name), ', '),
              (select coalesce(string_agg(quote_ident(c.name), ', ' order by c.num), '<columns>') from col c
                where c.rel = rel.oid and not c.says_identity and not c.says_party and not c.says_money)) as mend
  from writes w join rel on rel.oid = w.rel join col on col.rel = rel.oid
 where w.verb in ('insert', 'update') and rel.product and col.says_money and has_column_privilege(w.role, rel.oid, col.num, w.verb)
   -- Keys are identity-column-writable's.
   and not (col.says_identity or col.says_party)
 group by rel.oid, rel.name, col.name
