-- Keeps DROP OWNED from the roles of the product: it needs no ownership, takes the role out of every policy that names it, and drops the
-- policies that name no other; it would end everybody's access with one statement. It gives up, whole, at a relation of which the role holds
-- rights on columns only (42501), so each of them holds one such right. May be run again; run after roles and policies were made.
set local role rehome_owner;

do $$
declare
  r name;
begin
  for r in select p.rolname from pg_roles p
            where not p.rolsuper and p.rolname not in ('rehome_owner', 'rehome_guard') and not starts_with(p.rolname, 'rehome_fn_')     -- nobody becomes these
              and (p.rolname in ('authenticated', 'anonymous', 'rehome_keys') or starts_with(p.rolname, 'rehome_job_')
                   or exists (select from pg_policy y where p.oid = any (y.polroles)))
              and not exists (select from pg_attribute t cross join aclexplode(t.attacl) x where t.attrelid = 'auth.drop_owned_stop'::regclass and t.attname = 'held' and x.grantee = p.oid) loop
    execute format('grant select (held) on auth.drop_owned_stop to %I', r);
  end loop;
end $$;
