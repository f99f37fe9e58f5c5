-- What Drizzle does not say: row security that binds the owner too, and one owner. Only where it is missing: both take a hard lock.
-- Run as the installer; may be run again.
do $$
declare
  t record;
begin
  for t in select c.oid::regclass as name, pg_get_userbyid(c.relowner) <> 'rehome_owner' as foreign_owner, c.relrowsecurity, c.relforcerowsecurity
             from pg_class c
            where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition loop
    if t.foreign_owner then execute format('alter table %s owner to rehome_owner', t.name); end if;
    if not t.relrowsecurity then execute format('alter table %s enable row level security', t.name); end if;
    if not t.relforcerowsecurity then execute format('alter table %s force row level security', t.name); end if;
  end loop;
end $$;
