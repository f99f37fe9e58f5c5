-- A database of its own. Run as eleva_owner. No index: the product only ever appends.

create table audit_logs (
  id serial primary key,
  "clerkUserId" text not null,
  action varchar(50) not null,
  resource_type varchar(50) not null,
  resource_id varchar(255),
  old_values jsonb,
  new_values jsonb,
  ip_address varchar(45),
  user_agent text,
  created_at timestamp default now()
);

grant usage on schema public to eleva_app;
grant select, insert, update, delete on all tables in schema public to eleva_app;
grant usage on all sequences in schema public to eleva_app;
