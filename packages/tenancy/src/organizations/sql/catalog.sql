-- Which tables hold an organization's rows: read from the catalog, never from a list. Run as the installer; may be run again.
set local role rehome_owner;

-- Every column that names an organization: by a foreign key to organizations, or by a declared name in a schema of the product.
create or replace function tenancy.organization_columns() returns table (rel regclass, name text, party boolean)
stable language sql set search_path = pg_catalog, pg_temp as $$
  select c.oid::regclass, a.attname::text, coalesce(n.party, a.attname <> 'org_id')
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join tenancy.organization_column n on n.name = a.attname
   where c.relkind in ('r', 'p') and not c.relispartition
     and c.relnamespace in (select s.oid from pg_namespace s join tenancy.product_schema p on p.name = s.nspname)
     and (n.name is not null
          or exists (select from pg_constraint k where k.conrelid = c.oid and k.contype = 'f' and k.conkey = array[a.attnum]
                                                   and k.confrelid = 'public.organizations'::regclass))
   order by 1, 2
$$;

-- The tables with such columns, those that refer to others first, so that rows can be deleted in this order. Tables that refer to each other
-- in a ring come last, in any order.
create or replace function tenancy.organization_tables() returns table (place int, rel regclass, columns text[])
stable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  waiting oid[] := array(select distinct c.rel::oid from tenancy.organization_columns() c);
  free oid[];
begin
  place := 0;
  while cardinality(waiting) > 0 loop
    -- Nobody who still waits refers to it.
    free := array(select w from unnest(waiting) w where not exists (
      select from pg_constraint k where k.contype = 'f' and k.confrelid = w and k.conrelid = any (waiting) and k.conrelid <> w) order by w::regclass::text);
    if cardinality(free) = 0 then free := waiting; end if;
    for rel in select f from unnest(free) f loop
      place := place + 1;
      columns := array(select c.name from tenancy.organization_columns() c where c.rel = organization_tables.rel);
      return next;
    end loop;
    waiting := array(select w from unnest(waiting) w where w <> all (free));
  end loop;
end $$;

-- How many rows name an organization, over all those columns; only where there are any.
create or replace function tenancy.count_rows(org text) returns table (rel regclass, name text, rows bigint)
stable strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  for rel, name in select c.rel, c.name from tenancy.organization_columns() c loop
    execute format('select count(*) from %s where %I = $1', rel, name) into rows using org;
    if rows > 0 then return next; end if;
  end loop;
end $$;

revoke all on function tenancy.organization_columns(), tenancy.organization_tables(), tenancy.count_rows(text) from public;
grant execute on function tenancy.organization_columns(), tenancy.organization_tables(), tenancy.count_rows(text) to rehome_job_deletion, rehome_job_claim;
