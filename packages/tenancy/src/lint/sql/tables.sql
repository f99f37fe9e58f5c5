select rel.oid::int8 as oid, rel.name,
       (select coalesce(json_object_agg(col.num, json_build_object('name', quote_ident(col.name), 'notNull', col.not_null, 'saysOrg', col.says_org, 'indexed', i.first is not null)), '{}')
          from col left join (select distinct indrelid, indkey[0] as first from pg_index where indisvalid) i on i.indrelid = rel.oid and i.first = col.num
         where col.rel = rel.oid) as columns
  from rel
 where rel.kind in ('r', 'p', 'v', 'm', 'f')
