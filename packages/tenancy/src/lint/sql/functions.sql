select p.oid::int8 as oid, format('%I.%I', n.nspname, p.proname) as name,
       case when n.nspname = o.guard and p.proname in ('session', 'jwt') then 'session'
            when n.nspname = o.guard then 'accessor'
            when p.proname = 'current_setting' and n.nspname = 'pg_catalog' then 'setting'
            when coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) ~* '\mcurrent_setting\M' then 'setting'
            else 'own' end as kind,
       p.provolatile = 'i' as immutable
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace, option o
 where n.nspname not in ('pg_catalog', 'information_schema') or (n.nspname = 'pg_catalog' and p.proname = 'current_setting')
