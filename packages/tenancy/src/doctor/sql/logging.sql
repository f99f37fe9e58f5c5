-- Settings that decide whether tokens, which are bind parameters, or claims, which are constants of plans, reach the log.
select current_setting('log_statement') as statements,
       current_setting('log_min_duration_statement')::text <> '-1' or current_setting('log_min_duration_sample')::text <> '-1'
         or current_setting('log_transaction_sample_rate')::float8 > 0 as slow,
       current_setting('log_parameter_max_length') as parameters, current_setting('log_parameter_max_length_on_error') as parameters_on_error,
       current_setting('debug_print_plan')::boolean or current_setting('debug_print_rewritten')::boolean or current_setting('debug_print_parse')::boolean as plans,
       array(select distinct r.rolname || ': ' || split_part(c, '=', 1) from pg_db_role_setting s join pg_roles r on r.oid = s.setrole, unnest(s.setconfig) c
              where r.rolname = any ($1) and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database())) order by 1) as own_settings,
       array(select distinct quote_ident(r.rolname) from pg_db_role_setting s join pg_roles r on r.oid = s.setrole
              where r.rolname = any ($1) and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database())) order by 1) as own_roles,
       quote_ident(current_database()) as database,
       array(select split_part(c, '=', 1) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase, unnest(s.setconfig) c
              where s.setrole = 0 and d.datname = current_database()) as of_database
