-- Is there anything of a guard in schema $1, and does it say its version?
select to_regclass($1 || '.version') is not null as versions, to_regclass($1 || '.jwk') is not null as tables
