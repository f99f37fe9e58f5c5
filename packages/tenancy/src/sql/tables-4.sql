-- Version 4: DROP OWNED takes no policy any more (drop-owned.sql), and an origin that is null is none.
set local role rehome_owner;

-- Never holds a row; see drop-owned.sql.
create table auth.drop_owned_stop (held boolean check (held is null and held is not null));
alter table auth.drop_owned_stop enable row level security;
alter table auth.drop_owned_stop force row level security;

update auth.issuer set azp = array_remove(azp, null) where array_position(azp, null) is not null;
alter table auth.issuer add constraint issuer_azp_whole check (array_position(azp, null) is null);
