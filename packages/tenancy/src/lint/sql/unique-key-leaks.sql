select format('%s index %I', rel.name, ic.relname) as object,
       format('its key (%s) does not hold the organization: whoever writes here learns whether another organization has that value',
              (select string_agg(coalesce(col.name, '<expression>'), ', ' order by k.ord)
                 from unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality k (num, ord) left join col on col.rel = rel.oid and col.num = k.num)) as what,
       coalesce((select format('alter table %s drop constraint %I; alter table %1$s add unique (%3$I, …)', rel.name, c.conname, o.org_columns[1])
                   from pg_constraint c where c.conindid = i.indexrelid and c.contype in ('u', 'p', 'x') limit 1),
                format('drop index %s.%I; create unique index on %s (%I, …)', rel.space::regnamespace, ic.relname, rel.name, o.org_columns[1])) as mend
  from pg_index i join rel on rel.oid = i.indrelid join pg_class ic on ic.oid = i.indexrelid, option o
 where (i.indisunique or i.indisexclusion) and rel.product and rel.rls and not rel.partition
   -- Somebody of the product can choose a value of it, through a policy.
   and exists (select from writes w, unnest(i.indkey[0:i.indnkeyatts - 1]) k (num)
                where w.rel = rel.oid and w.verb in ('insert', 'update')
                  and case when k.num = 0 then true else has_column_privilege(w.role, rel.oid, k.num, w.verb) end)
   -- The organization itself, a number the database gives, or 128 bits that nobody guesses.
   and not exists (select from unnest(i.indkey[0:i.indnkeyatts - 1]) k (num) join col on col.rel = rel.oid and col.num = k.num
                    where col.says_party or col.identity = 'a' or col.type = 'uuid'::regtype)
