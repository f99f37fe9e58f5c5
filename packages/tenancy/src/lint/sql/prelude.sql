-- What the rules share. Every rule's file is one SELECT (object, what, mend) over these; rules.ts joins all of them into one statement, so that
-- all see one snapshot. Roles are looked at by their effect (has_…_privilege), which counts PUBLIC and inherited rights.
--   $1 product schemas  $2 guard schema  $3 org columns (the first: whose row it is)  $4 organization table  $5 application roles
--   $6 the anonymous one  $7 logins  $8 workers' logins  $9 LIKE pattern of job roles  $10 roles that may bypass  $11 owner of tables
--   $12 identity columns  $13 money columns  $14 sensitive columns (regular expressions)  $15 functions of the guard that are for everybody  $16 confidential columns
with recursive option as materialized (
  select $1::text[] as schemas, $2::text as guard, $3::text[] as org_columns, $4::text as organization_table, $5::text[] as application,
         $6::text as anonymous, $7::text[] as login, $8::text[] as worker, $9::text as job, $10::text[] as bypass, $11::text as owner,
         $12::text as identity, $13::text as money, $14::text as sensitive, $15::text[] as guard_functions, $16::text as confidential,
         (select array_agg(replace(lower(regexp_replace(regexp_replace(regexp_replace(regexp_replace(c, '([A-Z]{2})s(?![a-z])', '\1S', 'g'), '([A-Z]+)([A-Z][a-z])', '\1_\2', 'g'), '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g')), '_', '') order by n) from unnest($3::text[]) with ordinality u (c, n)) as org_words
),
-- Roles that the product acts as. Oid 0 is PUBLIC in access lists.
actor as materialized (
  select r.oid, r.rolname as name, quote_ident(r.rolname) as sql,
         case when r.rolname = any (o.application) then 'application' when r.rolname = any (o.login) then 'login'
              when r.rolname = any (o.worker) then 'worker' else 'job' end as kind
    from pg_roles r, option o
   where r.rolname = any (o.application || o.login || o.worker) or r.rolname like o.job
),
app as materialized (select oid, name, sql from actor where kind = 'application'),
-- Everything the actors can become.
becomes (oid) as (
  select oid from actor union select m.roleid from becomes b join pg_auth_members m on m.member = b.oid
),
space as materialized (
  select n.oid, n.nspname as name, n.nspowner as owner, n.nspacl as acl, n.nspname = any (o.schemas) as product, n.nspname = o.guard as guard
    from pg_namespace n, option o
   where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
),
-- Tables, views and sequences that no extension brought.
rel as materialized (
  select c.oid, format('%I.%I', s.name, c.relname) as name, s.name || '.' || c.relname as plain, c.relkind as kind, c.relrowsecurity as rls,
         c.relforcerowsecurity as forced, c.relispartition as partition, c.relowner as owner, c.relacl as acl, c.reloptions as options,
         s.oid as space, s.product, s.guard
    from pg_class c join space s on s.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
     and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
),
col as materialized (
  select a.attrelid as rel, a.attnum as num, a.attname as name, a.attnotnull as not_null, a.atttypid as type, a.attidentity as identity, a.attacl as acl,
         -- What the name says, in whatever form: `orgId`, `ORG_ID` and `org-id` are words as org_id is.
         replace(w.word, '_', '') = o.org_words[1] as says_org, replace(w.word, '_', '') = any (o.org_words) as says_party,
         a.attname ~ o.identity or w.word ~ o.identity as says_identity, a.attname ~ o.money or w.word ~ o.money as says_money,
         a.attname ~ o.sensitive or w.word ~ o.sensitive as says_sensitive
    from pg_attribute a join rel on rel.oid = a.attrelid and rel.kind <> 'S' and (rel.product or rel.guard)
   cross join option o cross join lateral (select lower(regexp_replace(regexp_replace(regexp_replace(regexp_replace(a.attname, '([A-Z]{2})s(?![a-z])', '\1S', 'g'), '([A-Z]+)([A-Z][a-z])', '\1_\2', 'g'), '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g')) as word) w
   where a.attnum > 0 and not a.attisdropped
),
-- What the application's roles may ask for at all, on the whole table or on some column.
reach as materialized (
  select rel.oid as rel, app.oid as role, app.name as role_name, verb
    from rel cross join app cross join unnest(array['select', 'insert', 'update', 'delete']) verb
   where rel.kind <> 'S' and has_schema_privilege(app.oid, rel.space, 'usage')
     and (has_table_privilege(app.oid, rel.oid, verb) or (verb <> 'delete' and has_any_column_privilege(app.oid, rel.oid, verb)))
),
-- One row for each role and verb of a policy.
policy as materialized (
  select p.oid, p.polrelid as rel, p.polname as name, p.polpermissive as permissive, p.polcmd as cmd, role, verb
    from pg_policy p, unnest(p.polroles) role, unnest(array['select', 'insert', 'update', 'delete']) verb
   where p.polcmd = '*' or p.polcmd = case verb when 'select' then 'r' when 'insert' then 'a' when 'update' then 'w' else 'd' end
),
-- Where the application's roles can write: granted, and some policy lets rows through.
writes as materialized (
  select r.rel, r.role, r.role_name, r.verb
    from reach r join rel on rel.oid = r.rel
   where r.verb <> 'select'
     and (not rel.rls or exists (select from policy p where p.rel = r.rel and p.verb = r.verb and p.permissive
                                    and (p.role = 0 or pg_has_role(r.role, p.role, 'usage'))))
),
-- Access lists of the product's and the guard's relations, defaults filled in; num 0 is the whole relation.
grants as materialized (
  select rel.oid as rel, 0 as num, g.grantee, g.privilege_type as privilege, g.is_grantable as grantable
    from rel, aclexplode(coalesce(rel.acl, acldefault(case rel.kind when 'S' then 's' else 'r' end::"char", rel.owner))) g
   where (rel.product or rel.guard) and g.grantee <> rel.owner
  union all
  select col.rel, col.num, g.grantee, g.privilege_type, g.is_grantable from col, aclexplode(col.acl) g
),
-- Functions that no extension brought.
func as materialized (
  select p.oid, format('%I.%I(%s)', s.name, p.proname, oidvectortypes(p.proargtypes)) as name,
         case p.prokind when 'p' then 'procedure' else 'function' end as kind, p.proname as plain, p.proowner as owner, p.proacl as acl,
         p.prosecdef as definer, p.proleakproof as leakproof, p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype) as trigger,
         p.prosqlbody is not null as bound, l.lanname as language,
         (select substr(c, 13) from unnest(p.proconfig) c where c like 'search\_path=%') as path,
         s.oid as space, s.product, s.guard
    from pg_proc p join space s on s.oid = p.pronamespace join pg_language l on l.oid = p.prolang
   where p.prokind in ('f', 'p', 'w')
     and not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
),
callable as materialized (
  select func.oid as func, app.oid as role, app.name as role_name, app.sql as role_sql
    from func cross join app
   where has_schema_privilege(app.oid, func.space, 'usage') and has_function_privilege(app.oid, func.oid, 'execute')
)
