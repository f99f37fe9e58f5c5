-- Takes the mark LEAKPROOF from every function of Postgres but the operators = and <>, in this database. Postgres runs what is leakproof before a policy, so
-- whoever may run SQL could ask by ordering comparisons, and by EXPLAIN ANALYZE, what hidden rows hold; also by the functions behind them
-- (btint4cmp(x, 5) = 1). Equality stays: keys and the policies' own conditions keep their indexes. A superuser's matter; dump and restore lose it, the
-- comment remembers that it was done. May be run again.
do $$
declare
  f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p
            where p.proleakproof and p.pronamespace = 'pg_catalog'::regnamespace
              and not exists (select from pg_operator o where o.oprcode = p.oid and o.oprname in ('=', '<>')) loop
    execute format('alter function %s not leakproof', f);
  end loop;
end $$;
comment on table auth.version is 'hardened';
