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

-- The statement of PL/pgSQL with a new seal of the message where it says {seal}: the slot of the current generation and its HMAC in hex, 65
-- characters. Null when there is no key. Branches of IF, here and below, not of CASE: each transaction makes an expression ready before it
-- evaluates it for the first time, all of it, and that takes about as long as the HMAC.
create or replace function auth.sealing_sql(tag text, message text, statement text) returns text
immutable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  branch text := replace(statement, '{seal}', $part$('%s' || encode(%s, 'hex'))$part$);
begin
  return $part$if pg_sequence_last_value('auth.seal_generation') % 2 = 0 then $part$ || format(branch, 0, auth.hmac_sql(0, tag, message))
    || ' else ' || format(branch, 1, auth.hmac_sql(1, tag, message)) || ' end if;';
end $$;

-- The statement of PL/pgSQL with, where it says {good}, whether the first part of `sealed` (up to chr(30)) is the seal of the message. Runs
-- for a known slot only: nothing happens without a seal. Compared are SHA-256 hashes of both: how far they agree tells nothing of the seal, and
-- no other text has the same one. Of `sealed` only what the message covers may be read: anything may stand before and behind it.
create or replace function auth.unsealing_sql(tag text, sealed text, message text, statement text) returns text
immutable language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  branch text := 'if starts_with(%1$s, ''%2$s'') then ' || replace(statement, '{good}',
    '(sha256(convert_to(split_part(%1$s, chr(30), 1), ''UTF8'')) = sha256(convert_to(''%2$s'' || encode(%3$s, ''hex''), ''UTF8'')))');
begin
  return format(branch, sealed, 0, auth.hmac_sql(0, tag, message)) || ' els' || format(branch, sealed, 1, auth.hmac_sql(1, tag, message)) || ' end if;';
end $$;

-- A product may have taken EXECUTE from PUBLIC for all that rehome_owner makes.
revoke all on function auth.hmac_sql(int, text, text), auth.sealing_sql(text, text, text), auth.unsealing_sql(text, text, text, text) from public;
grant execute on function auth.hmac_sql(int, text, text), auth.sealing_sql(text, text, text), auth.unsealing_sql(text, text, text, text) to rehome_guard;
