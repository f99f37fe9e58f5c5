set local role rehome_guard;

-- For the application: this issuer's keys should be read again. Of all the requests of 30 seconds the first is written down and announced on
-- channel rehome_keys; an unknown iss is passed over. Waits for nobody and makes nobody wait: it only inserts, into a table without a key.
create or replace function auth.request_keys(iss text) returns void
volatile security definer language plpgsql set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
  found_issuer text;
begin
  if current_setting('transaction_read_only') = 'on' then return; end if;
  select s.issuer into found_issuer from auth.issuer_iss s join auth.issuer i on i.name = s.issuer
    where s.iss = request_keys.iss and i.enabled;
  if found_issuer is null
     or exists (select from auth.key_request r where r.issuer = found_issuer and r.asked_at > clock_timestamp() - interval '30 seconds') then
    return;
  end if;
  insert into auth.key_request (issuer) values (found_issuer);
  perform pg_notify('rehome_keys', found_issuer);
end $$;

revoke all on function auth.request_keys(text) from public;
grant execute on function auth.request_keys(text) to authenticated, anonymous;
