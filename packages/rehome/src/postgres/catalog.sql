-- Every ordinary table of schema public, with columns, primary key and foreign keys, as one json object a table.
select c.relname as name,
       c.relkind = 'p' as partitioned,
       (select json_agg(json_build_object(
                 'name', a.attname,
                 'type', format_type(a.atttypid, a.atttypmod),
                 'isEnum', t.typtype = 'e',
                 'notNull', a.attnotnull,
                 'default', (select pg_get_expr(d.adbin, d.adrelid) from pg_attrdef d where d.adrelid = c.oid and d.adnum = a.attnum),
                 'sequence', pg_get_serial_sequence(quote_ident(n.nspname) || '.' || quote_ident(c.relname), a.attname)
               ) order by a.attnum)
          from pg_attribute a
          join pg_type t on t.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns,
       coalesce((select json_agg(a.attname order by k.ordinality)
          from pg_constraint p
          cross join unnest(p.conkey) with ordinality k(attnum, ordinality)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
         where p.conrelid = c.oid and p.contype = 'p'), '[]') as "primaryKey",
       coalesce((select json_agg((select json_agg(a.attname order by k.ordinality) from unnest(i.indkey) with ordinality k(attnum, ordinality)
                               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum))
          from pg_index i
         where i.indrelid = c.oid and i.indisunique and not i.indisprimary and i.indexprs is null and i.indpred is null), '[]') as "uniqueKeys",
       coalesce((select json_agg(json_build_object(
                 'name', f.conname,
                 'table', r.relname,
                 'columns', (select json_agg(a.attname order by k.ordinality) from unnest(f.conkey) with ordinality k(attnum, ordinality)
                               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum),
                 'references', (select json_agg(a.attname order by k.ordinality) from unnest(f.confkey) with ordinality k(attnum, ordinality)
                               join pg_attribute a on a.attrelid = f.confrelid and a.attnum = k.attnum),
                 'validated', f.convalidated
               ) order by f.conname)
          from pg_constraint f
          join pg_class r on r.oid = f.confrelid
         where f.conrelid = c.oid and f.contype = 'f'), '[]') as "foreignKeys"
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where n.nspname = 'public'
   and c.relkind in ('r', 'p')
   and not c.relispartition
 order by c.relname
