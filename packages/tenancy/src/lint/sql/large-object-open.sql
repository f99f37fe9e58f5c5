select 'large object ' || l.oid as object, 'it belongs to no organization, and the product can read or write it' as what, format('select lo_unlink(%s)', l.oid) as mend
  from pg_largeobject_metadata l
 where l.lomowner in (select oid from becomes) or exists (select from aclexplode(l.lomacl) g where g.grantee = 0 or g.grantee in (select oid from becomes))
union all
select 'setting lo_compat_privileges', 'it is on: everybody reads and writes every large object', 'alter system reset lo_compat_privileges; select pg_reload_conf()'
 where current_setting('lo_compat_privileges')::boolean
