select format('%s constraint %I', src.name, c.conname) as object,
       format('a row of one organization may point at a row of another in %s: neither the key nor the policies compare their organizations', dst.name) as what,
       format('alter table %1$s add unique (%2$I, %3$s); alter table %4$s drop constraint %5$I, add foreign key (%2$I, %6$s) references %1$s (%2$I, %3$s)',
              dst.name, o.org_columns[1],
              (select string_agg(quote_ident(col.name), ', ' order by k.ord) from unnest(c.confkey) with ordinality k (num, ord) join col on col.rel = dst.oid and col.num = k.num),
              src.name, c.conname,
              (select string_agg(quote_ident(col.name), ', ' order by k.ord) from unnest(c.conkey) with ordinality k (num, ord) join col on col.rel = src.oid and col.num = k.num)) as mend,
       jsonb_build_object('rel', src.oid::int8, 'columns', c.conkey,
         'writers', (select jsonb_agg(jsonb_build_object('role', w.role::int8, 'verb', w.verb)) from writes w
                      where w.rel = src.oid and w.verb in ('insert', 'update')
                        and exists (select from unnest(c.conkey) k where has_column_privilege(w.role, src.oid, k, w.verb)))) as facts
  from pg_constraint c join rel src on src.oid = c.conrelid join rel dst on dst.oid = c.confrelid, option o
 where c.contype = 'f' and src.product and not src.partition
   and exists (select from col where col.rel = dst.oid and col.says_org)
   and not exists (select from unnest(c.conkey, c.confkey) k (here, there)
                     join col mine on mine.rel = src.oid and mine.num = k.here join col theirs on theirs.rel = dst.oid and theirs.num = k.there
                    where mine.says_party and theirs.says_party)
   and exists (select from writes w where w.rel = src.oid and w.verb in ('insert', 'update')
                  and exists (select from unnest(c.conkey) k where has_column_privilege(w.role, src.oid, k, w.verb)))
