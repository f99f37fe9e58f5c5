import type { Rule } from "../finding.ts";

/** Grants: what is open, now and for what is made later. */
export const GRANT_RULES: readonly Rule[] = [
  {
    id: "granted-to-public",
    level: "error",
    title: "A relation open to PUBLIC",
    why: "PUBLIC is every role on the server, those of other products too, and those made next year.",
  },
  {
    id: "function-for-public",
    level: "warn",
    title: "A function open to PUBLIC",
    why: "Postgres opens every new function to everybody. What calls it should be named.",
  },
  {
    id: "function-default",
    level: "info",
    title: "New functions will be open to PUBLIC",
    why: "The next migration's functions are open until somebody remembers to revoke.",
  },
  {
    id: "schema-create",
    level: "error",
    title: "The product may create objects",
    why: "A function, operator or table of the right name, in a schema that is searched, answers in place of the real one.",
  },
  {
    id: "schema-for-public",
    level: "info",
    title: "A schema open to PUBLIC",
    why: "Rights on its objects then work for roles that were never meant to come in.",
  },
  {
    id: "database-rights",
    level: "error",
    title: "TEMP or CREATE on the database",
    why: "A temporary table shadows a real one in later transactions of the same pooled session; a schema of one's own can hold anything.",
  },
  {
    id: "default-privileges",
    level: "warn",
    title: "Rights on what is made later",
    why: "A new table is open before its policies are there, and nobody decided it.",
  },
  {
    id: "sequence-shared",
    level: "warn",
    title: "A sequence open to the product",
    why: "Its value tells how many rows all organizations make; nextval and setval by one make inserts of all fail.",
  },
  {
    id: "large-object-open",
    level: "warn",
    title: "A large object the product can reach",
    why: "Large objects have no policies and no organization.",
  },
  {
    id: "large-object-functions",
    level: "info",
    title: "The product may make large objects",
    why: "Two identities can leave each other bytes there. Needs SQL of an attacker in both; taking it away needs a superuser.",
  },
  {
    id: "right-past-policies",
    level: "error",
    title: "A right that no policy checks",
    why: "TRUNCATE empties a table whatever the policies say; REFERENCES tells which keys exist; TRIGGER runs own code in others' statements.",
  },
  {
    id: "grant-option",
    level: "warn",
    title: "A grant that can be passed on",
    why: "The product could open to PUBLIC what was meant for it alone.",
  },
  {
    id: "guard-table-open",
    level: "error",
    title: "A table of the guard is open",
    why: "Who reads the seal key makes identities; who writes keys or issuers becomes anyone.",
  },
  {
    id: "guard-function-open",
    level: "error",
    title: "An inner function of the guard is open",
    why: "The guard's parts are safe together: sealing a value, verifying by a key of the caller's choice or writing keys must not be callable alone.",
  },
  {
    id: "keys-published",
    level: "error",
    title: "A publication that carries the guard",
    why: "A subscriber reads the seal key and can make identities here.",
  },
  {
    id: "setting-granted",
    level: "warn",
    title: "A server setting the product may change",
    why: "Settings that Postgres keeps for superusers log statements, load code, or weaken checks.",
  },
];
