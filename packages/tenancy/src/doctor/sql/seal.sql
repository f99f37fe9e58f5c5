-- Age of the current seal key, and whether it was made in this very copy of the database.
select extract(epoch from clock_timestamp() - k.made_at)::float8 as age_s, k.made_in = auth.this_copy() as here
  from auth.seal_key k
 where k.current
