-- What tickets and identities are compared with: is there the one row of revocations, and is the next revision of an issuer a new one?
select exists (select from auth.revocation) as revocation,
       coalesce((select max(i.revision) from auth.issuer i), 0) <= coalesce(pg_sequence_last_value('auth.issuer_revision'), 0) as revisions
