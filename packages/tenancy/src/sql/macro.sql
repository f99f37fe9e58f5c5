-- Texts of SQL expressions, for the functions that seal.sql and identity.sql generate: a function call inside an accessor would cost more
-- than the whole HMAC. close.sql drops them.
--
-- The key is read where it is used, by pg_sequence_last_value (which stands behind the view pg_sequences and needs no query). Never put the
-- key, or a right HMAC of a caller's text, into a variable, a literal or the argument of an SQL function: custom plans hold variables as
-- constants, and any role may print plans (debug_print_plan). pg_sequence_last_value is volatile: no planner folds it.
set local role rehome_owner;

-- HMAC-SHA256 (RFC 2104) by the key of a slot, as bytea. A slot holds the 128-bit key xor the inner pad; 0x6a… turns it into the outer one.
-- The tag keeps apart what is sealed for different purposes: 'i' identity, 'c' claims, 't' ticket.
create or replace function auth.hmac_sql(slot int, tag text, message text) returns text
immutable language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return replace(replace(replace(
    'sha256(int8send(pg_sequence_last_value(''{key}a'') # 7668058320836127338) || int8send(pg_sequence_last_value(''{key}b'') # 7668058320836127338)'
    ' || decode(repeat(''5c'', 48), ''hex'') || sha256(int8send(pg_sequence_last_value(''{key}a'')) || int8send(pg_sequence_last_value(''{key}b''))'
    ' || decode(repeat(''36'', 48) || ''{tag}'', ''hex'') || {message}))',
    '{key}', 'auth.seal_' || slot), '{tag}', encode(convert_to(tag, 'UTF8'), 'hex')), '{message}', message);
end $$;

-- A new seal of a message: the slot of the current generation and its HMAC in hex, 65 characters. Null when there is no key.
create or replace function auth.sealed_sql(tag text, message text) returns text
immutable language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
  return format('(case pg_sequence_last_value(''auth.seal_generation'') %% 2 when 0 then ''0'' || encode(%s, ''hex'') when 1 then ''1'' || encode(%s, ''hex'') end)',
    auth.hmac_sql(0, tag, message), auth.hmac_sql(1, tag, message));
end $$;

-- Whether the first part of `sealed` (up to chr(30)) is the seal of the message: true, false, or null when there is none. Compared are 64-bit
-- hashes of both, which takes the same time for right and wrong ones and lets through a guess in 2^64.
create or replace function auth.unsealed_sql(tag text, sealed text, message text) returns text
immutable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  branch text := 'when starts_with(%1$s, ''%2$s'') then hashtextextended(split_part(%1$s, chr(30), 1) collate "C", 0)'
    ' = hashtextextended((''%2$s'' || encode(%3$s, ''hex'')) collate "C", 0) ';
begin
  return '(case ' || format(branch, sealed, 0, auth.hmac_sql(0, tag, message)) || format(branch, sealed, 1, auth.hmac_sql(1, tag, message)) || 'end)';
end $$;

-- A product may have taken EXECUTE from PUBLIC for all that rehome_owner makes.
revoke all on function auth.hmac_sql(int, text, text), auth.sealed_sql(text, text), auth.unsealed_sql(text, text, text) from public;
grant execute on function auth.hmac_sql(int, text, text), auth.sealed_sql(text, text), auth.unsealed_sql(text, text, text) to rehome_guard;
