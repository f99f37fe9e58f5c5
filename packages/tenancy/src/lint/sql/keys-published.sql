select 'publication ' || quote_ident(p.pubname) as object, 'it carries the guard''s tables, and with them the key of the seals' as what,
       format('drop publication %I; -- or name its tables, without those of the guard', p.pubname) as mend
  from pg_publication p
 where p.puballtables or exists (select from pg_publication_rel r join rel on rel.oid = r.prrelid and rel.guard where r.prpubid = p.oid)
    or exists (select from pg_publication_namespace n join space on space.oid = n.pnnspid and space.guard where n.pnpubid = p.oid)
