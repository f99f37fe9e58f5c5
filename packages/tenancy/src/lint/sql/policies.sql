select rel.oid::int8 as rel, rel.name as "table", quote_ident(p.polname) as name, format('%s policy %I', rel.name, p.polname) as object,
       p.polpermissive as permissive,
       case p.polcmd when '*' then array['select', 'insert', 'update', 'delete'] when 'r' then array['select'] when 'a' then array['insert']
         when 'w' then array['update'] else array['delete'] end as verbs,
       p.polqual::text as "using", p.polwithcheck::text as "check",
       pg_get_expr(p.polqual, p.polrelid) as using_sql, pg_get_expr(p.polwithcheck, p.polrelid) as check_sql, asked.roles
  from pg_policy p join rel on rel.oid = p.polrelid and rel.product,
       lateral (select array_agg(app.oid::int8) as roles from app
                 where exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(app.oid, r, 'usage'))) asked
 where asked.roles is not null
 order by 4
