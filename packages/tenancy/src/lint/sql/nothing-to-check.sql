select 'schema ' || quote_ident(wanted) as object, 'the options name it, and it does not exist or has no table' as what, '-- mend `schemas` in the options' as mend
  from option o, unnest(o.schemas) wanted where not exists (select from rel join space s on s.oid = rel.space where s.name = wanted and rel.kind in ('r', 'p'))
union all
select 'schema ' || quote_ident(o.guard), 'there is no guard in it', '-- call installGuard, or mend `guardSchema` in the options'
  from option o where not exists (select from func where func.guard and func.plain = 'org_id')
union all
select 'role ' || quote_ident(wanted), 'the options name it, and it does not exist', '-- call installRoles, or mend `roles` in the options'
  from option o, unnest(o.application || o.login || o.owner) wanted where not exists (select from pg_roles r where r.rolname = wanted)
