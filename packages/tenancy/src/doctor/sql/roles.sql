-- Which of the roles $1 are missing.
select wanted as name from unnest($1::text[]) wanted where not exists (select from pg_roles r where r.rolname = wanted) order by 1
