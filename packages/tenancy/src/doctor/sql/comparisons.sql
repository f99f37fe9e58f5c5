-- Functions of Postgres that run before policies and tell more than equality, and whether somebody hardened this database, or the one it is a copy of.
select (select count(*)::int from pg_proc p where p.proleakproof and p.pronamespace = 'pg_catalog'::regnamespace
           and not exists (select from pg_operator o where o.oprcode = p.oid and o.oprname in ('=', '<>'))) as "left",
       coalesce(obj_description('auth.version'::regclass, 'pg_class') = 'hardened', false) as wanted
