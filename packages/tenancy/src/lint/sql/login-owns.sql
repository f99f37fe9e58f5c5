select owned.object, format('%s owns it, and its owner may do with it what it likes', a.sql) as what, format('alter %s owner to %I', owned.object, o.owner) as mend
  from (select 'schema ' || quote_ident(name), owner from space
        union all select kind || ' ' || name, owner from func
        union all select 'database ' || quote_ident(datname), datdba from pg_database where datname = current_database()) owned (object, owner)
  join actor a on a.oid = owned.owner, option o
