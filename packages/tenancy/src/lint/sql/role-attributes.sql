select 'role ' || a.sql as object,
       format('it has %s', array_to_string(array[case when r.rolcreaterole then 'CREATEROLE' end, case when r.rolcreatedb then 'CREATEDB' end, case when r.rolreplication then 'REPLICATION' end], ', ')) as what,
       format('alter role %s nocreaterole nocreatedb noreplication', a.sql) as mend
  from actor a join pg_roles r on r.oid = a.oid
 where r.rolcreaterole or r.rolcreatedb or r.rolreplication
