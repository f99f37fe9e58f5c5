-- The mirror of memberships is the relation that the guard may read by a policy of its own.
with mirror as (select p.polrelid as oid from pg_policy p where p.polname = 'rehome_guard')
select format('%s constraint %I', src.name, c.conname) as object,
       format(case when dst.guard then 'it points at %s, which an upgrade of the guard may empty or replace'
                   else 'it points at %s: whoever writes such a row and leaves the transaction open delays the removal of the membership' end, dst.name) as what,
       format('alter table %s drop constraint %I', src.name, c.conname) as mend
  from pg_constraint c join rel src on src.oid = c.conrelid join rel dst on dst.oid = c.confrelid
 where c.contype = 'f' and not src.guard and (dst.guard or dst.oid in (select m.oid from mirror m))
