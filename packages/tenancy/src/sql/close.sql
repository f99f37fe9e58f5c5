-- Last: takes back what installing needed, and makes the first seal key.
set local role rehome_owner;
drop function auth.hmac_sql(int, text, text), auth.sealing_sql(text, text, text), auth.unsealing_sql(text, text, text, text);
revoke create on schema auth from rehome_guard;
select auth.rotate_seal_key() where not exists (select from auth.seal_key);
