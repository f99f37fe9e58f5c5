-- Last: takes back what installing needed, and makes the first seal key.
set local role rehome_owner;
revoke create on schema auth from rehome_guard;
select auth.rotate_seal_key() where not exists (select from auth.seal_key);
