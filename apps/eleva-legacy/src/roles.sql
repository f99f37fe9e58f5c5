-- Roles belong to the whole server: two loads at once may both want to make them, and the slower one finds that it is done.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['eleva_owner', 'eleva_app'] loop
    if not exists (select from pg_roles where rolname = wanted) then
      begin
        execute format('create role %I login nosuperuser nocreatedb nocreaterole nobypassrls', wanted);
      exception
        when duplicate_object or unique_violation then null;
      end;
    end if;
  end loop;
end
$$;
