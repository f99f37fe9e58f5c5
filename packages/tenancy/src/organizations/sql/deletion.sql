-- Empties an organization step by step. Each call of delete_step is one transaction that either happened or did not; where it stands is the
-- row in tenancy.deletion. Run as the installer; may be run again.
set local role rehome_owner;

-- The key of a row, as SQL over alias x: its primary key as json, else the whole row.
create or replace function tenancy.row_key(rel regclass) returns text
stable strict language sql set search_path = pg_catalog, pg_temp as $$
  select coalesce((select format('json_build_array(%s)::text', string_agg(format('x.%I', a.attname), ', ' order by k.ordinality))
                     from pg_index i cross join unnest(i.indkey) with ordinality k (attnum, ordinality)
                     join pg_attribute a on a.attrelid = rel and a.attnum = k.attnum
                    where i.indrelid = rel and i.indisprimary), 'row_to_json(x)::text')
$$;

-- What one archived row keeps, as SQL over alias x.
create or replace function tenancy.row_content(columns text[]) returns text
immutable language sql set search_path = pg_catalog, pg_temp as $$
  select case when columns is null then 'row_to_json(x)'
              else format('json_build_object(%s)', (select string_agg(format('%L, x.%I', c, c), ', ') from unnest(columns) c)) end
$$;

-- Deletes up to $2 rows `these` (over alias y). With a term to `keep`, $4, they are copied to the archive of organization $1 as relation $3 in the
-- same statement; a copy made earlier is renewed.
create or replace function tenancy.deleting(rel regclass, these text, keep interval, columns text[]) returns text
stable language sql set search_path = pg_catalog, pg_temp as $$
  select format(case when keep is null then 'delete from %1$s x where (x.tableoid, x.ctid) in (%2$s)'
                     else 'with x as (delete from %1$s x where (x.tableoid, x.ctid) in (%2$s) returning *) ' || tenancy.copying(rel, columns, 'x', '') end,
    rel, format('select y.tableoid, y.ctid from %s y where %s limit $2', rel, these))
$$;

-- Copies rows of alias x to the archive of organization $1, as relation $3, for the term $4.
create or replace function tenancy.copying(rel regclass, columns text[], source text, which text) returns text
stable language sql set search_path = pg_catalog, pg_temp as $$
  select format('insert into tenancy.archive as o (org_id, rel, row_key, content, keep_until) select $1, $3, %s, %s, now() + $4 from %s x %s
                   on conflict (org_id, rel, row_key) do update set content = excluded.content',
    tenancy.row_key(rel), tenancy.row_content(columns), source, which)
$$;

-- What makes a row let go of an organization: the stand-in, and what the product says of the columns about the person.
create or replace function tenancy.letting_go(name text, blank jsonb) returns text
immutable strict language sql set search_path = pg_catalog, pg_temp as $$
  select format('%I = %L', name, 'org_erased')
         || coalesce((select string_agg(format(', %I = %s', b.key, quote_nullable(b.value)), '') from jsonb_each_text(blank) b), '')
$$;

-- Row by row: one that others refer to lets go, the others are deleted as `gone` says.
create or replace function tenancy.delete_or_release(org text, batch int, gone text, rel regclass, name text, blank jsonb, archived text, keep interval)
returns void volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  n int;
begin
  for i in 1 .. batch loop
    begin
      execute gone using org, 1, archived, keep;
      get diagnostics n = row_count;
    exception when foreign_key_violation then
      execute format('update %1$s x set %2$s where x.ctid = (select y.ctid from %1$s y where y.%3$I = $1 limit 1)', rel, tenancy.letting_go(name, blank), name) using org;
      get diagnostics n = row_count;
    end;
    exit when n = 0;
  end loop;
end $$;

-- A table that still names somebody who is erased, where the product said so.
create or replace function tenancy.naming_erased(people text[]) returns regclass
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  r record;
  n int;
begin
  for r in select to_regclass(e.rel) as rel, e.name from tenancy.erase_rule e where people <> '{}' and to_regclass(e.rel) is not null order by e.rel, e.name loop
    execute format('select count(*) from (select from %s y where y.%I = any ($1) limit 1) l', r.rel, r.name) into n using people;
    if n > 0 then return r.rel; end if;
  end loop;
  return null;
end $$;

-- One step of at most `batch` rows. State and rows touched; `emptied`: only WorkOS is left.
--   requested → archiving: what law keeps is copied, all of it before anything goes
--   → emptying: rows that belong to another organization too let go of this one; the others go, children first, each row with its archived
--     copy renewed in the same statement; then, in all organizations, those that name a person who is erased
--   → emptied: no column names the organization any more, and its own row is gone
create or replace function tenancy.delete_step(org text, batch int, out state text, out rel text, out touched int)
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  t   record;
  a   record;
  gone text;
  by_table text;
  by_constraint text;
  these text;
  people text[];
begin
  touched := 0;
  -- One that is done is nothing this job may lock.
  select d.state into state from tenancy.deletion d where d.org_id = org;
  if state = 'done' then return; end if;
  select d.state, d.users into state, people from tenancy.deletion d where d.org_id = org for update;
  if state is null then raise exception 'no deletion was asked for' using errcode = 'RO008'; end if;

  if state in ('requested', 'archiving') then
    for a in select r.*, o.rel as oid, o.columns as named from tenancy.archive_rule r join tenancy.organization_tables() o on o.rel = to_regclass(r.rel) order by r.rel loop
      execute tenancy.copying(a.oid, a.columns, a.rel, format('where (%s) and not exists (select from tenancy.archive y where y.org_id = $1 and y.rel = $3 and y.row_key = %s) limit $2',
          (select string_agg(format('x.%I = $1', c), ' or ') from unnest(a.named) c), tenancy.row_key(a.oid)))
        using org, batch, a.rel, a.keep;
      get diagnostics touched = row_count;
      if touched > 0 then
        rel := a.rel;
        state := 'archiving';
        update tenancy.deletion d set state = 'archiving' where d.org_id = org;
        return;
      end if;
    end loop;
    state := 'emptying';
    update tenancy.deletion d set state = 'emptying' where d.org_id = org;
    return;
  end if;
  if state <> 'emptying' then return; end if;

  for a in select r.*, k.rel as archived, k.keep, k.columns
             from tenancy.release_rule r join tenancy.organization_columns() c on c.rel = to_regclass(r.rel) and c.name = r.name and c.party
             left join tenancy.archive_rule k on to_regclass(k.rel) = to_regclass(r.rel) order by r.rel, r.name loop
    these := format('y.%I = $1 %s', a.name,
      (select string_agg(format('and y.%I is distinct from $1', c.name), ' ') from tenancy.organization_columns() c
        where c.rel = to_regclass(a.rel) and c.name <> a.name));
    -- Locked by a statement of its own: the next one sees what a job has just written to them. Its copy is renewed before a row lets go, since
    -- it may have come, or changed, after the others were copied.
    execute format('select count(*) from (select from %s y where %s limit $2 for update) l', a.rel, these) into touched using org, batch;
    continue when touched = 0;
    rel := a.rel;
    execute format('with going as (select y.ctid as at from %1$s y where %2$s limit $2) %3$s
          update %1$s u set %4$s where u.ctid = any (array(select g.at from going g))',
        a.rel, these, case when a.keep is null then '' else format(', kept as (%s)',
          tenancy.copying(to_regclass(a.rel), a.columns, a.rel, 'where x.ctid = any (array(select g.at from going g))')) end,
        tenancy.letting_go(a.name, a.blank))
      using org, batch, a.archived, a.keep;
    get diagnostics touched = row_count;
    return;
  end loop;

  for t in select o.*, r.keep, r.columns as kept, r.rel as archived from tenancy.organization_tables() o left join tenancy.archive_rule r on to_regclass(r.rel) = o.rel order by o.place loop
    -- A row that let go of its party is another organization's: only its owner's deletion takes it.
    select string_agg(format('y.%I = $1', c.name), ' or ') into these from tenancy.organization_columns() c
     where c.rel = t.rel and not (c.party and exists (select from tenancy.release_rule r where to_regclass(r.rel) = c.rel and r.name = c.name));
    gone := tenancy.deleting(t.rel, these, t.keep, t.kept);
    begin
      execute gone using org, batch, coalesce(t.archived, ''), coalesce(t.keep, interval '0');
    exception when foreign_key_violation then
      -- Rows of another organization refer to some of them.
      get stacked diagnostics by_table = table_name, by_constraint = constraint_name;
      select r.* into a from tenancy.release_rule r join tenancy.organization_columns() c on c.rel = t.rel and c.name = r.name and not c.party
       where to_regclass(r.rel) = t.rel;
      if a.rel is null then
        raise exception 'rows of another organization refer to rows of this one' using errcode = 'RO011', table = by_table, constraint = by_constraint;
      end if;
      perform tenancy.delete_or_release(org, batch, gone, t.rel, a.name, a.blank, coalesce(t.archived, ''), coalesce(t.keep, interval '0'));
      touched := 1;
      rel := t.rel::text;
      return;
    end;
    get diagnostics touched = row_count;
    if touched > 0 then
      rel := t.rel::text;
      update tenancy.deletion d set rows = d.rows + touched where d.org_id = org;
      return;
    end if;
    -- A job has just changed a row, and so it was passed over: a row that refers to it must not go before it, by a cascade and without a copy.
    execute format('select count(*) from (select from %s y where %s limit 1) l', t.rel, these) into touched using org;
    if touched > 0 then
      touched := 0;
      rel := t.rel::text;
      return;
    end if;
  end loop;

  -- What a person who is erased left in other organizations.
  for a in select to_regclass(e.rel) as rel, e.name, e.rel as archived, r.keep, r.columns
             from tenancy.erase_rule e left join tenancy.archive_rule r on to_regclass(r.rel) = to_regclass(e.rel) where people <> '{}' and to_regclass(e.rel) is not null
            order by e.rel, e.name loop
    begin
      execute tenancy.deleting(a.rel, format('y.%I = any ($5)', a.name), a.keep, a.columns) using org, batch, a.archived, a.keep, people;
    exception when foreign_key_violation then
      get stacked diagnostics by_table = table_name, by_constraint = constraint_name;
      raise exception 'rows of another organization refer to rows of a person who is erased' using errcode = 'RO011', table = by_table, constraint = by_constraint;
    end;
    get diagnostics touched = row_count;
    if touched > 0 then
      rel := a.rel::text;
      return;
    end if;
  end loop;
  -- A row that somebody has just changed was passed over: the next step takes it.
  rel := tenancy.naming_erased(people)::text;
  if rel is not null then return; end if;

  -- Whoever has a transaction open with a new row of this organization makes this wait: not long, because the sync waits for the lock meanwhile.
  perform set_config('lock_timeout', '500ms', true);
  perform from tenancy.lock for update;
  -- Nothing is left: the proof is that the organization's own row can go, and that no column names it.
  begin
    delete from public.organizations o where o.id = org;
    if exists (select from tenancy.count_rows(org)) then raise foreign_key_violation; end if;
    rel := tenancy.naming_erased(people)::text;
    if rel is not null then raise foreign_key_violation using table = rel; end if;
  exception when foreign_key_violation then
    -- A job wrote meanwhile: the next step takes those rows. Or they are where this job sees nothing, and the caller gives up.
    get stacked diagnostics rel = table_name;
    return;
  end;
  update tenancy.object o set deleted = true, state = null, seen_at = clock_timestamp()
   where (o.kind = 'organization' and o.id = org) or (o.kind in ('membership', 'invitation') and o.org_id = org);
  update tenancy.deletion d set state = 'emptied' where d.org_id = org;
  insert into tenancy.outbox (topic, org_id, data) select 'organization.emptied', org, jsonb_build_object('rows', d.rows) from tenancy.deletion d where d.org_id = org;
  state := 'emptied';
end $$;

-- WorkOS has deleted it, too.
create or replace function tenancy.finish_deletion(org text) returns void
volatile strict language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  perform from tenancy.lock for update;
  perform from tenancy.deletion d where d.org_id = org and d.state = 'emptied' for update;
  if not found then return; end if;
  update tenancy.object o set deleted = true, state = null, seen_at = clock_timestamp()
   where (o.kind = 'user' and o.id in (select unnest(d.users) from tenancy.deletion d where d.org_id = org))
      or (o.kind = 'organization' and o.user_id in (select unnest(d.users) from tenancy.deletion d where d.org_id = org));
  update tenancy.deletion d set state = 'done', finished_at = clock_timestamp() where d.org_id = org;
  insert into tenancy.outbox (topic, org_id) values ('organization.deleted', org);
end $$;

-- Rows whose time is over; policies refuse younger ones.
create or replace function tenancy.purge_archive() returns bigint
volatile language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  n bigint;
begin
  delete from tenancy.archive a where a.keep_until < clock_timestamp();
  get diagnostics n = row_count;
  return n;
end $$;

revoke all on function tenancy.row_key(regclass), tenancy.row_content(text[]), tenancy.letting_go(text, jsonb),
  tenancy.naming_erased(text[]), tenancy.deleting(regclass, text, interval, text[]), tenancy.copying(regclass, text[], text, text),
  tenancy.delete_or_release(text, int, text, regclass, text, jsonb, text, interval), tenancy.delete_step(text, int), tenancy.finish_deletion(text),
  tenancy.purge_archive() from public;
grant execute on function tenancy.row_key(regclass), tenancy.row_content(text[]), tenancy.letting_go(text, jsonb),
  tenancy.naming_erased(text[]), tenancy.deleting(regclass, text, interval, text[]), tenancy.copying(regclass, text[], text, text),
  tenancy.delete_or_release(text, int, text, regclass, text, jsonb, text, interval), tenancy.delete_step(text, int), tenancy.finish_deletion(text),
  tenancy.purge_archive() to rehome_job_deletion;
