select 'extension ' || quote_ident(e.extname) as object, format('its functions, types and operators stand in schema %I, open to PUBLIC', space.name) as what,
       format('create schema if not exists extensions; alter extension %I set schema extensions', e.extname) as mend
  from pg_extension e join space on space.oid = e.extnamespace and space.product
