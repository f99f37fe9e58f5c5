-- What a move does to issuers: whom the subjects of the old one are here, and its end. Definer: rehome_owner.
-- Whoever may call these can make a person of the old issuer anyone: the mover only.
set local role rehome_owner;

-- Writes or changes rows of the identity map, all or nothing; returns how many.
create or replace function auth.map_identities(issuer_name text, subs text[], user_ids text[], org_ids text[]) returns int
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  written int;
begin
  if not exists (select from auth.issuer i where i.name = issuer_name and i.kind = 'clerk') then
    raise exception 'no such issuer of kind clerk' using errcode = 'RJ010';
  end if;
  insert into auth.identity_map as m (issuer, sub, user_id, org_id)
    select issuer_name, r.sub, r.user_id, r.org_id from unnest(subs, user_ids, org_ids) as r (sub, user_id, org_id)
    on conflict (issuer, sub) do update set user_id = excluded.user_id, org_id = excluded.org_id;
  get diagnostics written = row_count;
  return written;
end $$;

-- From the next statement on, tokens and tickets of this issuer are refused. Returns whether there is such an issuer.
create or replace function auth.disable_issuer(issuer_name text) returns boolean
volatile strict security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  update auth.issuer i set enabled = false, revision = i.revision + 1 where i.name = issuer_name;
  return found;
end $$;

revoke all on function auth.map_identities(text, text[], text[], text[]), auth.disable_issuer(text) from public;
grant execute on function auth.map_identities(text, text[], text[], text[]), auth.disable_issuer(text) to rehome_mover;
