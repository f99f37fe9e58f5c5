import type { Rule } from "../finding.ts";

/** Roles: what the product logs in as, and what it can become. */
export const ROLE_RULES: readonly Rule[] = [
  {
    id: "role-bypasses",
    level: "error",
    title: "A role past row security",
    why: "SUPERUSER and BYPASSRLS switch every policy off for that role, and for whoever can become it.",
  },
  {
    id: "role-becomes-more",
    level: "error",
    title: "A role that can become another",
    why: "SQL of the product may SET ROLE to whatever its login can become. A login becomes the application's roles, a worker's login becomes jobs' roles, and these become nobody.",
  },
  {
    id: "login-inherits",
    level: "warn",
    title: "A login that has its roles' rights at once",
    why: "Its statements would run before SET ROLE, and so before cleaning and identity, with rights.",
  },
  {
    id: "login-has-rights",
    level: "warn",
    title: "A login with rights of its own",
    why: "RESET ROLE is open to the product's SQL: what the login may do, a request may do without an identity.",
  },
  {
    id: "login-owns",
    level: "error",
    title: "The product owns something",
    why: "An owner changes, replaces and grants what it owns. Owning a schema or database includes dropping what stands in it.",
  },
  {
    id: "role-attributes",
    level: "error",
    title: "A product role with powers over the server",
    why: "CREATEROLE makes roles and gives itself their rights, REPLICATION reads every row, CREATEDB fills the disk.",
  },
  {
    id: "application-logs-in",
    level: "warn",
    title: "An application role that logs in",
    why: "Roles with rights should be reached through a login without any, so that a session begins with nothing.",
  },
];
