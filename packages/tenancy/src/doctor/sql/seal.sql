-- Of the current seal key: its age, whether it was made in this very copy of the database, and whether the sequences hold one: nothing else of
-- them leaves the database. 64 random bits are next to never within 2^32 of zero; a number that somebody set is.
with slot as (
  select n, a, b, a is not null and b is not null as held,
         a not between -4294967296 and 4294967296 and b not between -4294967296 and 4294967296 and a <> b as random
    from (values (0, pg_sequence_last_value('auth.seal_0a'), pg_sequence_last_value('auth.seal_0b')),
                 (1, pg_sequence_last_value('auth.seal_1a'), pg_sequence_last_value('auth.seal_1b'))) held (n, a, b)
)
select extract(epoch from clock_timestamp() - k.made_at)::float8 as age_s, k.made_in = auth.this_copy() as here,
       coalesce(pg_sequence_last_value('auth.seal_generation') >= k.generation, false)
         and exists (select from slot where n = pg_sequence_last_value('auth.seal_generation') % 2 and held) as held,
       exists (select from slot where held and not random) as guessable
  from auth.seal_key k
 where k.current
