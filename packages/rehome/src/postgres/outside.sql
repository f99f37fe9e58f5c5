-- Foreign keys of tables that the move does not carry to tables that it does ($1: names in schema public), in any schema.
select n.nspname as schema,
       c.relname as "table",
       f.conname as name,
       p.relname as parent,
       (select json_agg(a.attname order by k.ordinality) from unnest(f.conkey) with ordinality k(attnum, ordinality)
          join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as columns,
       (select json_agg(a.attname order by k.ordinality) from unnest(f.confkey) with ordinality k(attnum, ordinality)
          join pg_attribute a on a.attrelid = p.oid and a.attnum = k.attnum) as references
  from pg_constraint f
  join pg_class c on c.oid = f.conrelid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_class p on p.oid = f.confrelid
 where f.contype = 'f' and f.conparentid = 0
   and p.relnamespace = 'public'::regnamespace and p.relname = any($1)
   and not (c.relnamespace = 'public'::regnamespace and c.relname = any($1))
   and n.nspname not in ('rehome', 'rehome_stage')
 order by n.nspname, c.relname, f.conname
