-- Everything in the guard's schema ($1), each thing with its facts, in words that depend neither on oids nor on the caller's settings (see
-- lint/session.ts), foreign keys behind the keys they need. Expressions are printed with the
-- parentheses they need and no others: else one that was made of its own print would look like another. Of an access list the owner stands as `owner`; MAINTAIN (new in 17) is left out. Row security needs no fact for a policy or
-- rule: the guard has none.
with space as (select n.oid, n.nspname, n.nspowner, n.nspacl from pg_namespace n where n.nspname = $1),
rel as (
  select c.*, format('%I.%I', s.nspname, c.relname) as name from pg_class c join space s on s.oid = c.relnamespace where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
),
func as (
  select p.*, format('%I.%I(%s)', s.nspname, p.proname, oidvectortypes(p.proargtypes)) as name, l.lanname,
         p.prorettype = 'event_trigger'::regtype as event_trigger
    from pg_proc p join space s on s.oid = p.pronamespace join pg_language l on l.oid = p.prolang
),
granted (object, owner, grantee, privilege) as (
  select 'schema ' || s.nspname, s.nspowner, g.grantee, g.privilege_type from space s, aclexplode(coalesce(s.nspacl, acldefault('n', s.nspowner))) g
  union all
  select r.name, r.relowner, g.grantee, g.privilege_type
    from rel r, aclexplode(coalesce(r.relacl, acldefault(case r.relkind when 'S' then 's' else 'r' end::"char", r.relowner))) g
  union all
  select r.name, r.relowner, g.grantee, format('%s (%I)', g.privilege_type, a.attname)
    from rel r join pg_attribute a on a.attrelid = r.oid and not a.attisdropped, aclexplode(a.attacl) g
   where r.relname <> 'drop_owned_stop'                                             -- what each role must hold there is a check of its own
  union all
  select f.name, f.proowner, g.grantee, g.privilege_type from func f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) g
),
rights as (
  select object, jsonb_agg(distinct privilege || ' to ' || case grantee when owner then 'owner' when 0 then 'public'
                                                             else (select quote_ident(r.rolname) from pg_roles r where r.oid = grantee) end) as list
    from granted where privilege not like 'MAINTAIN%' group by object
)
select thing.kind, thing.name, thing.on, thing.facts from (
  select 'schema' as kind, s.nspname::text as name, null as on,
         jsonb_build_object('owner', s.nspowner::regrole::text, 'rights', (select list from rights where object = 'schema ' || s.nspname)) as facts
    from space s
  union all
  -- The function of the event trigger belongs to whoever may make one.
  select 'function', f.name, null, jsonb_build_object(
           'owner', case when f.event_trigger then null else f.proowner::regrole::text end, 'rights', (select list from rights where object = f.name),
           'arguments', pg_get_function_arguments(f.oid), 'result', pg_get_function_result(f.oid),
           'attributes', concat_ws(' ', 'language', f.lanname, case f.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
             case when f.proisstrict then 'strict' end, case when f.prosecdef then 'security definer' end, case when f.proleakproof then 'leakproof' end,
             'parallel', case f.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end, case f.prokind when 'f' then null else f.prokind::text end),
           'settings', coalesce((select string_agg(c, '; ' order by c) from unnest(f.proconfig) c), ''),
           'body', coalesce(f.prosrc, '') || coalesce(f.prosqlbody::text, ''))
    from func f
  union all
  select 'table', r.name, null, jsonb_build_object('owner', r.relowner::regrole::text, 'rights', (select list from rights where object = r.name),
           'storage', case r.relpersistence when 'p' then 'logged' else 'unlogged' end,
           'row security', case when not r.relrowsecurity then 'off' when r.relforcerowsecurity then 'forced' else 'on' end)
    from rel r where r.relkind in ('r', 'p', 'f')
  union all
  select 'view', r.name, null, '{}' from rel r where r.relkind in ('v', 'm')
  union all
  select 'sequence', r.name, null, jsonb_build_object('owner', r.relowner::regrole::text, 'rights', (select list from rights where object = r.name),
           'numbers', format('as %s increment %s minvalue %s maxvalue %s start %s cache %s%s', format_type(q.seqtypid, null), q.seqincrement, q.seqmin, q.seqmax,
             q.seqstart, q.seqcache, case when q.seqcycle then ' cycle' else ' no cycle' end))
    from rel r join pg_sequence q on q.seqrelid = r.oid
  union all
  select 'column', quote_ident(a.attname), r.name, jsonb_build_object('type', format_type(a.atttypid, a.atttypmod),
           'null', case when a.attnotnull then 'no' else 'yes' end, 'default', coalesce(pg_get_expr(d.adbin, d.adrelid, true), ''))
    from rel r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where r.relkind in ('r', 'p', 'f')
  union all
  -- Not null is a column's fact (18 has constraints for it, 16 and 17 have not); a constraint trigger is a trigger.
  select 'constraint', quote_ident(c.conname), r.name, jsonb_build_object('definition', pg_get_constraintdef(c.oid, true),
           'enforced', coalesce((select string_agg(format('alter table %s enable trigger %I', t.tgrelid::regclass, t.tgname), '; ' order by t.tgname)
                                   from pg_trigger t where t.tgconstraint = c.oid and t.tgenabled <> 'O'), 'yes'))
    from rel r join pg_constraint c on c.conrelid = r.oid and c.contype in ('p', 'u', 'x', 'c', 'f')
  union all
  select 'index', format('%I.%I', i.relnamespace::regnamespace::text, i.relname), r.name,
         jsonb_build_object('definition', pg_get_indexdef(i.oid, 0, true), 'valid', case when x.indisvalid and x.indisready then 'yes' else 'no' end)
    from rel r join pg_index x on x.indrelid = r.oid join pg_class i on i.oid = x.indexrelid
   where not exists (select from pg_constraint c where c.conindid = i.oid and c.contype in ('p', 'u', 'x'))
  union all
  select 'trigger', quote_ident(t.tgname), r.name, jsonb_build_object('definition', pg_get_triggerdef(t.oid, true),
           'state', case t.tgenabled when 'A' then 'enable always' when 'O' then 'enable' when 'R' then 'enable replica' else 'disable' end)
    from rel r join pg_trigger t on t.tgrelid = r.oid and not t.tgisinternal
  union all
  select 'policy', quote_ident(p.polname), r.name, '{}' from rel r join pg_policy p on p.polrelid = r.oid
  union all
  select 'rule', quote_ident(w.rulename), r.name, '{}' from rel r join pg_rewrite w on w.ev_class = r.oid where r.relkind not in ('v', 'm')
) thing
 order by thing.kind collate "C", coalesce(starts_with(thing.facts ->> 'definition', 'FOREIGN KEY'), false), thing.on collate "C" nulls first, thing.name collate "C"
