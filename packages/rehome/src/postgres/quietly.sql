-- Runs one statement over people's rows so that a failure is told without them. An error that nobody catches goes to the server's log with
-- its detail, and there Postgres quotes the row ("Failing row contains …", "Key (…)=(…) already exists"); this one is caught, and raised again
-- with the facts alone. The caller's rights. May be run again.
create or replace function rehome.quietly(statement text, argument anyelement) returns void language plpgsql as $$
declare
  fact_sqlstate   text;
  fact_schema     text;
  fact_table      text;
  fact_column     text;
  fact_constraint text;
begin
  execute statement using argument;
exception when others then
  get stacked diagnostics fact_sqlstate = returned_sqlstate, fact_schema = schema_name, fact_table = table_name,
    fact_column = column_name, fact_constraint = constraint_name;
  raise exception using message = 'A statement of rehome failed.', errcode = fact_sqlstate, schema = fact_schema, table = fact_table,
    column = fact_column, constraint = fact_constraint;
end $$;
