select format('%s %s by %I', rel.name, asked.verb, r.rolname) as object,
       format('%s may %s, and no policy lets a row through', quote_ident(r.rolname), upper(asked.verb)) as what,
       case when has_table_privilege(r.oid, rel.oid, asked.verb)
            then format('revoke %s on %s from %I; -- or: create policy <name> on %2$s for %1$s to %3$I …', asked.verb, rel.name, r.rolname)
            else format('revoke %s (<columns>) on %s from %I; -- or: create policy <name> on %2$s for %1$s to %3$I …', asked.verb, rel.name, r.rolname) end as mend
  from (select rel, role, verb from reach
        union
        select g.rel, g.grantee, lower(g.privilege) from grants g where g.grantee <> 0 and g.privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE')) asked (rel, role, verb)
  join rel on rel.oid = asked.rel and rel.rls and rel.product and rel.kind in ('r', 'p')
  join pg_roles r on r.oid = asked.role and not r.rolsuper and not r.rolbypassrls and r.oid <> rel.owner
 where not exists (select from policy p where p.rel = rel.oid and p.verb = asked.verb and p.permissive and (p.role = 0 or pg_has_role(asked.role, p.role, 'usage')))
