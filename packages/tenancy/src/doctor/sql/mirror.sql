-- What stands between the guard and the mirror ($1: schema.table, quoted). No row where it does not exist.
with guards_own as (
  select p.polname, p.polrelid, p.polpermissive, p.polqual is null or pg_get_expr(p.polqual, p.polrelid) = 'true' as whole from pg_policy p
   where p.polrelid = to_regclass($1) and p.polcmd in ('r', '*') and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role('rehome_guard', r, 'usage'))
)
select c.relkind in ('r', 'p') as is_table,
       array(select wanted from unnest(array['org_id', 'workos_user_id', 'role_slug', 'permissions', 'status']) wanted
              where not exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = wanted and not a.attisdropped)) as missing,
       array(select a.attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                and a.attname in ('org_id', 'workos_user_id', 'role_slug', 'permissions', 'status')
                and not has_column_privilege('rehome_guard', c.oid, a.attnum, 'select')) as unreadable,
       has_schema_privilege('rehome_guard', c.relnamespace, 'usage') as schema_open,
       not c.relrowsecurity or exists (select from guards_own p where p.polpermissive and p.whole) as policy,
       array(select quote_ident(p.polname) from guards_own p where c.relrowsecurity and not p.polpermissive and not p.whole order by 1) as hiding,
       exists (select from pg_index i where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null and i.indnkeyatts = 2
                  and (select array_agg(a.attname order by a.attname) from unnest(i.indkey[0:1]) k join pg_attribute a on a.attrelid = c.oid and a.attnum = k)
                      = array['org_id', 'workos_user_id']::name[]) as pair_unique,
       exists (select from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
                where i.indrelid = c.oid and i.indisvalid and a.attname = 'workos_user_id') as person_indexed
  from pg_class c
 where c.oid = to_regclass($1)
