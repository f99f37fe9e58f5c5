-- Per issuer: is it on, how old are its keys, how many are current, under which names does it sign, and how long has the application waited for keys?
select i.name, i.kind, i.enabled, extract(epoch from clock_timestamp() - i.synced_at)::float8 as synced_s,
       (select count(*)::int from auth.jwk k where k.issuer = i.name and k.not_after is null) as keys,
       (select count(*)::int from auth.issuer_iss s where s.issuer = i.name) as names,
       (select extract(epoch from clock_timestamp() - min(r.asked_at))::float8 from auth.key_request r
         where r.issuer = i.name and r.asked_at > coalesce(greatest(i.tried_at, i.synced_at), '-infinity')) as asked_s
  from auth.issuer i
 order by i.name
